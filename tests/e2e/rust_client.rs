//! The example of the crate `claude-worker-client` works.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::Home;

/// The built example: Cargo puts it beside the directory of the tests.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().unwrap().parent().unwrap();
    built.join("examples/submit")
}

#[test]
fn the_example_of_the_rust_client_starts_an_engine_and_reads_a_result() {
    let home = Home::new();
    let programs = PathBuf::from(env!("CARGO_BIN_EXE_claude-worker"));
    let path = format!("{}:/usr/bin:/bin", programs.parent().unwrap().display());
    let home = home.variable("PATH", path);
    let run = |command: &str| {
        let output = Command::new(example())
            .arg(command)
            .env_clear()
            .envs(home.variables().iter().cloned())
            .current_dir(home.work())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(run("echo one; sleep 0.2; echo two"), "task 1\n> one\n> two\nresult: one\ntwo\n");
    assert!(run("exit 3").contains("failed: "), "a failure is shown as one");
}
