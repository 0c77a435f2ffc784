//! Leaving the app: a question where work is left, and each of its answers.

use crate::desktop::{App, Desktop, Machine};
use crate::process::{kill, read, terminate, until, until_some};
use crate::screen::Screen;
use crate::tray::Panel;

const QUESTION: &str = "Quit Claude Worker";
const STILL_RUNNING: &str = "Claude Worker is still running";

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
    let id = desktop.submit_working("Kept running.");
    panel.icon().click("Quit");
    Screen::of(&desktop).press_button(QUESTION, KEEP_RUNNING, 3);
    let pid = app.pid();
    assert!(app.ended().success(), "{}", app.words());
    until("another engine is there", || desktop.engine().is_some_and(|engine| engine != pid));
    desktop.until_webviews(0);
    desktop.let_on();
    let task = desktop.until_status(&id, "completed");
    assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
    assert_eq!(desktop.api.turns("Kept running."), 2);
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

/// The app on a desktop, told to stop while something runs that ends only when it is killed: the
/// app, the task and the task's process.
fn slow_to_stop(desktop: &Desktop, panel: &Panel) -> (App, String, u32) {
    let app = desktop.start_hidden();
    // It handles SIGTERM by going on; what ignores the signal is killed at once. It says which process
    // it is when it has its handler: a task is running earlier.
    let stubborn = "trap : TERM; echo $$ > stubborn; while :; do sleep 0.1; done";
    let id = desktop.json(["run", "--agent", "shell", stubborn])["id"].to_string();
    desktop.until_status(&id, "running");
    let said = desktop.work().join("stubborn");
    let agent = until_some("it cannot be asked to end", || read(&said).trim().parse().ok());
    panel.icon().click("Quit");
    Screen::of(desktop).press_button(QUESTION, STOP, 3);
    until("it is being stopped", || desktop.json(["status", &id])["stopping"] == true);
    (app, id, agent)
}

#[test]
fn who_insists_does_not_wait_for_what_does_not_end() {
    let desktop = Desktop::of(Machine::FULL, "[limits]\ngrace = \"10m\"\n");
    let panel = Panel::on(&desktop);
    let (mut app, id, agent) = slow_to_stop(&desktop, &panel);
    terminate(app.pid());
    assert!(app.ended().success(), "{}", app.words());
    // Its supervisor goes on trying.
    let task = desktop.json(["status", &id]);
    assert_eq!((&task["status"], &task["stopping"]), (&"running".into(), &true.into()), "{task}");
    kill(agent);
    desktop.until_status(&id, "cancelled");
}

#[test]
fn an_app_that_is_started_while_it_is_being_left_is_there_afterwards() {
    let desktop = Desktop::of(Machine::FULL, "[limits]\ngrace = \"10m\"\n");
    let panel = Panel::on(&desktop);
    let (mut app, id, agent) = slow_to_stop(&desktop, &panel);
    assert!(desktop.start(["open", &id]).ended().success());
    // Until then the app waits for what runs, however long the second start takes.
    kill(agent);
    desktop.until_webviews(1);
    desktop.until_engine(app.pid());
    desktop.until_status(&id, "cancelled");
    desktop.until_apps(1);
    panel.icon().click("Quit");
    assert!(app.ended().success(), "{}", app.words());
}

#[test]
fn an_app_that_cannot_leave_the_queue_to_another_engine_stays_and_says_so() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let id = desktop.submit("[[hang]]", "Endless");
    desktop.until_status(&id, "running");
    let config = desktop.data().join("config.toml");
    let good = read(&config);
    std::fs::write(&config, "workers = many\n").unwrap();
    panel.icon().click("Quit");
    let screen = Screen::of(&desktop);
    screen.press_button(QUESTION, KEEP_RUNNING, 3);
    until("it says so", || screen.titles().contains(&STILL_RUNNING.to_owned()));
    desktop.until_webviews(1);
    assert_eq!(desktop.engine(), Some(app.pid()));
    assert_eq!(desktop.json(["status", &id])["status"], "running");
    assert!(app.words().contains("config.toml"), "{}", app.words());
    std::fs::write(&config, good).unwrap();
    desktop.worker(["cancel", &id]);
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
