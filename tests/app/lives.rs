//! Whose turn it is to run the queue: engines come, go and are killed, and no task minds.

use crate::desktop::Desktop;
use crate::process::{terminate, until};
use crate::tray::Panel;

/// Lets the task go on under the engine that there is now, and checks that it was done in one run,
/// with one question to the model for each of its two turns.
#[track_caller]
fn done_once(desktop: &Desktop, id: &str, words: &str) {
    assert_eq!(desktop.json(["status", id])["status"], "running");
    desktop.let_on();
    let task = desktop.until_status(id, "completed");
    assert_eq!(task["result"], words, "{task}");
    assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
    assert_eq!(desktop.api.turns(words), 2);
}

#[test]
fn the_app_takes_over_from_an_engine_with_a_running_task() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let id = desktop.submit_working("Taken over.");
    let before = desktop.engine().unwrap();
    let _app = desktop.start_hidden();
    until("the one before is gone", || crate::process::is_gone(before));
    panel.icon().entry("● Taken over.");
    done_once(&desktop, &id, "Taken over.");
    panel.icon().entry("✓ Taken over.");
}

#[test]
fn a_killed_app_loses_nothing_and_the_next_one_goes_on() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    panel.icon();
    let id = desktop.submit_working("Survived.");
    assert_eq!(desktop.engine(), Some(app.pid()));
    app.kill();
    let _app = desktop.start_hidden();
    done_once(&desktop, &id, "Survived.");
}

#[test]
fn a_killed_app_is_replaced_by_the_command_line() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start([]);
    panel.icon();
    desktop.until_webviews(1);
    let id = desktop.submit_working("Went on.");
    app.kill();
    done_once(&desktop, &id, "Went on.");
    // Nobody draws for a window that is not there.
    desktop.until_webviews(0);
}

#[test]
fn the_end_of_the_session_leaves_tasks_running_and_the_next_start_goes_on() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut app = desktop.start([]);
    panel.icon();
    desktop.until_webviews(1);
    desktop.until_engine(app.pid());
    let id = desktop.submit_working("Outlived it.");
    terminate(app.pid());
    assert!(app.ended().success(), "{}", app.words());
    desktop.until_webviews(0);
    let _app = desktop.start_hidden();
    done_once(&desktop, &id, "Outlived it.");
}
