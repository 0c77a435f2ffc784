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

/// A command that goes on with a next step as soon as the step before has ended, and starts scripts
/// that do so too.
fn steps(marks: &std::path::Path) -> String {
    let mark = |name: &str| marks.join(name).display().to_string();
    format!(
        "setsid sh -c 'echo up; sleep 1000; touch {}' &
        sh -c 'sh -c \"echo up; sleep 1000; touch {}\"; touch {}' &
        echo up; sleep 1000; touch {}",
        mark("session"),
        mark("inner"),
        mark("outer"),
        mark("task")
    )
}

/// Ends as many tasks as a busy machine needs to show a next step, each in this way.
fn no_next_step(home: &Home, more: &[&str], end: impl Fn(i64)) {
    let marks = home.place("marks");
    std::fs::create_dir(&marks).unwrap();
    for _ in 0..5 {
        let ids: Vec<i64> = (0..4)
            .map(|_| {
                let command = steps(&marks);
                let mut arguments = vec!["run", "--agent", "shell", &command];
                arguments.extend(more);
                home.json(arguments)["id"].as_i64().unwrap()
            })
            .collect();
        for id in &ids {
            until("all its scripts are in their first step", || {
                home.run(["logs", &id.to_string(), "--raw"]).stdout.starts_with("up\nup\nup\n")
            });
        }
        ids.iter().for_each(|id| end(*id));
        until("nothing runs any more", || home.agents().is_empty());
        let taken: Vec<_> = std::fs::read_dir(&marks).unwrap().map(|mark| mark.unwrap()).collect();
        assert!(taken.is_empty(), "{taken:?}");
    }
}

#[test]
fn nothing_begins_after_a_cancel() {
    let home = home();
    no_next_step(&home, &[], |id| {
        home.run(["cancel", &id.to_string()]).ok();
    });
}

#[test]
fn nothing_begins_after_a_timeout_or_silence() {
    let home = home();
    no_next_step(&home, &["--timeout", "700ms"], |_| {});
    std::fs::remove_dir(home.place("marks")).unwrap();
    no_next_step(&home, &["--silence", "700ms"], |_| {});
}

#[test]
fn nothing_begins_after_stopping_the_engine_with_its_tasks() {
    let home = home();
    no_next_step(&home, &[], |_| drop(home.run(["server", "stop", "--cancel-running"])));
}

#[test]
fn a_script_with_a_trap_ends_in_its_own_way() {
    let home = Home::new();
    let cleaned = home.place("cleaned").display().to_string();
    let next = home.place("next").display().to_string();
    let id = home
        .shell(&format!("trap 'touch {cleaned}; exit 3' TERM; echo up; sleep 1000; touch {next}"));
    until("it is up", || home.run(["logs", &id.to_string(), "--raw"]).stdout == "up\n");
    home.run(["cancel", &id.to_string()]).ok();
    let task = home.finished(id);
    assert_eq!(task["status"], "cancelled", "{task}");
    assert_eq!(task["run_history"][0]["outcome"]["exit_code"], 3, "{task}");
    assert!(std::path::Path::new(&cleaned).exists());
    assert!(!std::path::Path::new(&next).exists());
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
