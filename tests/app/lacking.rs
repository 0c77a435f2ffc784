//! Machines that lack something: a clear word, and the rest works.

use crate::desktop::{App, Desktop, Machine};
use crate::process::until;
use crate::screen::Screen;
use crate::tray::Panel;
use crate::webdriver::Window;

/// Waits until the app has said this.
#[track_caller]
fn until_said(app: &App, words: &str) {
    until(&format!("the app says \"{words}\""), || {
        assert!(app.is_running(), "{}", app.words());
        app.words().contains(words)
    });
}

/// Checks that the app is the engine and that tasks are done.
#[track_caller]
fn works(desktop: &Desktop, app: &App) {
    desktop.until_engine(app.pid());
    let id = desktop.submit("[[say It works.]]", "Work");
    assert_eq!(desktop.until_status(&id, "completed")["result"], "It works.");
    assert!(app.is_running(), "{}", app.words());
}

#[test]
fn without_a_screen_it_is_an_engine() {
    let desktop = Desktop::of(Machine { screen: false, ..Machine::FULL }, "");
    let app = desktop.start([]);
    until_said(&app, "display");
    works(&desktop, &app);
}

#[test]
fn with_a_dead_screen_it_is_an_engine() {
    let mut desktop = Desktop::of(Machine { screen: false, ..Machine::FULL }, "");
    desktop.variable("DISPLAY", ":47110");
    let app = desktop.start([]);
    until_said(&app, "display");
    works(&desktop, &app);
}

#[test]
fn without_a_session_bus_there_is_a_window() {
    let desktop = Desktop::of(Machine { bus: false, ..Machine::FULL }, "");
    let app = desktop.start(["--hidden"]);
    // Without a tray, a hidden app could not be reached.
    desktop.until_webviews(1);
    works(&desktop, &app);
    // No bus is started for the app: it would have outlived it.
    for program in ["dbus-daemon", "dbus-launch", "at-spi-bus-launcher"] {
        assert_eq!(desktop.running(program), 0, "{program}");
    }
}

#[test]
fn without_a_panel_there_is_a_window_and_closing_it_leaves_the_app_within_reach() {
    let desktop = Desktop::new();
    let app = desktop.start(["--hidden"]);
    desktop.until_webviews(1);
    until_said(&app, "tray");
    works(&desktop, &app);
    Screen::of(&desktop).close("Claude Worker");
    desktop.until_webviews(0);
    assert!(desktop.start([]).ended().success());
    desktop.until_webviews(1);
}

#[test]
fn a_panel_that_comes_later_gets_the_icon() {
    let desktop = Desktop::new();
    let app = desktop.start([]);
    desktop.until_webviews(1);
    let panel = Panel::on(&desktop);
    panel.icon().entry("Quit");
    assert!(app.is_running());
}

#[test]
fn without_a_notification_daemon_ends_are_only_not_told() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start(["--hidden"]);
    panel.icon();
    works(&desktop, &app);
    panel.icon().entry("✓ Work");
    until_said(&app, "notifications");
}

#[test]
fn a_session_bus_that_goes_away_takes_no_task_with_it() {
    let mut desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut app = desktop.start([]);
    panel.icon();
    desktop.until_webviews(1);
    desktop.until_engine(app.pid());
    let id = desktop.submit_working("It went on.");
    desktop.end_bus();
    // GTK takes it for the end of the session.
    assert!(app.ended().success(), "{}", app.words());
    desktop.let_on();
    let task = desktop.until_status(&id, "completed");
    assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
}

#[test]
fn without_claude_the_window_says_what_to_do() {
    let desktop = Desktop::of(Machine { claude: false, ..Machine::FULL }, "");
    let window = Window::open(&desktop, &[]);
    window.shows("npm install");
}

#[test]
fn a_database_that_cannot_be_read_is_said_in_the_window_and_left_alone() {
    let desktop = Desktop::new();
    let database = desktop.data().join("tasks.db");
    std::fs::write(&database, "this is no database, but it was somebody's").unwrap();
    let window = Window::open(&desktop, &[]);
    window.shows("database");
    assert_eq!(
        std::fs::read_to_string(&database).unwrap(),
        "this is no database, but it was somebody's"
    );
}
