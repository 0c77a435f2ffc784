//! `retry`, `resume` and `edit` with the options of `run`, and `export`.

use super::*;

#[tokio::test(start_paused = true)]
async fn retry_and_resume_pass_the_options_of_run_on() {
    let engine = FakeEngine::default();
    engine.put(samples::completed(1, "Test", "ok"));
    engine.put(samples::completed(2, "Test", "ok"));
    let options = "--allowedTools Bash(a,b),Edit --disallowed-tools WebFetch --model opus --timeout 1m \
                   --effort high --append-system-prompt S --env PATH -C /";
    let line = format!("retry 1 {options} --dangerously-skip-permissions -- --chrome");
    assert_eq!(command(&engine, Look::Pipe, &line).await.0, Exit::Done);
    let line = format!("resume --stdin never 2 Further {options}");
    assert_eq!(command(&engine, Look::Pipe, &line).await.0, Exit::Done);
    let [retried, resumed] = &engine.changes()[..] else { panic!("two changes") };
    for changes in [retried, resumed] {
        assert_eq!(changes.allowed_tools, ["Bash(a,b)", "Edit"]);
        assert_eq!(changes.disallowed_tools, ["WebFetch"]);
        assert_eq!(changes.model.as_deref(), Some("opus"));
        assert_eq!(changes.limits.timeout_ms, Some(60_000));
        assert_eq!(changes.effort.as_deref(), Some("high"));
        assert_eq!(changes.system_prompt.as_deref(), Some("S"));
        assert_eq!(changes.env.keys().collect::<Vec<_>>(), ["PATH"]);
        assert_eq!(changes.working_directory.as_deref(), Some("/"));
    }
    assert_eq!(retried.permission_mode, Some(PermissionMode::BypassPermissions));
    assert_eq!(retried.agent_args, ["--chrome"]);
    assert_eq!(resumed.permission_mode, None);
}

#[tokio::test(start_paused = true)]
async fn retry_waits_and_prints_the_result() {
    let engine = FakeEngine::default();
    engine.put(samples::completed(1, "Test", "before"));
    let script = async {
        settle().await;
        engine.finish(1, failed(), "after");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "retry 1 --wait", script).await;
    assert_eq!((exit, written.out()), (Exit::TaskFailed, "after\n"));
    assert!(written.err().starts_with("Task 1 is in the queue again\n"), "{}", written.err());
    // The last one is one task, too.
    let script = async {
        settle().await;
        engine.finish(1, failed(), "again");
    };
    let (_, written) = beside(&engine, Look::Pipe, "retry last --wait", script).await;
    assert_eq!(written.out(), "again\n");
    let script = async {
        settle().await;
        engine.finish(1, completed(), "");
    };
    let line = "resume --stdin never --wait --json 1 Further";
    let (exit, written) = beside(&engine, Look::Json, line, script).await;
    assert_eq!((exit, &written.json()["status"]), (Exit::Done, &"completed".into()));
}

