//! Commands against a scripted engine: what they send, write, and exit with.

use clap::{CommandFactory, Parser};
use claude_worker_api::{Failure, ListQuery, State, TaskApi, TaskId, TaskQuery};

use super::Command;
use crate::args::Cli;
use crate::error::CliError;
use crate::exit::Exit;
use crate::fake_engine::{Closed, FakeEngine, Look, Written};
use crate::render::qr_code::scan;
use crate::render::samples::{self, NOW};
use crate::transcript::CHUNK;

fn completed() -> State {
    State::Completed { ended_at: NOW, denied_tools: Vec::new(), notes: Vec::new() }
}

fn failed() -> State {
    State::Failed { ended_at: NOW, failure: Failure::Exit { code: 3, message: String::new() } }
}

fn parse(line: &str) -> Command {
    let words = std::iter::once("claude-worker").chain(line.split(' '));
    Cli::try_parse_from(words).unwrap().command
}

/// Runs a command line and gives its exit code and what it wrote.
async fn command(engine: &FakeEngine, look: Look, line: &str) -> (Exit, Written) {
    let mut written = Written::new();
    let mut console = written.console(look);
    let result = crate::dispatch(engine, &parse(line), &mut console).await;
    let exit = crate::conclude(result, &mut console);
    (exit, written)
}

/// Runs a command at a terminal with these answers to its questions.
async fn asked(engine: &FakeEngine, answer: &str, line: &str) -> (Exit, Written) {
    let mut written = Written::new();
    let mut console = written.console(Look::Terminal);
    let mut ask = || Ok(answer.to_owned());
    console.ask = Some(&mut ask);
    let result = crate::dispatch(engine, &parse(line), &mut console).await;
    let exit = crate::conclude(result, &mut console);
    (exit, written)
}

/// Runs a command line beside a script that changes the engine meanwhile.
async fn beside(
    engine: &FakeEngine,
    look: Look,
    line: &str,
    script: impl Future<Output = ()>,
) -> (Exit, Written) {
    let (done, ()) = tokio::join!(command(engine, look, line), script);
    done
}

/// Lets the command get as far as it can: in paused time, a sleep ends when nothing else moves.
async fn settle() {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
}

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
    let watched = crate::watch::watch(&engine, &mut console, TaskId(1), 0, settle()).await.unwrap();
    assert_eq!(watched.exit(), Exit::Interrupted);
    let last = written.out().rsplit("\u{1b}[2K").next().unwrap();
    assert_eq!(last, "Task 1 keeps running. Follow it again with: claude-worker logs 1 -f\n");
    let state = engine.get(TaskId(1), TaskQuery::default()).await.unwrap().task.state;
    assert!(matches!(state, State::Running { stopping: false, .. }));
}

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

#[tokio::test(start_paused = true)]
async fn list_says_how_to_get_the_next_page() {
    let engine = FakeEngine::default();
    let (_, written) = command(&engine, Look::Pipe, "list").await;
    assert_eq!(written.out(), "");
    assert!(written.err().starts_with("No tasks yet. Send the first one: claude-worker run"));

    for task in samples::tasks() {
        engine.put(task);
    }
    let (_, written) = command(&engine, Look::Pipe, "list -n 2").await;
    assert_eq!(written.out().lines().count(), 3);
    assert_eq!(written.err(), "  older: claude-worker list --before 132\n");
    let (_, written) = command(&engine, Look::Terminal, "list -s completed,failed").await;
    insta::assert_snapshot!(written.out());
    let (_, written) = command(&engine, Look::Json, "list --all").await;
    assert_eq!(written.json()["tasks"].as_array().unwrap().len(), samples::tasks().len());
    let (_, written) = command(&engine, Look::Terminal, "list --before 7").await;
    assert_eq!(written.out(), "No older tasks\n");
}

#[tokio::test(start_paused = true)]
async fn status_of_a_task_and_of_the_queue() {
    let engine = FakeEngine::default();
    engine.put(samples::running(131, "Split", "Bash cargo test"));
    engine.put(samples::completed(7, "Done before", "ok"));
    let (_, written) = command(&engine, Look::Terminal, "status").await;
    insta::assert_snapshot!(written.out());
    let (_, written) = command(&engine, Look::Json, "status 131").await;
    assert_eq!(written.json()["status"], "running");
    let (exit, written) = command(&engine, Look::Json, "status 99").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.json()["error"]["code"], "not_found");
    assert_eq!(
        written.err(),
        "claude-worker: There is no task 99\nclaude-worker list shows the tasks there are\n"
    );
}

