//! One app per person: a second start, and `claude-worker open`.

use crate::desktop::Desktop;
use crate::tray::Panel;
use crate::webdriver::Window;

#[test]
fn a_second_start_hands_over_what_it_was_asked_for() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let window = Window::open(&desktop, &[]);
    panel.icon();
    let id = desktop.submit("[[say Hello.]]", "Greet");
    desktop.until_status(&id, "completed");
    assert!(desktop.start(["open", &id]).ended().success());
    window.until_place("#/task/1");
    assert!(desktop.start(["new"]).ended().success());
    window.until_place("#/new");
    desktop.until_apps(1);
    assert_eq!(desktop.engine(), Some(window.app()));
}

#[test]
fn the_command_line_opens_a_task_in_the_app_that_runs() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    let id = desktop.submit("[[say Hello.]]", "Greet");
    desktop.until_status(&id, "completed");
    desktop.worker(["open", &id]);
    window.until_place("#/task/1");
    desktop.until_apps(1);
}

#[test]
fn the_command_line_starts_the_app_where_none_runs() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    desktop.worker(["open"]);
    desktop.until_webviews(1);
    panel.icon().click("Quit");
    desktop.until_apps(0);
}

#[test]
fn a_second_start_opens_the_window_of_an_app_without_one() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start(["--hidden"]);
    panel.icon();
    assert!(desktop.start([]).ended().success());
    desktop.until_webviews(1);
    assert!(app.is_running());
}