#[tokio::test(start_paused = true)]
async fn several_retries_are_waited_for_and_the_first_failure_counts() {
    let engine = FakeEngine::default();
    for id in [1, 2] {
        engine.put(samples::completed(id, "Test", ""));
    }
    let script = async {
        settle().await;
        engine.finish(2, State::Cancelled { ended_at: NOW }, "");
        settle().await;
        engine.finish(1, failed(), "");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "retry 1 2 9 --wait", script).await;
    assert_eq!(exit, Exit::NotFound, "what could not be retried is said first");
    assert_eq!(written.out(), "1  failed  Exited with code 3\n2  cancelled  Cancelled\n");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_or_command_may_stand_behind_dashes() {
    let engine = FakeEngine::default();
    for line in [
        "run --stdin never -- -list",
        "run --stdin never --shell -- make -j4 all",
        "run --stdin never --shell bash make",
        "run --stdin never --shell make",
        "run --stdin never make --shell zsh",
        "run --stdin never Go -- --chrome",
        "run --stdin never -- Go --chrome",
        "run --stdin never Go --agent-args -- --chrome",
        "run --stdin never Go -c --title N --detach --idempotency-key mine",
        "run --stdin never Go --resume abc",
    ] {
        assert_eq!(command(&engine, Look::Pipe, line).await.0, Exit::Done, "{line}");
    }
    let tasks = engine.submitted();
    let prompts: Vec<_> = tasks.iter().map(|task| task.execution_prompt.as_str()).collect();
    let commands = ["make -j4 all", "make", "make", "make"];
    assert_eq!(prompts, [&["-list"][..], &commands, &["Go"; 5]].concat());
    let shells: Vec<_> = tasks[1..5].iter().map(|task| task.shell.as_deref()).collect();
    assert_eq!(shells, [None, Some("bash"), None, Some("zsh")]);
    assert!(tasks[1..5].iter().all(|task| task.agent == Agent::Shell));
    assert!(tasks[5..8].iter().all(|task| task.agent_args == ["--chrome"]));
    assert!(tasks[8].continue_session);
    assert_eq!(tasks[8].name.as_deref(), Some("N"));
    assert_eq!(tasks[8].idempotency_key.as_deref(), Some("mine"));
    assert_eq!(tasks[9].resume_session.as_deref(), Some("abc"));
    let line = "run --stdin never make --shell tcsh";
    let (exit, written) = command(&engine, Look::Pipe, line).await;
    assert_eq!(exit, Exit::Usage);
    assert!(written.err().contains("There is no shell tcsh"), "{}", written.err());
}

#[tokio::test(start_paused = true)]
async fn tasks_come_before_the_message() {
    let engine = FakeEngine::default();
    for id in 1..=4 {
        engine.put(samples::completed(id, "Test", "ok"));
    }
    engine.finish(4, failed(), "");
    let (exit, written) = command(&engine, Look::Json, "resume --stdin never 1-2,3 Further").await;
    assert_eq!(exit, Exit::Done, "{}", written.err());
    assert_eq!(written.json()["tasks"].as_array().unwrap().len(), 3);
    let (exit, _) = command(&engine, Look::Pipe, "resume --stdin never --failed -- -More").await;
    assert_eq!((exit, &engine.follow_ups()[3..]), (Exit::Done, &["-More".to_owned()][..]));
    engine.put(samples::completed(5, "Test", "ok"));
    // What `list -q` prints, as one argument. Behind a task, several words are the message.
    let go = |words: &[&str]| {
        let line = ["claude-worker", "resume", "--stdin", "never"].iter().chain(words).copied();
        Cli::try_parse_from(line).unwrap().command
    };
    for words in [&["1\n2", "all 3"][..], &["3", "1 2"]] {
        engine.finish(1, completed(), "");
        engine.finish(2, completed(), "");
        engine.finish(3, completed(), "");
        let mut written = Written::new();
        let exit = crate::dispatch(&engine, &go(words), &mut written.console(Look::Pipe)).await;
        assert_eq!(exit.unwrap(), Exit::Done, "{}", written.err());
    }
    assert_eq!(engine.follow_ups()[4..], ["all 3", "all 3", "1 2"]);
    for (line, expected) in [
        ("resume --stdin never Further", "is not a task id"),
        ("resume --stdin never 1 go on", "claude-worker resume 1 \"go on\""),
        ("resume --stdin never 1 go -f x", "two messages"),
        ("resume --stdin never 1", "There is no prompt"),
        ("retry", "retry needs to know which tasks"),
        ("retry all", "no terminal to ask at"),
    ] {
        let (exit, written) = command(&engine, Look::Pipe, line).await;
        assert_eq!(exit, Exit::Usage, "{line}: {}", written.err());
        assert!(written.err().contains(expected), "{line}: {}", written.err());
    }
    assert_eq!(engine.follow_ups().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn edit_changes_the_prompt_and_the_options() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    engine.put(samples::completed(2, "Test", "ok"));
    let line = "edit --stdin never 1 Instead --title N --model opus -c";
    let (exit, written) = command(&engine, Look::Pipe, line).await;
    assert_eq!((exit, written.out()), (Exit::Done, "Task 1 is changed\n"), "{}", written.err());
    let changes = engine.changes().remove(0);
    assert_eq!(changes.execution_prompt.as_deref(), Some("Instead"));
    assert_eq!((changes.name.as_deref(), changes.continue_session), (Some("N"), Some(true)));
    // The options alone leave the prompt as it is, and read no standard input.
    command(&engine, Look::Pipe, "edit 1 --timeout 5m").await;
    assert_eq!(engine.changes()[1].execution_prompt, None);
    assert_eq!(engine.changes()[1].limits.timeout_ms, Some(300_000));
    let (exit, written) = command(&engine, Look::Pipe, "edit 1").await;
    assert_eq!(exit, Exit::Usage);
    assert!(written.err().contains("no terminal for an editor"), "{}", written.err());
    assert_eq!(command(&engine, Look::Pipe, "edit 2 --name N").await.0, Exit::Conflict);
    assert_eq!(command(&engine, Look::Pipe, "edit 9 --name N").await.0, Exit::NotFound);
}

#[tokio::test(start_paused = true)]
async fn export_writes_a_line_for_each_task() {
    let engine = FakeEngine::default();
    for id in 1..=3 {
        engine.put(samples::completed(id, "Test", "ok"));
    }
    let (exit, written) = command(&engine, Look::Pipe, "export 1-2 9").await;
    assert_eq!(exit, Exit::NotFound, "what is missing is said");
    assert_eq!(written.numbers("id"), [1, 2]);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("tasks.jsonl");
    let line = format!("export --output {}", file.display());
    let (exit, written) = command(&engine, Look::Pipe, &line).await;
    assert_eq!((exit, written.out()), (Exit::Done, ""));
    assert!(written.err().starts_with("Wrote 3 tasks to "), "{}", written.err());
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 3);
    // Another user could read the file that was there.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&file, open).unwrap();
    command(&engine, Look::Pipe, &line).await;
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(start_paused = true)]
async fn failed_tasks_run_again_without_a_question_and_others_do_not() {
    let engine = FakeEngine::default();
    for id in 1..=2 {
        engine.put(samples::completed(id, "Test", "ok"));
    }
    for line in
        ["retry --status completed", "retry all", "resume --stdin never --status completed Go"]
    {
        let (exit, written) = command(&engine, Look::Pipe, line).await;
        assert_eq!(exit, Exit::Usage, "{line}");
        assert!(written.err().contains("2 tasks") && written.err().contains("--yes"), "{line}");
    }
    let (exit, _) = command(&engine, Look::Pipe, "retry --status completed --yes").await;
    assert_eq!(exit, Exit::Done);
    engine.finish(1, failed(), "");
    assert_eq!(command(&engine, Look::Pipe, "retry --failed").await.0, Exit::Done);
}