/// Only output at a terminal marks tasks as seen.
#[tokio::test(start_paused = true)]
async fn showing_how_a_task_ended_at_a_terminal_marks_it_as_seen() {
    for (line, needs) in [
        ("status 7", 1),
        ("logs 7", 1),
        ("logs 7 -f", 1),
        ("wait 7", 1),
        ("wait 7 8", 0),
        ("list", 2),
        ("status", 2),
    ] {
        for look in [Look::Terminal, Look::Pipe, Look::Json] {
            let engine = FakeEngine::default();
            for id in [7, 8] {
                engine.put(samples::running(id, "x", "y"));
                let run = engine.begin(id);
                engine.print(&run, "something\n");
                engine.end_run(&run);
                engine.finish(id, failed(), "");
            }
            command(&engine, look, line).await;
            let query = ListQuery { attention: true, ..ListQuery::default() };
            let unseen = engine.list(query).await.unwrap().tasks.len();
            let expected = if look == Look::Terminal { needs } else { 2 };
            assert_eq!(unseen, expected, "{line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn wait_exits_with_the_first_failure_in_the_order_of_its_arguments() {
    let engine = FakeEngine::default();
    for id in 1..=3 {
        engine.put(samples::task(id, "Test", State::Pending));
    }
    let script = async {
        settle().await;
        engine.finish(2, State::Cancelled { ended_at: NOW }, "");
        settle().await;
        engine.go_away(2);
        settle().await;
        engine.finish(1, failed(), "");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "wait 1 2 1", script).await;
    assert_eq!(exit, Exit::TaskFailed);
    assert_eq!(written.out(), "2  cancelled  Cancelled\n1  failed  Exited with code 3\n");

    let (exit, written) = command(&engine, Look::Json, "wait --any 3 2").await;
    assert_eq!(exit, Exit::TaskCancelled);
    assert_eq!(written.json()["tasks"][0]["id"], 2);
}

#[tokio::test(start_paused = true)]
async fn wait_ends_when_its_time_is_over() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let before = tokio::time::Instant::now();
    let (exit, written) = command(&engine, Look::Pipe, "wait 1 --timeout 10m").await;
    assert_eq!(exit, Exit::TimedOut);
    assert_eq!(before.elapsed().as_secs(), 600);
    assert_eq!(written.err(), "Still unfinished: 1 task. They keep running\n");
}

#[tokio::test(start_paused = true)]
async fn wait_notices_that_a_task_was_removed() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let script = async {
        settle().await;
        engine.forget(1);
    };
    let (exit, _) = beside(&engine, Look::Pipe, "wait 1", script).await;
    assert_eq!(exit, Exit::NotFound);
}

#[tokio::test(start_paused = true)]
async fn one_wrong_id_does_not_stop_the_other_tasks() {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "Bash"));
    engine.put(samples::task(3, "Test", State::Pending));
    let script = async {
        settle().await;
        engine.finish(1, State::Cancelled { ended_at: NOW }, "");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "cancel 1 2 3", script).await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.out(), "Task 1 is cancelled\nTask 3 is cancelled\n");
    assert!(written.err().contains("There is no task 2"));

    let (exit, written) = command(&engine, Look::Json, "remove 3 4").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.json()["removed"], serde_json::json!([3]));
    assert_eq!(written.json()["errors"][0]["id"], 4);
    assert_eq!(written.json()["errors"][0]["code"], "not_found");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_removed_meanwhile_does_not_stop_the_others() {
    let engine = FakeEngine::default();
    for id in [1, 2, 3] {
        engine.put(samples::running(id, "Test", "Bash"));
    }
    let script = async {
        settle().await;
        engine.forget(1);
        settle().await;
        engine.finish(2, State::Cancelled { ended_at: NOW }, "");
        engine.finish(3, State::Cancelled { ended_at: NOW }, "");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "cancel 1 2 3 2", script).await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.out(), "Task 2 is cancelled\nTask 3 is cancelled\n");
    assert!(written.err().contains("There is no task 1"), "{}", written.err());

    engine.put(samples::running(4, "Test", "Bash"));
    let script = async {
        settle().await;
        engine.forget(2);
        settle().await;
        engine.finish(4, failed(), "");
    };
    let (exit, written) = beside(&engine, Look::Json, "wait 9 4 3", script).await;
    assert_eq!(exit, Exit::NotFound, "of the first that was named");
    let ids = |list: &str| -> Vec<i64> {
        let list = written.json()[list].as_array().unwrap().clone();
        list.iter().map(|entry| entry["id"].as_i64().unwrap()).collect()
    };
    assert_eq!((ids("tasks"), ids("errors")), (vec![4, 3], vec![9]));

    let (exit, written) = command(&engine, Look::Pipe, "retry 3 99 4").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.out(), "Task 3 is in the queue again\nTask 4 is in the queue again\n");
    let (exit, _) = command(&engine, Look::Pipe, "retry 3 4 --watch").await;
    assert_eq!(exit, Exit::Usage);
}

