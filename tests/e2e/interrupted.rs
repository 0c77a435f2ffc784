//! Signals to commands that wait: the task keeps running, and the signal ends the command.

use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::support::{Home, Ran, read, signal, until};

/// Whether a process handles a signal, by the mask of `/proc`.
fn handles(pid: u32, signal: Signal) -> bool {
    let status = read(format!("/proc/{pid}/status").as_ref());
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & (1 << (signal.as_raw() - 1)) != 0)
}

fn begin(home: &Home, arguments: &[&str]) -> Child {
    let mut command = home.command();
    let command = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn each_signal_ends_the_command_and_the_task_keeps_running() {
    let home = Home::with_config("workers = 20");
    let id = home.shell("sleep 600").to_string();
    let waiting: [&[&str]; 4] = [
        &["wait", &id],
        &["logs", &id, "-f"],
        &["run", "--agent", "shell", "--wait", "sleep 600"],
        &["run", "--agent", "shell", "--watch", "sleep 600"],
    ];
    for arguments in waiting {
        for sent in [Signal::INT, Signal::TERM, Signal::HUP] {
            let child = begin(&home, arguments);
            until("the command waits", || handles(child.id(), sent));
            signal(child.id(), sent);
            let ran = Ran::of(&child.wait_with_output().unwrap());
            ran.refused(-sent.as_raw(), &["stopped", "claude-worker"]);
        }
    }
    let counts = home.json(["status"])["queue"]["counts"].clone();
    assert_eq!(counts["running"], 7, "{counts}");
    // Two tasks for each signal, and the first.
    home.run(["cancel", "all", "--yes"]).ok();
}

#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let home = Home::new();
    let id = home.shell("until [ -e end ]; do sleep 0.02; done");
    let script = format!("exec nohup {} wait {id}", env!("CARGO_BIN_EXE_claude-worker"));
    let child = Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .current_dir(home.work())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("the command waits", || handles(child.id(), Signal::TERM));
    signal(child.id(), Signal::HUP);
    std::fs::write(home.work().join("end"), "").unwrap();
    Ran::of(&child.wait_with_output().unwrap()).ok();
}

#[test]
fn waiting_without_time_tells_each_time_whether_the_task_has_finished() {
    let home = Home::new();
    let id = home.shell("true");
    home.finished(id);
    for _ in 0..20 {
        home.run(["wait", &id.to_string(), "--timeout", "0s"]).ok();
    }
}
