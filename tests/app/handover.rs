//! The app and background engines take over the queue from each other, also after a kill.

use crate::desktop::Desktop;
use crate::panel::Panel;
use crate::process::{terminate, until};

/// Releases the task under the current engine, and checks that it completes in one run with exactly two
/// requests to the model.
#[track_caller]
fn completes_in_one_run(desktop: &Desktop, id: &str, answer: &str) {
    assert_eq!(desktop.json(["status", id])["status"], "running");
    desktop.release();
    let task = desktop.until_status(id, "completed");
    assert_eq!(task["result"], answer, "{task}");
    assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
    assert_eq!(desktop.api.turns(answer), 2);
}

#[test]
fn the_app_takes_over_from_an_engine_with_a_running_task() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let id = desktop.submit_blocked("Taken over.");
    let before = desktop.engine().unwrap();
    let _app = desktop.start_hidden();
    until("the engine before has exited", || crate::process::is_gone(before));
    panel.icon().entry("● Taken over.");
    completes_in_one_run(&desktop, &id, "Taken over.");
    panel.icon().entry("✓ Taken over.");
}

#[test]
fn the_next_app_continues_the_tasks_of_a_killed_one() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    panel.icon();
    let id = desktop.submit_blocked("Survived.");
    assert_eq!(desktop.engine(), Some(app.pid()));
    app.kill();
    let _app = desktop.start_hidden();
    completes_in_one_run(&desktop, &id, "Survived.");
}

#[test]
fn the_command_line_starts_an_engine_after_the_app_was_killed() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start([]);
    panel.icon();
    desktop.until_webviews(1);
    let id = desktop.submit_blocked("Went on.");
    app.kill();
    completes_in_one_run(&desktop, &id, "Went on.");
    // The webview exits, too.
    desktop.until_webviews(0);
}

#[test]
fn tasks_continue_after_the_end_of_the_session_and_the_next_start_adopts_them() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut app = desktop.start([]);
    panel.icon();
    desktop.until_webviews(1);
    desktop.until_engine(app.pid());
    let id = desktop.submit_blocked("Outlived it.");
    terminate(app.pid());
    assert!(app.wait().success(), "{}", app.output());
    desktop.until_webviews(0);
    let _app = desktop.start_hidden();
    completes_in_one_run(&desktop, &id, "Outlived it.");
}