/// Finished tasks, of which a person has looked at the first ones.
fn finished_tasks(engine: &FakeEngine, seen: i64, unseen: i64) {
    for id in 1..=seen {
        engine.put(samples::completed(id, "Seen", "ok"));
    }
    for id in seen + 1..=seen + unseen {
        engine.put(samples::running(id, "Not seen", "x"));
        engine.finish(id, failed(), "");
    }
}

async fn left(engine: &FakeEngine) -> usize {
    engine.list(ListQuery::default()).await.unwrap().tasks.len()
}

#[tokio::test(start_paused = true)]
async fn clean_lists_asks_and_keeps_unseen_tasks() {
    let engine = FakeEngine::default();
    finished_tasks(&engine, 3, 2);
    // Without a person to ask, nothing happens.
    for look in [Look::Pipe, Look::Json] {
        let (exit, written) = command(&engine, look, "clean").await;
        assert_eq!(exit, Exit::Usage);
        assert!(written.err().contains("--yes"), "{}", written.err());
    }
    for answer in ["", "\n", "n\n", "yep\n"] {
        let (exit, written) = asked(&engine, answer, "clean").await;
        assert_eq!(exit, Exit::Failed, "{answer:?}");
        assert!(written.out().contains("Seen"), "{}", written.out());
        assert!(written.out().contains("Nothing was removed"), "{}", written.out());
        assert!(written.err().starts_with("Remove 3 finished tasks with all output? [y/N] "));
    }
    let (exit, written) = command(&engine, Look::Pipe, "clean --dry-run").await;
    assert_eq!((exit, written.out()), (Exit::Done, ""));
    assert!(written.err().contains("Kept 2 finished tasks that you have not seen. --unseen"));
    assert!(written.err().ends_with("Nothing was removed (--dry-run)\n"), "{}", written.err());
    let (_, written) = command(&engine, Look::Json, "clean --dry-run --unseen").await;
    assert_eq!(
        (&written.json()["removed"], &written.json()["would_remove"]),
        (&0.into(), &5.into())
    );
    assert_eq!(written.json()["tasks"].as_array().unwrap().len(), 5);
    assert_eq!(left(&engine).await, 5);

    let (exit, written) = asked(&engine, "y\n", "clean").await;
    assert_eq!(exit, Exit::Done);
    assert!(written.out().ends_with("Removed 3 finished tasks\n"), "{}", written.out());
    assert_eq!(left(&engine).await, 2);
    let (_, written) = command(&engine, Look::Json, "clean --yes").await;
    assert_eq!(written.json(), serde_json::json!({ "removed": 0, "kept_unseen": 2 }));
    let (_, written) = command(&engine, Look::Pipe, "clean --yes --unseen").await;
    assert_eq!((written.out(), written.err()), ("Removed 2 finished tasks\n", ""));
}

