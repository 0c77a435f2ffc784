//! Searching in prompts, results and logs, from the command line to the window.

use crate::desktop::Desktop;
use crate::keyboard::ENTER;
use crate::process::until;
use crate::webdriver::Window;

#[test]
fn words_of_a_log_are_found_by_the_command_line_and_open_where_they_stand() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    // The word is in the log only: the prompt has it in two parts.
    let prompt = "[[bash printf 'ultra%s' marine]] [[say Mixed a colour.]]";
    let id = desktop.submit(prompt, "Colours");
    desktop.until_status(&id, "completed");
    let other = desktop.submit("[[say Nothing of that.]]", "Other");
    desktop.until_status(&other, "completed");
    let mut found = String::new();
    until("the word is found", || {
        found = desktop.worker(["search", "ultramarine"]);
        found.contains("ultramarine")
    });
    assert!(found.contains(&format!("#{id}")) && found.contains("log:"), "{found}");
    assert!(!found.contains(&format!("#{other}")), "{found}");

    window.navigate("#/");
    window.fill("textbox", "Search tasks", "ultramarine");
    window.until_shown("In prompts, results and logs");
    let marked = "return [...document.querySelectorAll('[role=option] mark')]
        .map((mark) => mark.closest('[data-task]').dataset.task + ' ' + mark.textContent)";
    window.until("the row shows the word", || {
        (window.script(marked) == serde_json::json!([format!("{id} ultramarine")])).then_some(())
    });
    window.press(ENTER);
    window.until("the row has the keyboard", || {
        let active = "return document.querySelector('[role=listbox]')
            ?.getAttribute('aria-activedescendant')";
        (window.script(active) == format!("task-{id}")).then_some(())
    });
    window.press(ENTER);
    window.until_page(&format!("#/task/{id}"));
    let find = "return document.querySelector('.find input')?.value";
    window.until("the log is searched for it", || {
        (window.script(find) == "ultramarine").then_some(())
    });
    window.until_shown("1 of 1");
}
