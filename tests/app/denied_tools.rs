//! A denied tool is allowed from the task's page, and the task goes on in the same session.

use serde_json::Value;

use crate::desktop::Desktop;
use crate::process::until;
use crate::webdriver::Window;

/// Two calls that are denied without being allowed in advance.
const PROMPT: &str = "[[bash touch one.txt]] [[bash touch two.txt]] [[say Could not.]]";

fn denied(desktop: &Desktop) -> String {
    let arguments = ["run", PROMPT, "--name", "Denied", "--permission-mode", "default"];
    let id = desktop.json(arguments)["id"].to_string();
    let task = desktop.until_status(&id, "completed");
    assert_eq!(task["denied_tools"].as_array().map(Vec::len), Some(2), "{task}");
    id
}

/// Waits until the task has ended so many runs; they are one session.
#[track_caller]
fn until_runs(desktop: &Desktop, id: &str, count: usize) -> Value {
    let mut task = Value::Null;
    until(&format!("task {id} has {count} runs"), || {
        task = desktop.json(["status", id]);
        task["status"] == "completed" && task["run_history"].as_array().unwrap().len() == count
    });
    let runs = task["run_history"].as_array().unwrap();
    assert!(runs.iter().all(|run| run["session_id"] == runs[0]["session_id"]), "{task}");
    task
}

#[test]
fn all_denied_calls_are_allowed_by_one_press() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    let id = denied(&desktop);
    window.navigate(&format!("#/task/{id}"));
    window.until_shown("2 tool calls were denied");
    window.click("button", "Allow these and go on");
    let task = until_runs(&desktop, &id, 2);
    let rules = serde_json::json!(["Bash(touch one.txt)", "Bash(touch two.txt)"]);
    assert_eq!(task["request"]["allowed_tools"], rules, "{task}");
    assert_eq!(task["denied_tools"], Value::Null, "{task}");
    // The page shows one conversation, and nothing is left to allow.
    window.until("nothing is left to allow", || {
        window.look("button", "Allow these and go on").is_none().then_some(())
    });
    window.until_shown("Could not.");

    // They are allowed in later runs, too.
    window.fill("textbox", "Follow-up", PROMPT);
    window.click("button", "Send follow-up");
    let task = until_runs(&desktop, &id, 3);
    assert_eq!(task["denied_tools"], Value::Null, "{task}");
    assert!(["one.txt", "two.txt"].iter().all(|name| desktop.work().join(name).exists()));
}

#[test]
fn one_of_two_denied_calls_is_allowed() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    let id = denied(&desktop);
    window.navigate(&format!("#/task/{id}"));
    window.click("button", "Choose…");
    window.click("checkbox", "touch two.txt");
    window.click("button", "Allow and go on");
    let task = until_runs(&desktop, &id, 2);
    let rules = serde_json::json!(["Bash(touch one.txt)"]);
    assert_eq!(task["request"]["allowed_tools"], rules, "{task}");
    window.fill("textbox", "Follow-up", PROMPT);
    window.click("button", "Send follow-up");
    let task = until_runs(&desktop, &id, 3);
    assert_eq!(task["denied_tools"].as_array().map(Vec::len), Some(1), "{task}");
    assert!(desktop.work().join("one.txt").exists() && !desktop.work().join("two.txt").exists());
}