#[tokio::test(start_paused = true)]
async fn removing_several_tasks_asks_only_at_a_terminal() {
    let engine = FakeEngine::default();
    finished_tasks(&engine, 4, 3);
    let (exit, written) = asked(&engine, "n\n", "remove 1 2 99").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(
        written.out().lines().count(),
        4,
        "heading, two tasks, and that nothing was removed"
    );
    assert!(written.err().ends_with("Remove 2 tasks with all output? [y/N] "), "{}", written.err());
    let (exit, _) = asked(&engine, "", "remove 1 2").await;
    assert_eq!((exit, left(&engine).await), (Exit::Failed, 7));
    let (exit, written) = command(&engine, Look::Json, "remove 1 99 --dry-run").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.json()["tasks"][0]["id"], 1);
    assert_eq!((&written.json()["removed"], left(&engine).await), (&serde_json::Value::Null, 7));
    assert_eq!(written.json()["would_remove"], serde_json::json!([1]));
    let (_, written) = command(&engine, Look::Pipe, "remove 1 --dry-run").await;
    assert!(written.err().ends_with("Nothing was removed (--dry-run)\n"), "{}", written.err());

    // One alone was named on purpose; so was what a script names.
    assert_eq!(asked(&engine, "n\n", "remove 1").await.0, Exit::Done);
    assert_eq!(asked(&engine, "n\n", "remove 2 3 --yes").await.0, Exit::Done);
    assert_eq!(asked(&engine, "yes\n", "remove 4 5 5").await.0, Exit::Done);
    assert_eq!(command(&engine, Look::Pipe, "remove 6 7").await.0, Exit::Done);
    assert_eq!(left(&engine).await, 0);
}

#[tokio::test(start_paused = true)]
async fn the_root_directory_is_not_trusted_without_a_question() {
    let engine = FakeEngine::default();
    let trusted = async || engine.trusted().await.unwrap().directories.len();
    for look in [Look::Pipe, Look::Json] {
        let (exit, written) = command(&engine, look, "trust . /").await;
        assert_eq!((exit, trusted().await), (Exit::Usage, 0), "{}", written.err());
        assert!(written.err().contains("--yes"), "{}", written.err());
    }
    let (exit, written) = asked(&engine, "\n", "trust . /").await;
    assert_eq!((exit, trusted().await), (Exit::Failed, 0));
    assert!(written.err().contains("/ contains your home directory"), "{}", written.err());
    assert_eq!(asked(&engine, "y\n", "trust /").await.0, Exit::Done);
    assert_eq!(trusted().await, 1);
    assert_eq!(command(&engine, Look::Pipe, "trust --remove /").await.0, Exit::Done);
    assert_eq!(trusted().await, 0);
    assert_eq!(command(&engine, Look::Pipe, "trust --yes /").await.0, Exit::Done);
    assert_eq!(trusted().await, 1);
}

#[tokio::test(start_paused = true)]
async fn json_has_no_control_characters() {
    let engine = FakeEngine::default();
    engine.put(samples::completed(1, "x", "\u{9b}31m\u{202e}\u{200f}"));
    let run = engine.begin(1);
    engine.print(&run, "\u{9b}2J\u{202e}\n");
    engine.end_run(&run);
    engine.finish(1, failed(), "\u{9b}\u{202e}");
    for line in ["status 1", "list", "logs 1"] {
        let (_, written) = command(&engine, Look::Json, line).await;
        let shown = written.out();
        assert!(!shown.contains(['\u{9b}', '\u{202e}', '\u{200f}']), "{line}: {shown:?}");
        assert!(shown.contains("\\u009b"), "{line}: {shown:?}");
    }
    let mut written = Written::new();
    let error = claude_worker_api::ApiError::invalid("\u{9b}");
    written.console(Look::Json).error_document(&error).unwrap();
    assert!(written.out().contains("\\u009b"), "{}", written.out());
}

#[tokio::test(start_paused = true)]
async fn retry_resume_clean_and_pause() {
    let engine = FakeEngine::default();
    engine.put(samples::completed(1, "Test", "ok"));
    engine.put(samples::completed(2, "Test", "ok"));
    let (_, written) = command(&engine, Look::Pipe, "retry 1").await;
    assert_eq!(written.out(), "Task 1 is in the queue again\n");
    let (exit, _) = command(&engine, Look::Pipe, "retry 1").await;
    assert_eq!(exit, Exit::Conflict);
    let (_, written) = command(&engine, Look::Pipe, "resume --stdin never 2 Further").await;
    assert_eq!(written.out(), "Task 2 continues. Follow it with: claude-worker logs 2 -f\n");
    assert_eq!(engine.follow_ups(), ["Further"]);

    engine.put(samples::completed(3, "Test", "ok"));
    let (_, written) = command(&engine, Look::Pipe, "clean --yes --status failed").await;
    assert_eq!(written.out(), "Nothing to remove\n");
    let (_, written) = command(&engine, Look::Pipe, "clean --yes").await;
    assert_eq!(written.out(), "Removed 1 finished task\n");

    let (_, written) = command(&engine, Look::Json, "pause").await;
    assert_eq!(written.json()["paused"], true);
    let (_, written) = command(&engine, Look::Pipe, "unpause").await;
    assert_eq!(written.out(), "The queue is no longer paused (2 pending)\n");
}

