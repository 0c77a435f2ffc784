//! A second start of the app, and `claude-worker open`.

use crate::desktop::Desktop;
use crate::panel::Panel;
use crate::webdriver::Window;

#[test]
fn a_second_start_passes_its_arguments_to_the_running_app() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let window = Window::open(&desktop, &[]);
    panel.icon();
    let id = desktop.submit("[[say Hello.]]", "Greet");
    desktop.until_status(&id, "completed");
    assert!(desktop.start(["open", &id]).wait().success());
    window.until_page("#/task/1");
    assert!(desktop.start(["new"]).wait().success());
    window.until_page("#/new");
    desktop.until_apps(1);
    assert_eq!(desktop.engine(), Some(window.app()));
}

#[test]
fn the_command_line_opens_a_task_in_the_running_app() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    let id = desktop.submit("[[say Hello.]]", "Greet");
    desktop.until_status(&id, "completed");
    desktop.worker(["open", &id]);
    window.until_page("#/task/1");
    desktop.until_apps(1);
}

#[test]
fn the_command_line_starts_the_app_if_none_runs() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    desktop.worker(["open"]);
    desktop.until_webviews(1);
    panel.icon().click("Quit");
    desktop.until_apps(0);
}

#[test]
fn a_second_start_opens_the_window_of_a_hidden_app() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start(["--hidden"]);
    panel.icon();
    assert!(desktop.start([]).wait().success());
    desktop.until_webviews(1);
    assert!(app.is_running());
}
