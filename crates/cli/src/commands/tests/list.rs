//! `list`.

use super::*;

fn engine() -> FakeEngine {
    let engine = FakeEngine::default();
    for task in samples::tasks() {
        engine.put(task);
    }
    engine
}

#[tokio::test(start_paused = true)]
async fn ids_alone_are_for_other_commands() {
    let (_, written) = command(&engine(), Look::Pipe, "list -q -n 2").await;
    assert_eq!(written.out(), "135\n132\n");
    assert_eq!(written.err(), "", "a limit that was named needs no remark");
    let (_, written) = command(&FakeEngine::default(), Look::Pipe, "list -q").await;
    assert_eq!((written.out(), written.err()), ("", ""));
}

#[tokio::test(start_paused = true)]
async fn the_next_page_has_the_same_filters_and_order() {
    let engine = FakeEngine::default();
    for id in 1..=60 {
        engine.put(claude_worker_api::Task {
            working_directory: "/it's shop".to_owned(),
            ..samples::task(id, "Shop", State::Pending)
        });
    }
    let more = async |look, line: &str| {
        let (_, written) = command(&engine, look, line).await;
        let said = written.out().to_owned() + written.err();
        said.lines().find_map(|line| Some(line.split_once("claude-worker ")?.1.to_owned()))
    };
    let line = "list --search it's --pending --since 60m";
    let expected = r#"list --status pending --search "it's" --since 1h --before 11"#;
    assert_eq!(more(Look::Pipe, line).await.as_deref(), Some(expected));
    let line = "list -n 3 --sort oldest --before 7";
    let expected = "list --sort oldest --limit 3 --before 10";
    assert_eq!(more(Look::Terminal, line).await.as_deref(), Some(expected));
    assert_eq!(more(Look::Pipe, line).await, None, "a limit that was named needs no remark");
    let expected = "list --before 11";
    assert_eq!(more(Look::Pipe, "list -o id").await.as_deref(), Some(expected));
}

#[tokio::test(start_paused = true)]
async fn numbers_for_other_commands_are_all_there_are() {
    let engine = FakeEngine::default();
    for id in 1..=60 {
        engine.put(samples::task(id, "Shop", State::Pending));
    }
    let (_, written) = command(&engine, Look::Pipe, "list -q").await;
    assert_eq!((written.out().lines().count(), written.err()), (60, ""));
    let (_, written) = command(&engine, Look::Pipe, "list -q -n 50").await;
    assert_eq!(written.out().lines().count(), 50);
}

#[tokio::test(start_paused = true)]
async fn two_forms_of_output_are_refused() {
    for line in ["list -o id", "list -o jsonl", "list -o wide"] {
        let (exit, written) = command(&engine(), Look::Json, line).await;
        assert_eq!(exit, Exit::Usage, "{line}");
        assert!(written.err().contains("--json and --output"), "{}", written.err());
    }
    let (exit, _) = command(&engine(), Look::Json, "list -o json").await;
    assert_eq!(exit, Exit::Done);
}

#[tokio::test(start_paused = true)]
async fn statuses_have_options_of_their_own() {
    for (line, expected) in [
        ("list -q --failed", "128\n"),
        ("list -q --failed --pending", "135\n128\n"),
        ("list -q --running", "132\n131\n130\n"),
        ("list -q --completed -s cancelled", "127\n126\n125\n9\n8\n"),
    ] {
        let (_, written) = command(&engine(), Look::Pipe, line).await;
        assert_eq!(written.out(), expected, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn directories_and_times_are_passed_on() {
    let engine = engine();
    engine.put(claude_worker_api::Task {
        working_directory: "/srv/gone".to_owned(),
        created_at: NOW.minus_millis(86_400_000),
        ..samples::task(1, "Old", State::Pending)
    });
    let (_, written) = command(&engine, Look::Pipe, "list -q --dir /srv/gone/").await;
    assert_eq!(written.out(), "1\n");
    let (_, written) = command(&engine, Look::Pipe, "list -q --dir /srv/gone --since 2h").await;
    assert_eq!(written.out(), "");
}

#[tokio::test(start_paused = true)]
async fn the_most_expensive_of_all_tasks_come_first() {
    let (_, written) = command(&engine(), Look::Pipe, "list -q --sort cost -n 2").await;
    assert_eq!(written.out(), "131\n127\n");
    let (_, written) =
        command(&engine(), Look::Pipe, "list -o id,duration --sort duration -n 2").await;
    assert_eq!(written.out(), "127\t300\n126\t300\n");
}

#[tokio::test(start_paused = true)]
async fn tasks_are_printed_in_the_format_that_was_asked_for() {
    let engine = engine();
    let (_, written) = command(&engine, Look::Terminal, "list -o json -n 1").await;
    assert_eq!(written.json()["tasks"][0]["id"], 135);
    let (_, written) = command(&engine, Look::Terminal, "list -o jsonl -n 2").await;
    assert_eq!(written.numbers("id"), [135, 132]);
    let (_, written) = command(&engine, Look::Pipe, "list -o {id}:{status} -n 1").await;
    assert_eq!(written.out(), "135:pending\n");
    let (_, written) = command(&engine, Look::Pipe, "list -o wide -n 1").await;
    assert!(written.out().contains("DIRECTORY"), "{}", written.out());
    // Errors are JSON, too.
    engine.go_away(100);
    let (exit, written) = command(&engine, Look::Pipe, "list -o json").await;
    assert_eq!((exit, &written.json()["error"]["code"]), (Exit::NoEngine, &"unavailable".into()));
}

#[tokio::test(start_paused = true)]
async fn the_last_line_says_why_nothing_starts() {
    let engine = engine();
    engine.set_paused(claude_worker_api::Pause { paused: true }).await.unwrap();
    let (_, written) = command(&engine, Look::Terminal, "list").await;
    let last = written.out().lines().last().unwrap();
    assert_eq!(last, "  The queue is paused: claude-worker unpause");
    let (_, written) = command(&engine, Look::Pipe, "list").await;
    assert!(!written.err().contains("paused"));
}

#[tokio::test(start_paused = true)]
async fn only_a_terminal_is_redrawn() {
    let (exit, written) = command(&engine(), Look::Pipe, "list --watch").await;
    assert_eq!(exit, Exit::Usage);
    assert!(written.err().contains("claude-worker list --json"), "{}", written.err());
}

#[tokio::test(start_paused = true)]
async fn a_list_on_a_terminal_is_kept_up_to_date() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "First", State::Pending));
    let mut written = Written::new();
    let mut console = written.console(Look::Terminal);
    let Command::List(args) = parse("list --watch") else { panic!("not list") };
    let script = async {
        settle().await;
        engine.begin(1);
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    };
    tokio::select! {
        done = super::super::list::execute(&engine, &mut console, &args) => panic!("{done:?}"),
        () = script => {}
    }
    let text = written.out();
    let frames: Vec<&str> = text.split("\u{1b}[?2026h").skip(1).collect();
    assert!(frames[0].contains("○ pending"), "{text:?}");
    assert!(frames.last().unwrap().contains("● running"), "{text:?}");
    // The heading, the task, and the counts.
    assert!(frames[1].starts_with("\r\u{1b}[3A"), "{text:?}");
    assert!(frames.len() <= 7, "{} frames in three seconds", frames.len());
}

