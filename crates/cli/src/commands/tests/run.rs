//! `run`, and watching what it started.

use super::*;

#[tokio::test(start_paused = true)]
async fn run_prints_the_id_alone_for_a_script() {
    let engine = FakeEngine::default();
    let (exit, written) = command(&engine, Look::Pipe, "run --stdin never Test").await;
    assert_eq!((exit, written.out(), written.err()), (Exit::Done, "1\n", ""));
    let submitted = engine.submitted();
    assert_eq!(submitted[0].execution_prompt, "Test");
    assert!(submitted[0].working_directory.starts_with('/'));
    assert!(submitted[0].idempotency_key.is_some());

    let (_, written) = command(&engine, Look::Terminal, "run --stdin never Test").await;
    assert_eq!(written.out(), "Task 2 queued: Test\nFollow it with: claude-worker logs 2 -f\n");

    let (_, written) = command(&engine, Look::Json, "run --stdin never Test").await;
    assert_eq!(written.json()["id"], 3);
    let submitted = engine.submitted();
    assert_ne!(submitted[0].idempotency_key, submitted[1].idempotency_key);
}

#[tokio::test(start_paused = true)]
async fn a_second_run_with_the_same_key_says_that_the_task_is_there() {
    let engine = FakeEngine::default();
    let line = "run --stdin never Test --idempotency-key mine";
    let (_, written) = command(&engine, Look::Json, line).await;
    assert_eq!(written.json()["submitted_before"], serde_json::Value::Null);
    let said = "Task 1 was submitted before with this key; its status is pending\n";
    let (exit, written) = command(&engine, Look::Pipe, line).await;
    assert_eq!((exit, written.out(), written.err()), (Exit::Done, "1\n", said));
    let (_, written) = command(&engine, Look::Terminal, line).await;
    assert_eq!(written.out(), format!("{said}Follow it with: claude-worker logs 1 -f\n"));
    let (_, written) = command(&engine, Look::Json, line).await;
    assert_eq!(written.json()["submitted_before"], true);
    engine.begin(1);
    let script = async {
        settle().await;
        engine.finish(1, completed(), "42");
    };
    let waits = format!("{line} --wait");
    let (_, written) = beside(&engine, Look::Pipe, &waits, script).await;
    let said = "Task 1 was submitted before with this key; its status is running\n";
    assert!(written.err().starts_with(said), "{}", written.err());
    let (_, written) = command(&engine, Look::Json, &waits).await;
    assert_eq!(
        (&written.json()["submitted_before"], &written.json()["result"]),
        (&true.into(), &"42".into())
    );
    let (_, written) = command(&engine, Look::Terminal, line).await;
    let said = "Task 1 was submitted before with this key; its status is completed\n";
    assert_eq!(written.out(), format!("{said}Show it with: claude-worker status 1\n"));
}

#[tokio::test(start_paused = true)]
async fn run_passes_its_options_on() {
    let engine = FakeEngine::default();
    let line = "run --stdin never Go --name N --system S --model opus --permission-mode plan \
                --allowed-tools Edit,Bash(a,b) --max-turns 3 --max-budget-usd 0.5 --timeout 90s \
                --silence 0 --env PATH";
    command(&engine, Look::Pipe, line).await;
    let task = engine.submitted().remove(0);
    assert_eq!(task.name.as_deref(), Some("N"));
    assert_eq!(task.system_prompt.as_deref(), Some("S"));
    assert_eq!(task.allowed_tools, ["Edit", "Bash(a,b)"]);
    assert_eq!(task.limits.timeout_ms, Some(90_000));
    assert_eq!(task.limits.silence_ms, Some(0));
    assert_eq!(task.limits.max_turns, Some(3));
    assert_eq!(task.env.get("PATH"), std::env::var("PATH").ok().as_ref());
}

