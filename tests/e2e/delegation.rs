//! Tasks that submit tasks.

use crate::support::{Home, read, until};

#[test]
fn a_task_that_submits_a_task_is_its_parent() {
    let home = Home::new();
    let script = |name: &str, then: &str| {
        let binary = env!("CARGO_BIN_EXE_claude-worker");
        let text = format!("'{binary}' run --agent shell --wait '{then}' 2>> said\n");
        std::fs::write(home.work().join(name), text).unwrap();
    };
    script("first.sh", "sh second.sh");
    script("second.sh", "sh third.sh");
    script("third.sh", "true");
    home.run(["run", "--agent", "shell", "--wait", "sh first.sh"]).refused(10, &[]);
    // The grandchild may submit nothing more, and is told why.
    let said = read(&home.work().join("said"));
    assert!(said.contains("delegation.depth is 2"), "{said}");
    let list = home.json(["list"]);
    let tasks = list["tasks"].as_array().unwrap();
    let parents: Vec<_> = tasks.iter().map(|task| task["parent"].as_i64()).collect();
    assert_eq!(parents, [Some(2), Some(1), None], "{list:#}");
    assert!(home.run(["status", "2"]).ok().stdout.contains(", by task 1"));
}

#[test]
fn a_task_that_waits_for_another_lends_its_worker() {
    let home = Home::with_config("workers = 1");
    let binary = env!("CARGO_BIN_EXE_claude-worker");
    for waits in ["--wait", "--watch"] {
        let inner = format!("'{binary}' run {waits} --shell 'echo inner'");
        let outer = format!("'{binary}' run {waits} --shell \"{inner}\"; echo outer");
        let ran = home.run(["run", "--wait", "--shell", &outer]);
        let printed = &ran.ok().stdout;
        assert!(printed.contains("inner\n") && printed.ends_with("outer\n"), "{ran:?}");
    }
    // One that submits a task and does not wait keeps its worker.
    let id =
        home.shell(&format!("'{binary}' run --shell true; until [ -e go ]; do sleep 0.02; done"));
    let child = id + 1;
    until("it has submitted", || home.run(["status", &child.to_string()]).code == 0);
    assert_eq!(home.json(["status", &child.to_string()])["status"], "pending");
    std::fs::write(home.work().join("go"), "").unwrap();
    home.finished(child);
}

#[test]
fn a_task_with_an_engine_of_its_own_has_no_parent_there() {
    let home = Home::new();
    // As if inside a task of another engine.
    let inside = [("CLAUDE_WORKER_RUN", "7-1-0000abcd"), ("CLAUDE_WORKER_TASK", "7")];
    home.shell("true");
    let submitted = home
        .command()
        .envs(inside)
        .args(["run", "--json", "--agent", "shell", "true"])
        .output()
        .unwrap();
    let task: serde_json::Value = serde_json::from_slice(&submitted.stdout).unwrap();
    assert!(task["id"].is_i64() && task["parent"].is_null(), "{task:#}");
}

#[test]
fn a_task_cannot_stop_the_engine_that_runs_it() {
    let home = Home::new();
    let binary = env!("CARGO_BIN_EXE_claude-worker");
    for command in ["stop", "stop --cancel-running", "restart"] {
        let script = format!("'{binary}' server {command}");
        let ran = home.run(["run", "--agent", "shell", "--wait", "--json", &script]);
        ran.refused(10, &[]);
        assert!(ran.stdout.contains("may not stop the engine that runs it"), "{ran:?}");
        assert!(ran.stdout.contains("\"code\":8"), "{ran:?}");
    }
}