/// The last frame of a watched list, after a script beside it.
async fn last_frame(engine: &Observed, line: &str, script: impl Future<Output = ()>) -> String {
    let mut written = Written::new();
    let mut console = written.console(Look::Terminal);
    let Command::List(args) = parse(line) else { panic!("not list") };
    tokio::select! {
        done = super::super::list::execute(engine, &mut console, &args) => panic!("{done:?}"),
        () = script => {}
    }
    let frame = written.out().rsplit("\u{1b}[?2026h").next().unwrap().to_owned();
    frame.replace("\u{1b}[K\r\n", "\n")
}

#[tokio::test(start_paused = true)]
async fn a_watched_list_of_all_tasks_reads_only_what_has_changed() {
    for line in ["list --watch --sort cost", "list --watch --all", "list --watch --sort duration"] {
        let engine = FakeEngine::default();
        for id in 1..=3000 {
            engine.put(samples::completed(id, &format!("Task {id}"), "done"));
        }
        engine.put(samples::task(3001, "The new one", State::Pending));
        let engine = Observed::new(engine);
        let script = async {
            settle().await;
            assert_eq!(engine.tasks_read(), 3001);
            engine.engine.begin(3001);
            engine.engine.forget(7);
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            let read = engine.tasks_read();
            assert!(read <= 2, "{line}: {read} tasks were read again");
            engine.engine.finish(3001, completed(), "");
            engine.engine.change(3001, |task| task.usage.cost_usd = Some(99.5));
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            let read = engine.tasks_read();
            assert!(read <= 2, "{line}: {read} tasks were read again");
        };
        let frame = last_frame(&engine, line, script).await;
        assert!(frame.contains("3000 completed"), "{line}: {frame}");
        if line.ends_with("duration") {
            continue;
        }
        assert!(frame.contains("The new one") && frame.contains("$99.50"), "{line}: {frame}");
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_that_stop_matching_leave_a_watched_list() {
    let engine = FakeEngine::default();
    for id in 1..=3 {
        engine.put(samples::task(id, &format!("Task {id}"), State::Pending));
    }
    let engine = Observed::new(engine);
    let script = async {
        settle().await;
        engine.engine.begin(1);
        engine.engine.forget(2);
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    };
    let frame = last_frame(&engine, "list --watch --all --pending", script).await;
    assert!(frame.contains("Task 3") && !frame.contains("Task 1"), "{frame}");
    assert!(!frame.contains("Task 2"), "{frame}");
}

#[tokio::test(start_paused = true)]
async fn the_counts_are_below_as_many_tasks_as_fit() {
    let engine = FakeEngine::default();
    for id in 1..=50 {
        engine.put(samples::completed(id, &format!("Task {id}"), "done"));
    }
    let engine = Observed::new(engine);
    let frame = last_frame(&engine, "list --watch", async {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    })
    .await;
    let lines: Vec<&str> = frame.lines().collect();
    assert_eq!(lines.len(), 24, "{frame}");
    assert!(lines[20].contains("Task 31"), "{frame}");
    assert_eq!(&lines[21..23], ["  … 30 more tasks", "  50 completed"]);
}
