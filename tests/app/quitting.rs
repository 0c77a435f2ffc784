//! Quitting the app: the question, and each of its answers.

use crate::desktop::{App, Desktop, Parts};
use crate::panel::Panel;
use crate::process::{kill, read, terminate, until, until_some};
use crate::screen::Screen;

const QUESTION: &str = "Quit Claude Worker";
const STILL_RUNNING: &str = "Claude Worker is still running";

/// The buttons of the question from left to right.
const CANCEL: usize = 0;
const STOP: usize = 1;
const KEEP_RUNNING: usize = 2;

#[test]
fn quitting_without_tasks_asks_nothing() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut app = desktop.start_hidden();
    let id = desktop.submit("[[say Done with it.]]", "Done");
    desktop.until_status(&id, "completed");
    panel.icon().click("Quit");
    assert!(app.wait().success(), "{}", app.output());
    assert_eq!(desktop.engine(), None);
}

#[test]
fn keep_running_hands_the_queue_over_to_a_background_engine() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut app = desktop.start([]);
    desktop.until_webviews(1);
    let id = desktop.submit_blocked("ChildGuard running.");
    panel.icon().click("Quit");
    Screen::of(&desktop).press_button(QUESTION, KEEP_RUNNING, 3);
    let pid = app.pid();
    assert!(app.wait().success(), "{}", app.output());
    until("there is another engine", || desktop.engine().is_some_and(|engine| engine != pid));
    desktop.until_webviews(0);
    desktop.release();
    let task = desktop.until_status(&id, "completed");
    assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
    assert_eq!(desktop.api.turns("ChildGuard running."), 2);
}

#[test]
fn stop_cancels_running_tasks_and_leaves_no_process() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut app = desktop.start_hidden();
    let id = desktop.submit("[[hang]]", "Endless");
    desktop.until_status(&id, "running");
    panel.icon().click("Quit");
    Screen::of(&desktop).press_button(QUESTION, STOP, 3);
    assert!(app.wait().success(), "{}", app.output());
    until("no process is left", || desktop.processes().is_empty());
    desktop.until_status(&id, "cancelled");
}

/// Starts the app and a task that ignores requests to end, and quits the app with *Stop*. Returns the
/// app, the task and the task's process.
fn quit_with_stubborn_task(desktop: &Desktop, panel: &Panel) -> (App, String, u32) {
    let app = desktop.start_hidden();
    // It handles SIGTERM and continues; a process that ignores the signal would be killed at once. It
    // writes its process id after it has installed the handler, because the task is running earlier.
    let stubborn = "trap : TERM; echo $$ > stubborn; while :; do sleep 0.1; done";
    let id = desktop.json(["run", "--agent", "shell", stubborn])["id"].to_string();
    desktop.until_status(&id, "running");
    let said = desktop.work().join("stubborn");
    let agent = until_some("the task handles SIGTERM", || read(&said).trim().parse().ok());
    panel.icon().click("Quit");
    Screen::of(desktop).press_button(QUESTION, STOP, 3);
    until("the task is being stopped", || desktop.json(["status", &id])["stopping"] == true);
    (app, id, agent)
}

#[test]
fn a_second_request_to_quit_does_not_wait_for_tasks_that_do_not_end() {
    let desktop = Desktop::of(Parts::FULL, "[limits]\ngrace = \"10m\"\n");
    let panel = Panel::on(&desktop);
    let (mut app, id, agent) = quit_with_stubborn_task(&desktop, &panel);
    terminate(app.pid());
    assert!(app.wait().success(), "{}", app.output());
    // Its supervisor continues to end it.
    let task = desktop.json(["status", &id]);
    assert_eq!((&task["status"], &task["stopping"]), (&"running".into(), &true.into()), "{task}");
    kill(agent);
    desktop.until_status(&id, "cancelled");
}

#[test]
fn signals_in_quick_succession_are_one_request_to_quit() {
    for _ in 0..5 {
        let desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
        let mut app = desktop.start_hidden();
        let wait = "touch works; until [ -e go ]; do sleep 0.1; done";
        let id = desktop.json(["run", "--agent", "shell", wait])["id"].to_string();
        until("the task runs", || desktop.work().join("works").exists());
        // The system merges signals that the app has not received yet.
        for _ in 0..5 {
            terminate(app.pid());
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert!(app.wait().success(), "{}", app.output());
        assert_eq!(desktop.json(["status", &id])["status"], "running");
        desktop.release();
        desktop.until_status(&id, "completed");
    }
}

#[test]
fn an_app_that_is_asked_to_quit_while_it_starts_quits_in_order() {
    for pause in 0..10 {
        let desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
        let mut app = desktop.start(["--hidden"]);
        until("it starts to log", || desktop.data().join("engine.lock").exists());
        std::thread::sleep(std::time::Duration::from_millis(2 * pause));
        terminate(app.pid());
        assert!(app.wait().success(), "{}", app.output());
    }
}

#[test]
fn an_app_that_is_started_while_it_quits_starts_afterwards() {
    let desktop = Desktop::of(Parts::FULL, "[limits]\ngrace = \"10m\"\n");
    let panel = Panel::on(&desktop);
    let (mut app, id, agent) = quit_with_stubborn_task(&desktop, &panel);
    assert!(desktop.start(["open", &id]).wait().success());
    // Until now the app has waited for the task.
    kill(agent);
    desktop.until_webviews(1);
    desktop.until_engine(app.pid());
    desktop.until_status(&id, "cancelled");
    desktop.until_apps(1);
    panel.icon().click("Quit");
    assert!(app.wait().success(), "{}", app.output());
}

#[test]
fn the_app_does_not_quit_if_no_background_engine_can_start() {
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
    until("a dialog reports it", || screen.titles().contains(&STILL_RUNNING.to_owned()));
    desktop.until_webviews(1);
    assert_eq!(desktop.engine(), Some(app.pid()));
    assert_eq!(desktop.json(["status", &id])["status"], "running");
    assert!(app.output().contains("config.toml"), "{}", app.output());
    std::fs::write(&config, good).unwrap();
    desktop.worker(["cancel", &id]);
}

#[test]
fn cancelling_the_question_changes_nothing() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let id = desktop.submit("[[hang]]", "Endless");
    desktop.until_status(&id, "running");
    let screen = Screen::of(&desktop);
    // Twice: the answer to the first question must not be stored.
    for _ in 0..2 {
        panel.icon().click("Quit");
        screen.press_button(QUESTION, CANCEL, 3);
        until("the question has closed", || screen.titles().is_empty());
    }
    assert!(app.is_running());
    assert_eq!(desktop.json(["status", &id])["status"], "running");
    desktop.worker(["cancel", &id]);
}