#[tokio::test(start_paused = true)]
async fn run_refuses_a_variable_that_is_not_there() {
    let engine = FakeEngine::default();
    let line = "run --stdin never Go --env NO_SUCH_VARIABLE_HERE";
    let (exit, written) = command(&engine, Look::Json, line).await;
    assert_eq!(exit, Exit::Usage);
    assert_eq!(written.json()["error"]["code"], "invalid_request");
    assert!(written.err().contains("NO_SUCH_VARIABLE_HERE"));
    assert!(engine.submitted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn run_retries_while_no_engine_answers() {
    let engine = FakeEngine::default();
    engine.go_away(2);
    let (exit, written) = command(&engine, Look::Pipe, "run --stdin never Test").await;
    assert_eq!((exit, written.out()), (Exit::Done, "1\n"));
    engine.go_away(u32::MAX);
    let (exit, written) = command(&engine, Look::Pipe, "run --stdin never Test").await;
    assert_eq!((exit, written.out()), (Exit::NoEngine, ""));
    assert_eq!(written.err(), "claude-worker: No engine answers\n");
}

#[tokio::test(start_paused = true)]
async fn run_wait_prints_the_result_and_exits_with_the_outcome() {
    let engine = FakeEngine::default();
    let script = async {
        settle().await;
        engine.begin(1);
        settle().await;
        engine.finish(1, failed(), "as far as I came\n");
    };
    let (exit, written) =
        beside(&engine, Look::Pipe, "run --stdin never --wait Test", script).await;
    assert_eq!(exit, Exit::TaskFailed);
    assert_eq!(written.out(), "as far as I came\n");
    assert!(written.err().contains("Exited with code 3"), "{}", written.err());

    let script = async {
        settle().await;
        engine.finish(2, completed(), "42");
    };
    let (exit, written) =
        beside(&engine, Look::Json, "run --stdin never --wait Test", script).await;
    assert_eq!(exit, Exit::Done);
    assert_eq!(written.json()["result"], "42");
    assert_eq!(written.json()["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn watching_shows_the_log_and_erases_the_status_line_at_the_end() {
    let engine = FakeEngine::default();
    let script = async {
        settle().await;
        let run = engine.begin(1);
        settle().await;
        for line in ["one\n", "two\u{1b}[2J\n", "three\n"] {
            engine.print(&run, line);
        }
        settle().await;
        // The output is complete before the verdict is known.
        engine.end_run(&run);
        settle().await;
        engine.finish(1, completed(), "done");
    };
    let line = "run --stdin never --watch Test";
    let (exit, written) = beside(&engine, Look::Terminal, line, script).await;
    assert_eq!(exit, Exit::Done);
    let frames = written.out();
    assert!(frames.contains("○ pending  in the queue"), "{frames:?}");
    assert!(frames.contains("one\ntwo\n"), "{frames:?}");
    assert!(!frames.contains("\u{1b}[2J"), "{frames:?}");
    // What a terminal shows in the end: each line as it was last erased and written.
    let last: Vec<_> = frames.lines().map(|l| l.rsplit("\u{1b}[2K").next().unwrap()).collect();
    assert_eq!(last, ["Task 1 queued: Test", "one", "two", "three", "", "✓ Done"]);
}

#[tokio::test(start_paused = true)]
async fn watching_into_a_pipe_prints_plain_lines() {
    let engine = FakeEngine::default();
    let script = async {
        settle().await;
        let run = engine.begin(1);
        engine.print(&run, "one\n");
        settle().await;
        engine.go_away(3);
        settle().await;
        engine.print(&run, "after a crash\n");
        engine.end_run(&run);
        engine.finish(1, failed(), "");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "run --stdin never -w Test", script).await;
    assert_eq!(exit, Exit::TaskFailed);
    assert_eq!(written.out(), "one\nafter a crash\n");
}

#[tokio::test(start_paused = true)]
async fn following_continues_with_the_next_run() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let first = engine.begin(1);
    engine.print(&first, "first run\n");
    let script = async {
        settle().await;
        engine.end_run(&first);
        settle().await;
        let second = engine.begin(1);
        engine.print(&second, "second run\n");
        engine.end_run(&second);
        engine.finish(1, failed(), "");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "logs 1 -f", script).await;
    // `logs` shows; only `run` and `wait` judge.
    assert_eq!(exit, Exit::Done);
    assert_eq!(written.out(), "first run\n\nRun 2\nsecond run\n");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_watch_says_that_the_task_keeps_running() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    engine.begin(1);
    let mut written = Written::new();
    let mut console = written.console(Look::Terminal);
    let ctrl_c = async {
        settle().await;
        crate::interrupt::Interruption::CtrlC
    };
    let watched = crate::watch::watch(&engine, &mut console, TaskId(1), 0, ctrl_c).await.unwrap();
    assert_eq!(watched.exit(), Exit::Interrupted);
    let last = written.out().rsplit("\u{1b}[2K").next().unwrap();
    assert_eq!(last, "Task 1 was not stopped. Follow it again with: claude-worker logs 1 -f\n");
    let state = engine.get(TaskId(1), TaskQuery::default()).await.unwrap().task.state;
    assert!(matches!(state, State::Running { stopping: false, .. }));
}
