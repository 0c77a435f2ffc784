//! The tray icon and its menu.

use std::time::Duration;

use crate::desktop::Desktop;
use crate::panel::{Icon, Panel};
use crate::process::{never, read, until};
use crate::screen::Screen;
use crate::webdriver::Window;

/// Waits until the first line of the menu is this text; the tooltip must contain it, too.
#[track_caller]
fn until_summary(icon: &Icon<'_>, text: &str) {
    let mut last = Vec::new();
    until(&format!("the menu begins with \"{text}\""), || {
        last = icon.labels();
        last.first().is_some_and(|first| first == text)
    });
    assert!(icon.tooltip().contains(text), "{:?}", icon.tooltip());
}

#[test]
fn the_icon_and_the_menu_show_the_current_tasks() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let icon = panel.icon();
    until_summary(&icon, "Nothing running");
    let idle = icon.pixmap();
    let labels = icon.labels();
    assert_eq!(
        labels[1..],
        ["New task…", "Quick entry…", "Pause queue", "Open window", "Start at login", "Quit"],
        "{labels:?}"
    );

    let id = desktop.submit("[[hang]]", "Look_at the gate");
    until_summary(&icon, "1 running, 0 waiting");
    icon.entry("● Look_at the gate");
    let running = icon.pixmap();
    assert_ne!(idle, running, "the icon shows that a task runs");

    desktop.worker(["cancel", &id]);
    icon.entry("– Look_at the gate");
    until_summary(&icon, "Nothing running");
    assert_eq!(icon.pixmap(), idle);

    // A failed task turns the icon red until the user has seen the task.
    let id = desktop.submit("[[error credit]]", "Costly");
    desktop.until_status(&id, "failed");
    icon.entry("✗ Costly");
    until("the tooltip counts it", || icon.tooltip().contains("1 failed"));
    let failed = icon.pixmap();
    assert_ne!(failed, idle);
    assert_ne!(failed, running);
    assert_eq!(desktop.running("WebKitWebProcess"), 0, "no window was opened");
    assert!(app.is_running());
}

#[test]
fn the_menu_lists_what_runs_first_with_the_current_time() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let _app = desktop.start_hidden();
    let icon = panel.icon();
    let running = desktop.submit("[[hang]]", "Long");
    desktop.until_status(&running, "running");
    // More tasks than the menu has room for end later.
    let quick: Vec<_> =
        (0..5).map(|number| desktop.submit("[[say Done.]]", &format!("Quick {number}"))).collect();
    for id in &quick {
        desktop.until_status(id, "completed");
    }
    let failed = desktop.submit("[[error credit]]", "Costly");
    desktop.until_status(&failed, "failed");
    icon.entry("✗ Costly · Credit balance");
    let labels = icon.labels();
    assert!(labels[1].starts_with("● Long · 0:"), "{labels:?}");
    let attention = labels.iter().position(|label| label == "Needs you");
    let newest = labels.iter().position(|label| label == "Newest");
    assert!(Some(1) < attention && attention < newest, "{labels:?}");
    // Nothing happens to the task, and yet its time goes on whenever the menu is opened.
    let first = labels[1].clone();
    until("the time is read again", || icon.labels()[1] != first);
    desktop.worker(["cancel", &running]);
    desktop.until_status(&running, "cancelled");
}

#[test]
fn a_click_in_the_menu_opens_the_page() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let window = Window::open(&desktop, &[]);
    let id = desktop.submit("[[say Hello.]]", "Greet");
    desktop.until_status(&id, "completed");
    let icon = panel.icon();
    icon.click("Greet");
    window.until_page("#/task/1");
    window.until_shown("Hello.");
    icon.click("New task…");
    window.until_page("#/new");
}

#[test]
fn a_click_on_the_icon_opens_the_window() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let _app = desktop.start_hidden();
    panel.icon().activate();
    desktop.until_webviews(1);
}

#[test]
fn the_menu_pauses_and_resumes_the_queue() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let _app = desktop.start_hidden();
    let icon = panel.icon();
    icon.click("Pause queue");
    icon.entry("Resume queue");
    let id = desktop.submit("[[say Late.]]", "Late");
    assert_eq!(desktop.json(["status", &id])["status"], "pending");
    until_summary(&icon, "0 running, 1 waiting (paused)");
    icon.click("Resume queue");
    desktop.until_status(&id, "completed");
    icon.entry("Pause queue");
}

#[test]
fn start_at_login_creates_and_removes_an_autostart_file() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let _app = desktop.start_hidden();
    let icon = panel.icon();
    let directory = desktop.place("xdg/config/autostart");
    let entries = || {
        let files = std::fs::read_dir(&directory).into_iter().flatten().flatten();
        files.map(|file| read(&file.path())).collect::<Vec<_>>()
    };
    assert_eq!(icon.entry("Start at login").checked, Some(false));
    icon.click("Start at login");
    until("the box is checked", || icon.entry("Start at login").checked == Some(true));
    let [entry] = &entries()[..] else { panic!("{:?}", entries()) };
    assert!(entry.contains("claude-worker-app") && entry.contains("--hidden"), "{entry}");
    icon.click("Start at login");
    until("the box is not checked", || icon.entry("Start at login").checked == Some(false));
    assert_eq!(entries(), Vec::<String>::new());
}

#[test]
fn closing_the_window_keeps_the_tray_and_ends_the_process_of_the_page() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start([]);
    let screen = Screen::of(&desktop);
    desktop.until_webviews(1);
    for _ in 0..2 {
        screen.close("Claude Worker");
        desktop.until_webviews(0);
        until("the window has closed", || screen.titles().is_empty());
        // The app continues to run tasks.
        let icon = panel.icon();
        let id = desktop.submit("[[say Unseen.]]", "Unseen");
        desktop.until_status(&id, "completed");
        icon.entry("✓ Unseen");
        icon.click("Open window");
        desktop.until_webviews(1);
    }
    assert!(app.is_running());
}

#[test]
fn a_hidden_app_opens_no_window() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let _app = desktop.start_hidden();
    let icon = panel.icon();
    until_summary(&icon, "Nothing running");
    // A window would take a quarter of a second to open.
    never("a window opens", Duration::from_secs(1), || desktop.running("WebKitWebProcess") > 0);
}

#[test]
fn the_menu_reports_a_stopped_engine_and_starts_it_again() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let icon = panel.icon();
    until_summary(&icon, "Nothing running");
    desktop.worker(["server", "stop"]);
    until_summary(&icon, "The engine was stopped");
    assert_eq!(desktop.engine(), None);
    icon.click("Start the engine");
    until_summary(&icon, "Nothing running");
    desktop.until_engine(app.pid());
}

#[test]
fn start_the_engine_takes_over_from_an_engine_that_was_started_meanwhile() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let icon = panel.icon();
    until_summary(&icon, "Nothing running");
    desktop.worker(["server", "stop"]);
    let id = desktop.submit_blocked("Went on.");
    assert_ne!(desktop.engine(), Some(app.pid()));
    icon.click("Start the engine");
    desktop.until_engine(app.pid());
    desktop.release();
    desktop.until_status(&id, "completed");
    assert_eq!(desktop.api.turns("Went on."), 2);
}
