//! `logs`.

use super::*;

#[tokio::test(start_paused = true)]
async fn logs_read_to_the_end_and_stop() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let (exit, written) = command(&engine, Look::Pipe, "logs 1").await;
    assert_eq!((exit, written.out()), (Exit::Done, ""));
    assert_eq!(written.err(), "Task 1 has printed nothing yet\n");

    let run = engine.begin(1);
    let lines: Vec<_> = (1..=5).map(|n| format!("line {n}\n")).collect();
    for line in &lines {
        engine.print(&run, line);
    }
    let (_, written) = command(&engine, Look::Pipe, "logs 1").await;
    assert_eq!(written.out(), lines.concat());

    let (_, written) = command(&engine, Look::Json, "logs 1").await;
    let entries: Vec<serde_json::Value> =
        written.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[4]["text"], "line 5");

    let (exit, written) = command(&engine, Look::Pipe, "logs 1 --run 2").await;
    assert_eq!(exit, Exit::NotFound);
    assert!(written.err().contains("Task 1 has no run 2"));
}

#[tokio::test(start_paused = true)]
async fn long_logs_are_read_in_large_pieces_in_order() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let run = engine.begin(1);
    let text: String = (0..).map(|n| format!("{n:>15}\n")).take(2 * CHUNK as usize / 16).collect();
    engine.print(&run, &text);
    // Nothing follows the last large piece.
    let (_, written) = command(&engine, Look::Pipe, "logs 1").await;
    assert!(written.out() == text, "{} of {} bytes", written.out().len(), text.len());

    engine.print(&run, "and a rest\nwithout an end");
    engine.end_run(&run);
    for line in ["logs 1", "logs 1 --run 1 -f"] {
        let (exit, written) = command(&engine, Look::Pipe, line).await;
        assert_eq!(exit, Exit::Done);
        let rest = written.out().strip_prefix(text.as_str());
        assert_eq!(rest, Some("and a rest\nwithout an end\n"), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn raw_logs_are_the_bytes_and_on_a_terminal_without_control_characters() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let run = engine.begin(1);
    let bytes = b"\x1b[2Jpr\xc3\xbcfen \xff\n";
    engine.print_bytes(&run, bytes);
    engine.end_run(&run);
    let (exit, written) = command(&engine, Look::Pipe, "logs 1 --raw").await;
    assert_eq!((exit, written.out.as_slice()), (Exit::Done, &bytes[..]));
    let (_, written) = command(&engine, Look::Terminal, "logs 1 --raw").await;
    assert_eq!(written.out(), "␛[2Jprüfen \u{fffd}\n");
}

/// Tasks 1 to `count`, each with a run that has printed these lines.
fn with_output(count: i64, lines: &[&str]) -> FakeEngine {
    let engine = FakeEngine::default();
    for id in 1..=count {
        engine.put(claude_worker_api::Task {
            agent: Agent::Shell,
            ..samples::task(id, "Test", State::Pending)
        });
        let run = engine.begin(id);
        for line in lines {
            engine.print(&run, line);
        }
        engine.end_run(&run);
        engine.finish(id, completed(), "");
    }
    engine
}

#[tokio::test(start_paused = true)]
async fn without_a_task_it_is_the_newest() {
    let engine = with_output(3, &["out\n"]);
    let (_, written) = command(&engine, Look::Pipe, "logs").await;
    assert_eq!((written.out(), written.err()), ("out\n", "Task 3: Test\n"));
    let (exit, written) = command(&FakeEngine::default(), Look::Pipe, "logs").await;
    assert_eq!(exit, Exit::NotFound);
    assert!(written.err().contains("claude-worker run"), "{}", written.err());
}

#[tokio::test(start_paused = true)]
async fn the_last_lines_are_read_from_the_end() {
    let lines: Vec<String> = (1..=9).map(|n| format!("line {n}\n")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let engine = with_output(1, &lines);
    for (line, expected) in [
        ("logs 1 -n 2", "line 8\nline 9\n"),
        ("logs 1 --tail 1", "line 9\n"),
        ("logs 1 --lines 0", ""),
        ("logs 1 -n 100", lines.concat().as_str()),
        ("logs 1 -n 2 --raw", "line 8\nline 9\n"),
        ("logs 1 -n 0 --raw", ""),
        ("logs 1 -n 9 --raw", lines.concat().as_str()),
        ("logs 1 -n 2 --run 1 -f", "line 8\nline 9\n"),
        ("logs 1 -n 2 -f", "line 8\nline 9\n"),
    ] {
        let (exit, written) = command(&engine, Look::Pipe, line).await;
        assert_eq!((exit, written.out()), (Exit::Done, expected), "{line}");
    }
    let (_, written) = command(&engine, Look::Json, "logs 1 -n 2").await;
    assert_eq!(written.out().lines().count(), 2);
    assert!(written.out().ends_with("\"text\":\"line 9\"}\n"), "{}", written.out());
}

#[tokio::test(start_paused = true)]
async fn what_is_printed_after_the_last_lines_is_followed() {
    for agent in Agent::ALL {
        let engine = FakeEngine::default();
        let task = samples::task(1, "Test", State::Pending);
        engine.put(claude_worker_api::Task { agent, ..task });
        let run = engine.begin(1);
        engine.print(&run, "one\n");
        engine.print(&run, "two\n");
        engine.print(&run, "three\n");
        let script = async {
            settle().await;
            engine.print(&run, "four\n");
            engine.end_run(&run);
            engine.finish(1, completed(), "");
        };
        let (_, written) = beside(&engine, Look::Pipe, "logs 1 -n 1 -f", script).await;
        assert_eq!(written.out(), "three\nfour\n", "{agent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_line_of_several_tasks_has_its_task() {
    let engine = with_output(10, &["a\n", "\n", "b\n"]);
    let (exit, written) = command(&engine, Look::Pipe, "logs 9-10").await;
    assert_eq!(exit, Exit::Done);
    assert_eq!(written.out(), " 9 | a\n 9 |\n 9 | b\n10 | a\n10 |\n10 | b\n");
    let (_, written) = command(&engine, Look::Pipe, "logs 1,2 -n 1").await;
    assert_eq!(written.out(), "1 | b\n2 | b\n");
    let (_, written) = command(&engine, Look::Json, "logs 1 2").await;
    assert_eq!(written.numbers("task"), [1, 1, 1, 2, 2, 2]);
    let (exit, written) = command(&engine, Look::Pipe, "logs 1 99").await;
    assert_eq!((exit, written.out()), (Exit::NotFound, " 1 | a\n 1 |\n 1 | b\n"));
    let (exit, _) = command(&engine, Look::Pipe, "logs 1 2 --raw").await;
    assert_eq!(exit, Exit::Usage);
}

#[tokio::test(start_paused = true)]
async fn several_tasks_are_followed_at_once() {
    let engine = FakeEngine::default();
    for id in [1, 2] {
        engine.put(samples::task(id, "Test", State::Pending));
    }
    let script = async {
        settle().await;
        let (first, second) = (engine.begin(1), engine.begin(2));
        for (run, text) in [(&first, "a\n"), (&second, "b\n"), (&first, "c\n")] {
            engine.print(run, text);
            settle().await;
        }
        for (id, run) in [(1, first), (2, second)] {
            engine.end_run(&run);
            engine.finish(id, completed(), "");
            settle().await;
        }
    };
    let (exit, written) = beside(&engine, Look::Pipe, "logs 1 2 -f", script).await;
    assert_eq!(exit, Exit::Done);
    assert_eq!(written.out(), "1 | a\n2 | b\n1 | c\n1 | Done\n2 | Done\n");
}

#[tokio::test(start_paused = true)]
async fn times_are_shown_where_the_agent_gives_them() {
    let message = |at: &str, text: &str| {
        serde_json::json!({"type": "assistant", "timestamp": at,
            "message": {"content": [{"type": "text", "text": text}]}})
        .to_string()
            + "\n"
    };
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let run = engine.begin(1);
    engine.print(&run, &message("2026-11-23T04:00:00.5Z", "early"));
    engine.print(&run, &message("2026-11-23T04:30:00.5Z", "late\nand later"));
    engine.print(&run, "no message\n");
    engine.end_run(&run);
    engine.finish(1, completed(), "");
    let (_, written) = command(&engine, Look::Pipe, "logs 1 -t").await;
    insta::assert_snapshot!(written.out());
    let (_, written) = command(&engine, Look::Pipe, "logs 1 --since 04:15").await;
    assert_eq!(written.out(), "late\nand later\n\nno message\n");
    let (_, written) = command(&engine, Look::Pipe, "logs 1 --since 1s").await;
    assert_eq!(written.err(), "Task 1 has printed nothing since 04:43\n");
}

#[tokio::test(start_paused = true)]
async fn the_output_of_a_command_has_only_the_times_of_its_run() {
    let engine = with_output(1, &["out\n"]);
    let (_, written) = command(&engine, Look::Pipe, "logs 1 -t").await;
    assert_eq!(written.out(), "out\n");
    let words = "The output of a shell command has no times. The run began 2026-11-23 04:43:20";
    assert!(written.err().starts_with(words), "{}", written.err());
}

#[tokio::test(start_paused = true)]
async fn the_taskbar_shows_that_a_task_runs_and_how_it_ended() {
    for (state, last) in
        [(completed(), "\u{1b}]9;4;0;\u{1b}\\"), (failed(), "\u{1b}]9;4;2;100\u{1b}\\")]
    {
        for line in ["logs 1 -f", "wait 1"] {
            let engine = FakeEngine::default();
            engine.put(samples::task(1, "Test", State::Pending));
            let mut written = Written::new();
            let mut console = written.console(Look::Terminal);
            console.taskbar = true;
            let script = async {
                settle().await;
                let run = engine.begin(1);
                engine.end_run(&run);
                engine.finish(1, state.clone(), "");
            };
            let parsed = parse(line);
            let (done, ()) = tokio::join!(crate::dispatch(&engine, &parsed, &mut console), script);
            done.unwrap();
            let text = written.out();
            let sequences: Vec<usize> =
                text.match_indices("\u{1b}]9;4;").map(|(at, _)| at).collect();
            assert!(text.contains("\u{1b}]9;4;3;\u{1b}\\"), "{line}: {text:?}");
            assert!(text[sequences[sequences.len() - 1]..].starts_with(last), "{line}: {text:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_removed_while_its_log_is_followed_is_said_to_be_removed() {
    for line in ["logs 1 -f", "logs 1 -f --raw"] {
        let engine = FakeEngine::default();
        engine.put(samples::running(1, "Test", "x"));
        let run = engine.begin(1);
        engine.print(&run, "begun\n");
        let script = async {
            settle().await;
            engine.forget(1);
        };
        let (exit, written) = beside(&engine, Look::Pipe, line, script).await;
        assert_eq!(exit, Exit::NotFound, "{line}");
        assert!(written.err().contains("Task 1 was removed"), "{line}: {}", written.err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_shell_command_has_no_standard_error_of_its_own() {
    let engine = FakeEngine::default();
    engine.put(claude_worker_api::Task { agent: Agent::Shell, ..samples::running(1, "Test", "x") });
    let run = engine.begin(1);
    engine.print(&run, "both\n");
    let (exit, written) = command(&engine, Look::Pipe, "logs 1 --stderr").await;
    assert_eq!((exit, written.out()), (Exit::Done, ""));
    assert!(written.err().contains("claude-worker logs 1 --raw"), "{}", written.err());
}

#[tokio::test(start_paused = true)]
async fn json_lines_have_their_times_with_and_without_the_option() {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "x"));
    let run = engine.begin(1);
    engine.print(&run, "{\"type\":\"result\",\"result\":\"First\"}\n");
    engine.end_run(&run);
    let (_, without) = command(&engine, Look::Json, "logs 1").await;
    let (exit, with) = command(&engine, Look::Json, "logs 1 -t").await;
    assert_eq!((exit, with.out()), (Exit::Done, without.out()));
}

fn shell_task() -> FakeEngine {
    let engine = FakeEngine::default();
    let task = samples::task(1, "Test", State::Pending);
    engine.put(claude_worker_api::Task { agent: Agent::Shell, ..task });
    engine
}

#[tokio::test(start_paused = true)]
async fn a_line_that_has_not_ended_is_shown() {
    let engine = shell_task();
    let run = engine.begin(1);
    engine.print(&run, "one\nContinue? [y/N] ");
    for (line, expected) in [
        ("logs 1", "one\nContinue? [y/N] \n"),
        ("logs 1 -n 2", "one\nContinue? [y/N] \n"),
        ("logs 1 -n 1", "Continue? [y/N] \n"),
        ("logs 1 -n 0", ""),
    ] {
        let (_, written) = command(&engine, Look::Pipe, line).await;
        assert_eq!(written.out(), expected, "{line}");
    }
    let (_, written) = command(&engine, Look::Json, "logs 1").await;
    assert_eq!(written.out().lines().count(), 1, "an entry is a whole line");
}

#[tokio::test(start_paused = true)]
async fn a_line_is_followed_while_it_grows() {
    for (look, line, expected) in [
        (Look::Pipe, "logs 1 -f", "one\nContinue? [y/N] yes\ntwo\n"),
        (Look::Pipe, "logs 1 -f -n 1", "Continue? [y/N] yes\ntwo\n"),
        (Look::Terminal, "logs 1 -f", "Continue? [y/N] \r\n● running"),
        (Look::Terminal, "logs 1 -f", "\r\u{1b}[1A\u{1b}[JContinue? [y/N] yes\ntwo\n● running"),
    ] {
        let engine = shell_task();
        let run = engine.begin(1);
        engine.print(&run, "one\nContinue? ");
        let script = async {
            for text in ["[y/N] ", "yes\ntwo\n"] {
                settle().await;
                engine.print(&run, text);
            }
            settle().await;
            engine.end_run(&run);
            engine.finish(1, completed(), "");
        };
        let (_, written) = beside(&engine, look, line, script).await;
        if look == Look::Pipe {
            assert_eq!(written.out(), expected, "{line}");
        } else {
            assert!(written.out().contains(expected), "{:?}", written.out());
        }
    }
}