#[tokio::test(start_paused = true)]
async fn resume_watches_only_the_new_run() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let first = engine.begin(1);
    engine.print(&first, "before\n");
    engine.end_run(&first);
    engine.finish(1, completed(), "");
    let script = async {
        settle().await;
        let second = engine.begin(1);
        engine.print(&second, "after\n");
        engine.end_run(&second);
        engine.finish(1, completed(), "");
    };
    let (exit, written) =
        beside(&engine, Look::Pipe, "resume --stdin never -w 1 Further", script).await;
    assert_eq!(exit, Exit::Done);
    assert_eq!((written.out(), written.err()), ("\nRun 2\nafter\n", "\nDone\n"));
}

#[tokio::test(start_paused = true)]
async fn stopping_says_which_tasks_keep_running() {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "Bash"));
    let (exit, written) = command(&engine, Look::Pipe, "server stop").await;
    assert_eq!(exit, Exit::Done);
    assert_eq!(
        written.out(),
        "The engine has stopped. 1 task keeps running; the next engine takes it over\n"
    );
    let (exit, written) = command(&engine, Look::Pipe, "server stop").await;
    assert_eq!((exit, written.out()), (Exit::NoEngine, ""));
    assert_eq!(written.err(), "claude-worker: No engine is running\n");
    let (exit, _) = command(&engine, Look::Pipe, "server health").await;
    assert_eq!(exit, Exit::NoEngine);
}

#[tokio::test(start_paused = true)]
async fn a_closed_pipe_is_not_a_failure() {
    let engine = FakeEngine::default();
    engine.put(samples::completed(1, "Test", "ok"));
    let mut written = Written::new();
    let mut closed = Closed;
    let mut console = written.console(Look::Pipe);
    console.out = &mut closed;
    let result = crate::dispatch(&engine, &parse("list"), &mut console).await;
    assert!(result.as_ref().is_err_and(CliError::is_closed_output));
    assert_eq!(crate::conclude(result, &mut console), Exit::Done);
    assert_eq!(written.err(), "");
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let mut written = Written::new();
        let Command::Completions(args) = parse(&format!("completions {shell}")) else {
            panic!("not completions")
        };
        super::completions::execute(&mut written.console(Look::Pipe), &args, Cli::command())
            .unwrap();
        assert!(written.out().contains("unpause"), "{shell}");
        assert!(!written.out().contains("supervise"), "{shell}");
    }
}

#[test]
fn there_is_a_manual_page_for_each_command_that_people_use() {
    let place = tempfile::tempdir().unwrap();
    let mut written = Written::new();
    let args = super::man::Args { directory: place.path().to_owned() };
    super::man::execute(&mut written.console(Look::Pipe), &args, Cli::command()).unwrap();
    let page = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    assert!(page("claude-worker.1").contains("CLAUDE_WORKER_HOME"));
    assert!(page("claude-worker-run.1").contains(r"\-\-allowed\-tools"));
    assert!(page("claude-worker-server-start.1").contains("foreground"));
    let names = std::fs::read_dir(place.path()).unwrap().flatten().map(|entry| entry.file_name());
    let names: Vec<_> = names.collect();
    assert!(names.len() > 20, "{names:?}");
    assert!(!place.path().join("claude-worker-man.1").exists(), "it is hidden");
    let args = super::man::Args { directory: place.path().join("missing") };
    let error =
        super::man::execute(&mut written.console(Look::Pipe), &args, Cli::command()).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn open_for_a_phone_shows_a_code_that_a_scanner_reads() {
    let engine = FakeEngine::default();
    let link = "https://192.0.2.7:8443/login#0123456789abcdef0123456789abcdef&/task/12";
    let (exit, written) = command(&engine, Look::Terminal, "open 12 --phone").await;
    assert_eq!(exit, Exit::Done);
    let (code, words) = written.out().split_once("https://").unwrap();
    assert_eq!(scan(code, false), link);
    let words = format!("https://{words}");
    let remark = "Scan it with the phone's camera. The link works once, within 2m";
    assert_eq!(words, format!("{link}\n{remark}\n"));
    // What is piped is the link alone.
    let (_, written) = command(&engine, Look::Pipe, "open 12 --phone").await;
    assert_eq!(written.out(), format!("{link}\n"));
}
