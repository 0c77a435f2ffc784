//! What is said to be ended is ended: whole trees of real processes.

use crate::support::{Home, until};

/// A tree with everything that is hard to end: a session of its own, a double fork, a process
/// that ignores SIGTERM, one without our environment.
fn tree() -> String {
    format!(
        "setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' &
        (setsid nohup sh -c 'sleep 1000' >/dev/null 2>&1 &)
        setsid env -i sleep {} &
        echo up; sleep 1000",
        nap()
    )
}

/// How long the process without an environment sleeps: a number that only this test has.
fn nap() -> u32 {
    100_000 + std::process::id()
}

fn grown(home: &Home) -> i64 {
    let id = home.shell(&tree());
    home.until_status(id, "running");
    until("the tree has grown", || {
        home.run(["logs", &id.to_string(), "--raw"]).stdout == "up\n" && sleepers() == 1
    });
    id
}

/// Processes that only this test's tree has, and that do not carry our marker.
fn sleepers() -> usize {
    let arguments = format!("sleep\0{}\0", nap());
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            std::fs::read(entry.path().join("cmdline"))
                .is_ok_and(|found| found == arguments.as_bytes())
        })
        .count()
}

fn home() -> Home {
    Home::with_config("[limits]\ngrace = \"500ms\"")
}

#[test]
fn cancel_ends_the_whole_tree() {
    let home = home();
    let id = grown(&home);
    let ran = home.run(["cancel", &id.to_string()]);
    // What is said to be cancelled is gone.
    assert_eq!(ran.ok().stdout, format!("Task {id} is cancelled\n"));
    assert!(home.agents().is_empty(), "{:?}", home.agents());
    assert_eq!(sleepers(), 0);
    assert_eq!(home.finished(id)["status"], "cancelled");
    // Cancelling again changes nothing.
    home.run(["cancel", &id.to_string()]).ok();
}

#[test]
fn timeout_ends_the_whole_tree() {
    let home = home();
    let id =
        home.json(["run", "--agent", "shell", "--timeout", "1s", &tree()])["id"].as_i64().unwrap();
    let task = home.finished(id);
    assert_eq!(task["failure"]["kind"], "timeout");
    assert_eq!(task["failure"]["limit_ms"], 1000);
    assert!(home.agents().is_empty(), "{:?}", home.agents());
    assert_eq!(sleepers(), 0);
}

#[test]
fn a_normal_end_leaves_nothing_behind_either() {
    let home = home();
    let id = home.shell(&tree().replace("echo up; sleep 1000", "sleep 0.2; exit 0"));
    let task = home.finished(id);
    assert_eq!(task["status"], "completed", "{task}");
    assert!(home.agents().is_empty(), "{:?}", home.agents());
    assert_eq!(sleepers(), 0);
}

#[test]
fn stopping_the_engine_leaves_the_running_tasks_running_and_says_so() {
    let home = home();
    let id = home.shell("sleep 1000");
    home.until_status(id, "running");
    until("its agent is there", || !home.agents().is_empty());
    let ran = home.run(["server", "stop"]);
    ran.ok();
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains('1'), "{ran:?}");
    assert!(!home.agents().is_empty());
    assert_eq!(home.json(["status", &id.to_string()])["status"], "running");
    home.run(["server", "stop", "--cancel-running"]).ok();
    assert!(home.agents().is_empty());
    assert_eq!(home.json(["status", &id.to_string()])["status"], "cancelled");
}

#[test]
fn cancelling_while_it_starts_is_either_cancelled_or_never_ran() {
    let home = home();
    for _ in 0..30 {
        let id = home.shell("sleep 1000");
        home.run(["cancel", &id.to_string()]).ok();
        assert_eq!(home.finished(id)["status"], "cancelled");
    }
    assert!(home.agents().is_empty());
}
