//! Leaving the app: a question where work is left, and each of its answers.

use crate::desktop::Desktop;
use crate::process::until;
use crate::screen::Screen;
use crate::tray::Panel;

const QUESTION: &str = "Quit Claude Worker";

/// The buttons of the question from left to right.
const STAY: usize = 0;
const STOP: usize = 1;
const KEEP_RUNNING: usize = 2;

#[test]
fn quitting_with_nothing_left_asks_nothing() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut app = desktop.start_hidden();
    let id = desktop.submit("[[say Done with it.]]", "Done");
    desktop.until_status(&id, "completed");
    panel.icon().click("Quit");
    assert!(app.ended().success(), "{}", app.words());
    assert_eq!(desktop.engine(), None);
}

#[test]
fn the_queue_keeps_running_in_the_background() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut app = desktop.start([]);
    desktop.until_webviews(1);
    let prompt = "[[pause 6000]] [[say Kept running.]]";
    let id = desktop.submit(prompt, "Long");
    desktop.until_status(&id, "running");
    panel.icon().click("Quit");
    Screen::of(&desktop).press_button(QUESTION, KEEP_RUNNING, 3);
    let pid = app.pid();
    assert!(app.ended().success(), "{}", app.words());
    until("another engine is there", || desktop.engine().is_some_and(|engine| engine != pid));
    desktop.until_webviews(0);
    let task = desktop.until_status(&id, "completed");
    assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
    assert_eq!(desktop.api.turns("Kept running."), 1);
}

#[test]
fn stop_cancels_what_runs_and_leaves_nothing() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut app = desktop.start_hidden();
    let id = desktop.submit("[[hang]]", "Endless");
    desktop.until_status(&id, "running");
    panel.icon().click("Quit");
    Screen::of(&desktop).press_button(QUESTION, STOP, 3);
    assert!(app.ended().success(), "{}", app.words());
    until("nothing is left", || desktop.processes().is_empty());
    desktop.until_status(&id, "cancelled");
}

#[test]
fn thinking_better_of_it_changes_nothing() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let id = desktop.submit("[[hang]]", "Endless");
    desktop.until_status(&id, "running");
    let screen = Screen::of(&desktop);
    // Twice: the answer to the first question is not remembered.
    for _ in 0..2 {
        panel.icon().click("Quit");
        screen.press_button(QUESTION, STAY, 3);
        until("the question is gone", || screen.titles().is_empty());
    }
    assert!(app.is_running());
    assert_eq!(desktop.json(["status", &id])["status"], "running");
    desktop.worker(["cancel", &id]);
}
