//! Acting on several tasks at once.

use serde_json::Value;

use crate::desktop::Desktop;
use crate::keyboard::{ENTER, HOME, SHIFT};
use crate::process::until;
use crate::webdriver::Window;

/// The status and the number of runs of each task.
fn states(desktop: &Desktop, count: usize) -> Vec<(String, usize)> {
    (1..=count)
        .map(|id| {
            let task = desktop.json(["status", &id.to_string()]);
            let runs = task["run_history"].as_array().map_or(0, Vec::len);
            (task["status"].as_str().unwrap().to_owned(), runs)
        })
        .collect()
}

#[test]
fn several_tasks_are_selected_retried_marked_and_removed() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    for name in ["one", "two", "three"] {
        let id = desktop.submit("[[error credit]]", name);
        desktop.until_status(&id, "failed");
    }
    window.navigate("#/failed");
    window.role("option", "one");

    // The pointer selects at the sign of a row. Clean keeps what was not seen.
    let select = "const signs = [...document.querySelectorAll('[data-task] [data-sign]')];
        signs.slice(0, 2).forEach((sign) => sign.click()); return signs.length";
    assert_eq!(window.script(select), 3);
    window.until_shown("2 selected");
    window.click("button", "Mark as seen");
    until("the two are seen", || {
        let list = desktop.json(["list"])["tasks"].as_array().unwrap().clone();
        list.iter().filter(|task| task["unseen"] == true).count() == 1
    });
    window.click("button", "Clean…");
    window.role("dialog", "Clean up finished tasks");
    window.until_shown("Removes 2 tasks");
    window.until_shown("1 that you have not looked at is kept.");
    window.click("button", "Keep");

    // Keys select two, from the row that has the keyboard.
    window.press(HOME);
    window.press("x");
    window.hold(SHIFT, "j");
    window.until_shown("2 selected");
    window.role("toolbar", "Selected tasks");
    window.click("button", "Retry");
    let runs = || states(&desktop, 3).iter().map(|(_, runs)| *runs).sum::<usize>();
    let failed = || states(&desktop, 3).iter().all(|(status, _)| status == "failed");
    until("two have run again", || failed() && runs() == 5);
    window.until("the selection has ended", || {
        window.look("toolbar", "Selected tasks").is_none().then_some(())
    });

    // All of them, by one button.
    window.click("button", "Retry all");
    window.role("dialog", "Retry 3 failed tasks?");
    window.press(ENTER);
    until("all have run again", || failed() && runs() == 8);

    // What has run again was not seen yet.
    window.click("button", "Clean…");
    window.until_shown("3 that you have not looked at are kept.");
    window.click("checkbox", "Also tasks that you have not looked at");
    window.click("button", "Remove 3");
    until("all are removed", || desktop.json(["list"])["tasks"].as_array().unwrap().is_empty());
    assert_eq!(window.script("return errors"), Value::Array(Vec::new()));
}
