//! Proof that a day's work needs no pointer: every step is a key press, and scripts only read the page.

use crate::desktop::Desktop;
use crate::desktop_settings::until_painted;
use crate::keyboard::{CONTROL, ENTER, ESCAPE, HOME, SHIFT, choose, push, tab_to, write};
use crate::process::until;
use crate::webdriver::Window;

/// Writes a task in the form and sends it. Tasks are numbered in their order.
fn submit(window: &Window, desktop: &Desktop, id: u32, prompt: &str, permissions: &str) {
    window.press("n");
    window.until_page("#/new");
    window.until("the prompt has the focus", || {
        window.has_focus("textbox", "What should Claude do?").then_some(())
    });
    window.press(prompt);
    write(window, "combobox", "Directory", &desktop.work().display().to_string());
    choose(window, "Permissions", permissions);
    write(window, "textbox", "Name", &format!("Task {id}"));
    window.hold(CONTROL, ENTER);
    window.until_page(&format!("#/task/{id}"));
}

/// The ids of the rows.
const ROWS: &str =
    "return [...document.querySelectorAll('[role=option]')].map((row) => row.id).join()";

/// Opens the only task of a list. A digit leads to each list.
fn open_only(window: &Window, digit: &str, list: &str, task: &str) {
    window.press(digit);
    window.until_page(list);
    // The rows of the list before may still be there.
    let row = task.replace("#/task/", "task-");
    window.until("the list has this task only", || (window.script(ROWS) == row).then_some(()));
    window.press("j");
    window.press(HOME);
    window.press(ENTER);
    window.until_page(task);
}

#[test]
fn a_day_needs_no_pointer() {
    let desktop = Desktop::new();
    let file = desktop.work().join("allowed.txt");
    std::fs::write(desktop.work().join("notes.txt"), "a note\n").unwrap();
    let window = Window::open(&desktop, &[]);
    window.until_page("#/welcome");
    window.role("button", "Check again");
    push(&window, "Go to the queue");
    window.until_page("#/");

    // Submit three.
    let watched = "[[say Watched words.]] [[read notes.txt]] [[hang]]";
    submit(&window, &desktop, 1, watched, "Accept edits");
    // Watch.
    window.until_logged("Watched words.");
    let touch = format!("[[bash touch {}]]", file.display());
    submit(&window, &desktop, 2, &format!("{touch} [[say Not allowed.]]"), "Careful");
    submit(&window, &desktop, 3, "[[error credit]]", "Accept edits");
    desktop.until_status("2", "completed");
    desktop.until_status("3", "failed");

    // Cancel, and take it back.
    open_only(&window, "2", "#/running", "#/task/1");
    window.until_shown("Watched words.");
    window.press("c");
    window.until_shown("Cancelling #1 in 5 s");
    window.hold(CONTROL, "z");
    window.until_shown("Cancelling #1 was undone");

    // Retry all.
    window.press("5");
    window.until_page("#/failed");
    window.hold(SHIFT, "r");
    window.role("dialog", "Retry 1 failed task?");
    window.press(ENTER);
    until("the failed task has run again", || {
        let task = desktop.json(["status", "3"]);
        task["status"] == "failed" && task["run_history"].as_array().unwrap().len() == 2
    });

    // Search, in words of a prompt.
    until("the words can be found", || {
        desktop.worker(["search", "touch allowed.txt"]).contains("#2")
    });
    window.press("1");
    window.until_page("#/");
    window.press("/");
    window.until("the search has the focus", || {
        window.has_focus("textbox", "Search tasks").then_some(())
    });
    window.press("allowed.txt");
    window.until_shown("In prompts, results and logs");
    window.press(ENTER);
    window.until("the first result has the keyboard", || {
        (window.script(ACTIVE_ROW) == "task-2").then_some(())
    });
    window.press(ENTER);
    window.until_page("#/task/2");

    // Allow a denied tool.
    assert!(!file.exists());
    push(&window, "Allow and go on");
    until("the task has gone on", || {
        let task = desktop.json(["status", "2"]);
        task["status"] == "completed" && task["run_history"].as_array().unwrap().len() == 2
    });

    // Follow up, with what is allowed now. A key does nothing before the page knows that the run has ended.
    window.until_shown("Run 2");
    window.until_shown("Done in");
    window.press("f");
    window.until("the follow-up has the focus", || {
        window.has_focus("textbox", "Follow-up").then_some(())
    });
    window.press(&format!("{touch} [[say Followed up.]]"));
    window.hold(CONTROL, ENTER);
    window.until_logged("Followed up.");
    let task = desktop.until_status("2", "completed");
    assert!(file.exists(), "{task}");
    let runs = task["run_history"].as_array().unwrap();
    assert_eq!(runs.len(), 3, "{task}");
    assert!(runs.iter().all(|run| run["session_id"] == runs[0]["session_id"]), "{task}");

    // The search is taken back, so that lists show all of their tasks.
    window.press("1");
    window.until_page("#/");
    window.press("/");
    window.until("the search has the focus", || {
        window.has_focus("textbox", "Search tasks").then_some(())
    });
    window.press(ESCAPE);
    window.until("the search is empty", || {
        (window.script("return document.activeElement.value") == "").then_some(())
    });
    window.press(ESCAPE);

    // The cancel that was taken back was never sent; one that is not is.
    assert_eq!(desktop.json(["status", "1"])["status"], "running");
    open_only(&window, "2", "#/running", "#/task/1");
    window.press("c");
    desktop.until_status("1", "cancelled");

    // Clean.
    window.press("6");
    window.until_page("#/finished");
    push(&window, "Clean…");
    window.role("dialog", "Clean up finished tasks");
    tab_to(&window, "checkbox", "Also tasks that you have not looked at");
    window.press(" ");
    push(&window, "Remove 2");
    until("both are removed", || {
        let left = desktop.json(["list"])["tasks"].as_array().unwrap().clone();
        left.len() == 1 && left[0]["id"] == 3
    });

    // Change the theme.
    until_painted(&window, false);
    window.hold(CONTROL, ",");
    window.until_page("#/settings");
    choose(&window, "Theme", "Dark");
    until_painted(&window, true);
    assert_eq!(window.script("return errors"), serde_json::json!([]));
}

/// The row that the keyboard is at.
const ACTIVE_ROW: &str =
    "return document.querySelector('[role=listbox]')?.getAttribute('aria-activedescendant')";
