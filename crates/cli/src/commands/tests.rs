//! Commands against a scripted engine: what they send, write, and exit with.

mod again;
mod changes;
mod delays;
mod list;
mod logs;
mod removing;
mod result;
mod run;
mod several;
mod template;

use clap::{CommandFactory, Parser};
use claude_worker_api::{
    Agent, Failure, ListQuery, PermissionMode, State, TaskApi, TaskId, TaskQuery,
};

use super::Command;
use crate::args::Cli;
use crate::error::CliError;
use crate::exit::Exit;
use crate::fake_engine::{Closed, FakeEngine, Look, Observed, Written};
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
    assert_eq!(written.err(), "");
    let (_, written) = command(&engine, Look::Terminal, "list -n 2").await;
    assert!(written.out().ends_with("more: claude-worker list --limit 2 --before 132\n"));
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
    assert_eq!((written.out(), written.err()), ("\nRun 2\nafter\n", "Task 1 continues\n\nDone\n"));
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
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let mut written = Written::new();
        let Command::Completions(args) = parse(&format!("completions {shell}")) else {
            panic!("not completions")
        };
        super::completions::execute(&mut written.console(Look::Pipe), &args, Cli::command())
            .unwrap();
        let is_static = ["elvish", "powershell"].contains(&shell);
        assert!(
            written.out().contains(if is_static { "unpause" } else { "__complete" }),
            "{shell}"
        );
        assert!(!written.out().contains("supervise"), "{shell}");
        assert!(!written.out().contains("--http "), "{shell}");
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
    assert_eq!(page("claude-worker-ps.1"), ".so man1/claude-worker-list.1\n");
    assert_eq!(page("claude-worker-server-status.1"), ".so man1/claude-worker-server-health.1\n");
    assert!(page("claude-worker-list.1").contains("Other names: ls, ps."));
    // A tip names ~/.local/share/man/man1, which few accounts have.
    let missing = place.path().join("share/man1");
    let args = super::man::Args { directory: missing.clone() };
    super::man::execute(&mut written.console(Look::Pipe), &args, Cli::command()).unwrap();
    assert!(missing.join("claude-worker.1").is_file());
    let args = super::man::Args { directory: place.path().join("claude-worker.1") };
    let error =
        super::man::execute(&mut written.console(Look::Pipe), &args, Cli::command()).unwrap_err();
    assert!(error.to_string().contains("claude-worker.1"), "{error}");
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
