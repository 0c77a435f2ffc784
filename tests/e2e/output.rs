//! A standard output that cannot be written.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::support::{Home, Ran};

fn to_full_disk(home: &Home, arguments: &[&str]) -> Ran {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = home.command();
    command.args(arguments).stdout(full).stderr(Stdio::piped());
    Ran::of(&command.output().unwrap())
}

#[test]
fn a_full_disk_is_an_error_and_says_what_was_done() {
    let home = Home::new();
    home.run(["run", "--agent", "shell", "echo x", "--wait"]).ok();
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["status", "1"],
        &["logs", "1"],
        &["--help"],
        &["help", "tasks"],
        &["--version"],
        &["completions", "bash"],
        &["completions", "elvish"],
        &["config"],
        &["server", "health"],
    ] {
        to_full_disk(&home, arguments).refused(1, &["Cannot write the output"]);
    }
    // A script that tries again because of the exit code makes a second task: it must be able to know.
    let ran = to_full_disk(&home, &["run", "--agent", "shell", "true"]);
    ran.refused(1, &["Cannot write the output", "Task 2"]);
    home.run(["wait", "2"]).ok();
}

#[test]
fn a_reader_that_has_enough_and_a_closed_output_are_no_errors() {
    let home = Home::new();
    home.run(["run", "--agent", "shell", "seq 1 100000", "--wait"]).ok();
    let cw = env!("CARGO_BIN_EXE_claude-worker");
    for line in
        ["logs 1 --raw | head -1", "--help | head -1", "list | true", "status 1 >&-", "list >&-"]
    {
        let script = format!("set -o pipefail; '{cw}' {line}");
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]).env_clear().envs(home.variables().iter().cloned());
        let ran = Ran::of(&bash.stdin(Stdio::null()).output().unwrap());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{line}: {ran:?}");
    }
}
