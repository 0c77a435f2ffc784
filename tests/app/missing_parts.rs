//! Desktops without some of their parts: the app reports what is missing, and the rest works.

use std::path::PathBuf;
use std::time::Duration;

use crate::desktop::{App, Desktop, Parts, app, worker};
use crate::panel::Panel;
use crate::process::{ChildGuard, never, read, until};
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

/// The app and the command line, installed in a directory of their own.
fn install(desktop: &Desktop) -> PathBuf {
    let directory = desktop.place("bin");
    std::fs::create_dir(&directory).unwrap();
    for program in [app(), worker()] {
        std::fs::copy(&program, directory.join(program.file_name().unwrap())).unwrap();
    }
    directory
}

#[test]
fn the_queue_waits_while_the_program_of_the_supervisors_is_missing() {
    let desktop = Desktop::of(Parts { screen: false, bus: false, claude: false }, "");
    let directory = install(&desktop);
    let program = directory.join("claude-worker");
    let aside = directory.join("aside");
    let app = ChildGuard(desktop.command(directory.join("claude-worker-app")).spawn().unwrap());
    desktop.until_engine(app.0.id());
    std::fs::rename(&program, &aside).unwrap();
    let submit = || desktop.json(["run", "--agent", "shell", "true"])["id"].to_string();
    let ids = [submit(), submit(), submit()];
    let health = desktop.json(["server", "health"]);
    assert_eq!(health["missing_program"], program.display().to_string(), "{health}");
    for shown in [vec!["status"], vec!["status", &ids[0]]] {
        let text = desktop.worker(shown.clone());
        assert!(text.contains("claude-worker is missing"), "{shown:?}: {text}");
    }
    never("a task fails", Duration::from_secs(3), || {
        ids.iter().any(|id| desktop.json(["status", id])["status"] != "pending")
    });
    std::fs::rename(&aside, &program).unwrap();
    for id in ids {
        let task = desktop.until_status(&id, "completed");
        assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
    }
    assert_eq!(desktop.json(["server", "health"])["missing_program"], serde_json::Value::Null);
}

#[test]
fn an_app_that_starts_without_the_command_line_starts_its_engine_when_it_is_back() {
    let mut desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
    let directory = install(&desktop);
    let aside = directory.join("aside");
    std::fs::rename(directory.join("claude-worker"), &aside).unwrap();
    // No other one is in the path.
    desktop.variable("PATH", "/usr/bin:/bin");
    let app = ChildGuard(desktop.command(directory.join("claude-worker-app")).spawn().unwrap());
    let log = || read(&desktop.data().join("engine.log"));
    until("the log names the program", || {
        log().contains("The program claude-worker is not beside")
    });
    std::fs::rename(&aside, directory.join("claude-worker")).unwrap();
    desktop.until_engine(app.0.id());
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
