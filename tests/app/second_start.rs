//! A second start of the app, and `claude-worker open`.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use crate::desktop::{Desktop, Parts, app};
use crate::panel::Panel;
use crate::process::{ChildGuard, read, terminate, until};
use crate::screen::Screen;
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

/// Starts the app once more, with these variables, and waits until it has passed its arguments on.
fn start_with(desktop: &Desktop, variables: &[(&str, &Path)]) {
    let mut second = desktop.command(app());
    let status = second.arg("new").envs(variables.iter().copied()).status().unwrap();
    assert!(status.success(), "{variables:?}: {status}");
}

#[test]
fn a_start_that_names_the_data_directory_otherwise_finds_the_running_app() {
    let desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
    let _panel = Panel::on(&desktop);
    let running = desktop.start_hidden();
    let (link, home) = (desktop.place("link"), desktop.place("other-home"));
    symlink(desktop.data(), &link).unwrap();
    std::fs::create_dir(&home).unwrap();
    symlink(desktop.data(), home.join(".claude-worker")).unwrap();
    let screen = Screen::of(&desktop);
    let by_default: [(&str, &Path); 2] = [("HOME", &home), ("CLAUDE_WORKER_HOME", Path::new(""))];
    for variables in
        [&[("CLAUDE_WORKER_HOME", link.as_path())][..], &[("HOME", &home)], &by_default]
    {
        start_with(&desktop, variables);
        desktop.until_webviews(1);
        desktop.until_apps(1);
        screen.close("Claude Worker");
        desktop.until_webviews(0);
    }
    assert!(running.is_running());
}

#[test]
fn a_start_with_another_default_data_directory_does_not_reach_the_running_app() {
    let desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
    let _panel = Panel::on(&desktop);
    let start = |home: &str| {
        let home = desktop.place(home);
        std::fs::create_dir(&home).unwrap();
        let mut app = desktop.command(app());
        app.arg("--hidden").env("HOME", &home).env_remove("CLAUDE_WORKER_HOME");
        let app = ChildGuard(app.spawn().unwrap());
        let lock = home.join(".claude-worker/engine.lock");
        until("it runs its own engine", || read(&lock).trim() == app.0.id().to_string());
        app
    };
    let apps = ["first", "second"].map(start);
    for mut app in apps {
        terminate(app.0.id());
        assert!(app.0.wait().unwrap().success());
    }
}

#[test]
fn a_start_at_any_moment_of_a_quit_is_not_lost() {
    let desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
    let _panel = Panel::on(&desktop);
    for pause in 0..12 {
        let mut app = desktop.start(["--hidden"]);
        desktop.until_engine(app.pid());
        terminate(app.pid());
        std::thread::sleep(Duration::from_millis(8 * pause));
        // It passes its arguments on, or becomes the app itself.
        let mut second = desktop.start(["open"]);
        desktop.until_webviews(1);
        desktop.until_apps(1);
        if app.is_running() {
            assert!(second.wait().success(), "{}", second.output());
            terminate(app.pid());
            assert!(app.wait().success(), "{}", app.output());
        } else {
            terminate(second.pid());
            assert!(second.wait().success(), "{}", second.output());
        }
        desktop.until_webviews(0);
    }
}
