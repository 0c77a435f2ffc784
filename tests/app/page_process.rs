//! The process that draws the window's pages ends.

use crate::desktop::{App, Desktop, Parts};
use crate::process::{self, command_line, until, until_some};
use crate::screen::Screen;

const TITLE: &str = "Claude Worker";
const GIVEN_UP: &str = "Claude Worker cannot show its window";

/// A desktop with one task, whose page an app shows.
fn with_window() -> (Desktop, App) {
    let mut desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
    desktop.variable("CLAUDE_WORKER_LOG", "info,claude_worker_app=debug");
    let id = desktop.json(["run", "--agent", "shell", "true"])["id"].to_string();
    desktop.until_status(&id, "completed");
    let app = desktop.start(["open", &id]);
    until_shown(&app, 1);
    (desktop, app)
}

/// Waits until the page of the task has been shown so many times.
#[track_caller]
fn until_shown(app: &App, times: usize) {
    until(&format!("the task is shown {times} times"), || {
        app.output().matches("the window shows this task task=Some(").count() >= times
    });
}

fn kill_page_process(desktop: &Desktop) {
    let found = || {
        let is_it = |pid: &u32| command_line(*pid).contains("WebKitWebProcess");
        desktop.processes().into_iter().find(is_it)
    };
    process::kill(until_some("there is a web process", found));
}

#[test]
fn a_window_whose_process_was_killed_shows_the_same_page_again() {
    let (desktop, app) = with_window();
    kill_page_process(&desktop);
    until_shown(&app, 2);
    assert!(app.output().contains("it crashed or was killed"), "{}", app.output());
    assert_eq!(Screen::of(&desktop).titles(), [TITLE]);
    // Its pages receive messages.
    assert!(desktop.start(["new"]).wait().success());
    until("the page is another one", || {
        app.output().matches("the window shows this task task=None").count() >= 1
    });
}

#[test]
fn a_window_whose_process_ends_again_and_again_closes_and_can_be_opened_again() {
    let (desktop, app) = with_window();
    for shown in 1..=3 {
        until_shown(&app, shown);
        kill_page_process(&desktop);
    }
    until_shown(&app, 4);
    kill_page_process(&desktop);
    let screen = Screen::of(&desktop);
    until("a dialog says so, and there is no window", || screen.titles() == [GIVEN_UP]);
    screen.press_button(GIVEN_UP, 0, 1);
    assert!(desktop.start(["open", "1"]).wait().success());
    until_shown(&app, 5);
    assert_eq!(screen.titles(), [TITLE]);
    assert_eq!(desktop.engine(), Some(app.pid()));
}

#[test]
fn a_window_that_was_closed_leaves_no_file_descriptor() {
    let (desktop, app) = with_window();
    let screen = Screen::of(&desktop);
    let descriptors = || {
        let links = std::fs::read_dir(format!("/proc/{}/fd", app.pid())).unwrap().flatten();
        links.filter_map(|link| std::fs::read_link(link.path()).ok()).collect::<Vec<_>>()
    };
    let mut counts = Vec::new();
    for round in 1..=10 {
        screen.close(TITLE);
        desktop.until_webviews(0);
        until("the view's memory is freed", || {
            !descriptors().iter().any(|link| link.to_string_lossy().contains("WebKitSharedMemory"))
        });
        // WebKit opens the files of its memory monitor there once, some time after the first window.
        let of_system =
            |link: &&std::path::PathBuf| link.starts_with("/proc") || link.starts_with("/sys");
        counts.push(descriptors().iter().filter(|link| !of_system(link)).count());
        assert!(desktop.start(["open", "1"]).wait().success());
        until_shown(&app, round + 1);
    }
    assert!(counts[5..].iter().all(|count| *count <= counts[4] + 2), "{counts:?}");
}
