//! The supervisor's own log.

use std::os::unix::fs::PermissionsExt;

use claude_worker_supervisor::RunDir;

use crate::support::{Stage, read, wait};

/// The lines without their times.
fn lines(dir: &RunDir) -> Vec<String> {
    let path = dir.path().join("supervisor.log");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = read(&path);
    text.lines().map(|line| line.split_once("Z ").expect("a time").1.to_owned()).collect()
}

#[test]
fn the_log_of_a_run_that_ends_by_itself() {
    let stage = Stage::new();
    let live = stage.start(&stage.spec(&["exit", "3"]));
    let agent = stage.end_of(&live);
    let supervisor = live.supervisor.pid();
    wait(live.supervisor);
    assert!(agent.started_at.is_some());
    let pid = live.dir.started().unwrap().unwrap().pid;
    assert_eq!(
        lines(&live.dir),
        [
            format!("supervisor started with pid {supervisor}"),
            format!("agent started with pid {pid}"),
            "agent ended: exit code 3".to_owned(),
            "process tree ended: 0 bytes of standard output, 0 of standard error, 0 processes that \
             outlived the agent"
                .to_owned(),
            "the end is recorded in exit.json".to_owned(),
        ]
    );
    live.dir.delete().unwrap();
    assert!(!live.dir.path().exists());
}

#[test]
fn the_log_of_a_run_that_is_cancelled() {
    let stage = Stage::new();
    let live = stage.start(&stage.spec(&["hang"]));
    stage.await_printed(&live, "ready");
    live.dir.request_end().unwrap();
    stage.end_of(&live);
    wait(live.supervisor);
    let lines = lines(&live.dir);
    assert_eq!(lines[2], "ending the run: it was cancelled");
    assert_eq!(lines[3], "agent ended: signal 9");
    assert_eq!(lines.last().unwrap(), "the end is recorded in exit.json");
}

#[test]
fn the_log_of_a_run_whose_agent_cannot_be_started() {
    let stage = Stage::new();
    let mut spec = stage.spec(&[]);
    spec.program = "no-such-program-anywhere".to_owned();
    let (dir, _) = stage.perform(&spec);
    let lines = lines(&dir);
    let expected = "agent not started: The program no-such-program-anywhere is not in PATH";
    assert_eq!(lines[1..], [expected, "the end is recorded in exit.json"]);
}

#[test]
fn a_supervisor_that_cannot_begin_logs_why() {
    let stage = Stage::new();
    let spec = stage.spec(&["exit", "0"]);
    let dir = stage.run_dir(&spec);
    dir.create(&spec, b"").unwrap();
    std::fs::create_dir(dir.path().join("stdout")).unwrap();
    let launched = claude_worker_supervisor::launch(&crate::support::supervisor(), &dir).unwrap();
    assert_eq!(wait(launched).code(), Some(1));
    let lines = lines(&dir);
    assert!(lines[1].starts_with("error: Could not create "), "{lines:?}");
}
