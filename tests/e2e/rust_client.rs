//! The examples of the crate `claude-worker-client` work.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::Home;

/// A built example: Cargo puts it beside the directory of the tests.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().unwrap().parent().unwrap();
    let example = built.join("examples").join(name);
    assert!(example.exists(), "type: cargo build -p claude-worker-client --examples");
    example
}

/// A home whose programs find `claude-worker`.
fn home() -> Home {
    let programs = PathBuf::from(env!("CARGO_BIN_EXE_claude-worker"));
    let path = format!("{}:/usr/bin:/bin", programs.parent().unwrap().display());
    Home::new().variable("PATH", path)
}

fn command(home: &Home, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(example(name));
    command
        .args(arguments)
        .env_clear()
        .envs(home.variables().iter().cloned())
        .current_dir(home.work())
        .stdin(Stdio::null());
    command
}

/// Exit code and standard output of the example `submit`.
fn submit(home: &Home, arguments: &[&str]) -> (Option<i32>, String) {
    let output = command(home, "submit", arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_example_of_the_rust_client_starts_an_engine_and_reads_a_result() {
    let home = home();
    let (code, printed) = submit(&home, &["echo one; sleep 0.2; echo two"]);
    assert_eq!(code, Some(0));
    assert_eq!(printed, "task 1\n> one\n> two\nresult: one\ntwo\n");
    assert!(submit(&home, &["exit 3"]).1.contains("failed: "), "a failure is shown as one");
}

#[test]
fn the_example_of_the_rust_client_runs_a_task_of_a_key_once_and_tells_errors_by_code() {
    let home = home();
    let again = "echo x >> made; wc -l < made";
    let first = submit(&home, &[again, "a-key"]);
    assert_eq!(first, (Some(0), "task 1\n> 1\nresult: 1\n".to_owned()));
    assert_eq!(submit(&home, &[again, "a-key"]), first);
    assert_eq!(submit(&home, &["echo another", "a-key"]), (Some(3), String::new()));
}

#[test]
fn the_example_of_the_rust_client_follows_the_events_of_all_tasks() {
    let home = home();
    let mut follower =
        command(&home, "events", &["2"]).stdout(Stdio::piped()).spawn().expect("the example");
    let mut printed = BufReader::new(follower.stdout.take().unwrap());
    let mut line = String::new();
    printed.read_line(&mut line).unwrap();
    assert!(line.starts_with("waiting for events after "), "{line}");
    submit(&home, &["true"]);
    submit(&home, &["false"]);
    let mut rest = String::new();
    printed.read_to_string(&mut rest).unwrap();
    assert!(follower.wait().unwrap().success());
    let of = |task: &str| -> Vec<&str> {
        rest.lines().filter_map(|line| line.strip_prefix(task)?.strip_prefix(": ")).collect()
    };
    let (one, two) = (of("task 1"), of("task 2"));
    assert_eq!((one.first(), one.last()), (Some(&"submitted"), Some(&"completed")), "{rest}");
    assert_eq!((two.first(), two.last()), (Some(&"submitted"), Some(&"failed")), "{rest}");
}
