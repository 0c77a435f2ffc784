//! What the model writes is in the log while it writes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::desktop::Desktop;
use crate::webdriver::Window;

/// The paragraphs in the log.
const PARAGRAPHS: &str = "return [...document.querySelectorAll('[aria-label=Log] p')]
    .map((paragraph) => paragraph.textContent.trim())";

fn paragraphs(window: &Window) -> Vec<String> {
    let found = window.script(PARAGRAPHS);
    let texts = found.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[test]
fn the_log_shows_a_text_that_has_no_end_yet_and_keeps_none() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    // Claude Code prints a message as a whole only when it has ended, and this one does not end.
    let id = desktop.submit("[[say Half of a sentence]] [[stall]]", "Written");
    window.navigate(&format!("#/task/{id}"));
    window.until_logged("Half of a sentence");
    assert_eq!(desktop.json(["status", &id])["status"], "running");
    // What is kept has the whole texts only.
    let kept = desktop.worker(["logs", &id, "--raw"]);
    assert!(!kept.contains(r#""type":"text","text":"Half of a sentence""#), "{kept}");
    desktop.worker(["cancel", &id]);
    desktop.until_status(&id, "cancelled");
}

#[test]
fn a_text_grows_word_by_word_and_is_there_once_at_the_end() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    // Ten words.
    let id = desktop.submit("[[slow 300]]", "Slow");
    window.navigate(&format!("#/task/{id}"));
    let mut lengths = BTreeSet::new();
    let mut shown = Vec::new();
    window.until("the task is completed", || {
        shown = paragraphs(&window);
        lengths.extend(shown.iter().map(String::len));
        window.text().contains("Answered").then_some(())
    });
    assert!(lengths.len() > 3, "{lengths:?}");
    let task = desktop.until_status(&id, "completed");
    let result = task["result"].as_str().unwrap();
    window.until("the text is there once", || {
        let whole = paragraphs(&window);
        (whole.iter().filter(|text| *text == result).count() == 1 && whole.len() == 1).then_some(())
    });
}
