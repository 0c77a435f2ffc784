//! Desktops without some of their parts: the app reports what is missing, and the rest works.

use crate::desktop::{App, Desktop, Parts};
use crate::panel::Panel;
use crate::process::until;
use crate::screen::Screen;
use crate::webdriver::Window;

/// Waits until the output of the app contains this text.
#[track_caller]
fn until_output(app: &App, text: &str) {
    until(&format!("the app prints \"{text}\""), || {
        assert!(app.is_running(), "{}", app.output());
        app.output().contains(text)
    });
}

/// Checks that the app runs the engine, and that a task completes.
#[track_caller]
fn check_task(desktop: &Desktop, app: &App) {
    desktop.until_engine(app.pid());
    let id = desktop.submit("[[say It works.]]", "Work");
    assert_eq!(desktop.until_status(&id, "completed")["result"], "It works.");
    assert!(app.is_running(), "{}", app.output());
}

#[test]
fn without_a_display_the_app_is_an_engine() {
    let desktop = Desktop::of(Parts { screen: false, ..Parts::FULL }, "");
    let app = desktop.start([]);
    until_output(&app, "display");
    check_task(&desktop, &app);
}

#[test]
fn with_an_unreachable_display_the_app_is_an_engine() {
    let mut desktop = Desktop::of(Parts { screen: false, ..Parts::FULL }, "");
    desktop.variable("DISPLAY", ":47110");
    let app = desktop.start([]);
    until_output(&app, "display");
    check_task(&desktop, &app);
}

#[test]
fn without_a_session_bus_the_app_shows_its_window_and_starts_no_bus() {
    let desktop = Desktop::of(Parts { bus: false, ..Parts::FULL }, "");
    let app = desktop.start(["--hidden"]);
    // Without a tray, the window is the only way to reach the app.
    desktop.until_webviews(1);
    check_task(&desktop, &app);
    // A bus that is started for the app would outlive it.
    for program in ["dbus-daemon", "dbus-launch", "at-spi-bus-launcher"] {
        assert_eq!(desktop.running(program), 0, "{program}");
    }
}

#[test]
fn without_a_panel_a_second_start_opens_the_closed_window() {
    let desktop = Desktop::new();
    let app = desktop.start(["--hidden"]);
    desktop.until_webviews(1);
    until_output(&app, "tray");
    check_task(&desktop, &app);
    Screen::of(&desktop).close("Claude Worker");
    desktop.until_webviews(0);
    assert!(desktop.start([]).wait().success());
    desktop.until_webviews(1);
}

#[test]
fn a_panel_that_starts_later_shows_the_icon() {
    let desktop = Desktop::new();
    let app = desktop.start([]);
    desktop.until_webviews(1);
    let panel = Panel::on(&desktop);
    panel.icon().entry("Quit");
    assert!(app.is_running());
}

#[test]
fn without_a_notification_daemon_tasks_still_run() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start(["--hidden"]);
    panel.icon();
    check_task(&desktop, &app);
    panel.icon().entry("✓ Work");
    until_output(&app, "notifications");
}

#[test]
fn tasks_continue_when_the_session_bus_exits() {
    let mut desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let mut app = desktop.start([]);
    panel.icon();
    desktop.until_webviews(1);
    desktop.until_engine(app.pid());
    let id = desktop.submit_blocked("It went on.");
    desktop.end_bus();
    // GTK handles this as the end of the session.
    assert!(app.wait().success(), "{}", app.output());
    desktop.release();
    let task = desktop.until_status(&id, "completed");
    assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
}

#[test]
fn without_claude_code_the_window_shows_how_to_install_it() {
    let desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
    let window = Window::open(&desktop, &[]);
    window.until_shown("npm install");
}

#[test]
fn the_window_reports_an_unreadable_database_and_the_file_stays_unchanged() {
    let desktop = Desktop::new();
    let database = desktop.data().join("tasks.db");
    std::fs::write(&database, "this is not a database").unwrap();
    let window = Window::open(&desktop, &[]);
    window.until_shown("database");
    assert_eq!(std::fs::read_to_string(&database).unwrap(), "this is not a database");
}
