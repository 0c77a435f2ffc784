//! The quick entry: how it opens, and what its keys do.

use crate::desktop::{App, Desktop};
use crate::panel::Panel;
use crate::process::until;
use crate::screen::{ALT, CONTROL, ENTER, ESCAPE, SPACE, Screen};
use crate::shortcut_portal::ShortcutPortal;
use crate::webdriver::Window;

const TITLE: &str = "Quick entry";

/// Waits until the quick entry takes keys: until its page is painted `times` times.
#[track_caller]
fn until_open(app: &App, screen: &Screen, times: usize) {
    until("the quick entry is there", || {
        screen.titles().iter().any(|title| title.starts_with(TITLE))
    });
    until("its page is painted", || app.output().matches("the window is painted").count() == times);
}

#[track_caller]
fn until_gone(screen: &Screen) {
    until("the quick entry is gone", || {
        !screen.titles().iter().any(|title| title.starts_with(TITLE))
    });
}

#[test]
fn keys_open_the_quick_entry_and_enter_queues_its_task() {
    let desktop = Desktop::new();
    // Without a tray, the window would open after some seconds.
    let _panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let screen = Screen::of(&desktop);
    // Its directory is the first that is offered.
    let earlier = desktop.submit("[[say Before.]]", "Before");
    desktop.until_status(&earlier, "completed");
    screen.press_keys(&[CONTROL, ALT, SPACE]);
    until_open(&app, &screen, 1);
    screen.type_text("[[say quick]]");
    screen.press_keys(&[ENTER]);
    until_gone(&screen);
    // The window goes only when the task is in the queue.
    let tasks = desktop.json(["list"])["tasks"].clone();
    assert_eq!(tasks[0]["name"], "[[say quick]]", "{tasks}");
    let id = tasks[0]["id"].to_string();
    let task = desktop.until_status(&id, "completed");
    assert_eq!(task["working_directory"], desktop.work().display().to_string());
    // Its process ends with it.
    desktop.until_webviews(0);
}

#[test]
fn the_shortcut_comes_back_with_a_keyboard_layout_that_has_its_key() {
    let desktop = Desktop::new();
    let _panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let screen = Screen::of(&desktop);
    let key = screen.keycode(SPACE);
    screen.map_key(key, ENTER);
    let line = |text| app.output().rfind(text);
    let lost = "the shortcut has no key in the keyboard layout";
    until("the key is gone", || line(lost).is_some());
    screen.map_key(key, SPACE);
    let found = "the shortcut has a key in the keyboard layout again";
    until("the key is there again", || line(found) > line(lost));
    screen.press_keys(&[CONTROL, ALT, SPACE]);
    until_open(&app, &screen, 1);
}

#[test]
fn escape_closes_the_quick_entry_and_its_text_is_there_again() {
    let desktop = Desktop::new();
    // Without a tray, the window would open after some seconds.
    let _panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let screen = Screen::of(&desktop);
    screen.press_keys(&[CONTROL, ALT, SPACE]);
    until_open(&app, &screen, 1);
    screen.type_text("[[say kept]]");
    screen.press_keys(&[ESCAPE]);
    until_gone(&screen);
    assert_eq!(desktop.json(["list"])["tasks"].as_array().unwrap().len(), 0);
    screen.press_keys(&[CONTROL, ALT, SPACE]);
    until_open(&app, &screen, 2);
    screen.press_keys(&[ENTER]);
    until_gone(&screen);
    assert_eq!(desktop.json(["list"])["tasks"][0]["name"], "[[say kept]]");
}

#[test]
fn the_tray_and_a_second_start_open_the_quick_entry() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start(["--quick-entry"]);
    let screen = Screen::of(&desktop);
    for times in 1..=3 {
        match times {
            1 => {}
            2 => panel.icon().click("Quick entry"),
            _ => assert!(desktop.start(["--quick-entry"]).wait().success()),
        }
        until_open(&app, &screen, times);
        screen.press_keys(&[ESCAPE]);
        until_gone(&screen);
    }
    assert!(app.is_running());
}

#[test]
fn the_settings_say_that_another_program_uses_the_keys_and_take_others() {
    let desktop = Desktop::new();
    let other = Screen::of(&desktop);
    other.grab(&[CONTROL, ALT], SPACE);
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    window.navigate("#/settings");
    window.until_shown("Another program uses Ctrl+Alt+Space");
    window.fill("textbox", "Quick entry", "Ctrl+Alt+J");
    // A field is saved when it is left.
    window.press("\u{e004}");
    until("the keys are stored", || {
        crate::process::read(&desktop.data().join("engine.shortcut")) == "Ctrl+Alt+J"
    });
    other.press_keys(&[CONTROL, ALT, u32::from(b'j')]);
    until("the quick entry is there", || {
        other.titles().iter().any(|title| title.starts_with(TITLE))
    });
}

/// A desktop with a Wayland session, whose programs open their windows on an X server.
fn wayland() -> Desktop {
    let mut desktop = Desktop::new();
    desktop.variable("WAYLAND_DISPLAY", "wayland-of-this-test");
    desktop.variable("GDK_BACKEND", "x11");
    desktop
}

#[test]
fn on_wayland_the_portal_opens_the_quick_entry_and_its_keys_are_shown() {
    let desktop = wayland();
    let portal = ShortcutPortal::on(&desktop, true);
    let window = Window::open(&desktop, &[]);
    let screen = Screen::of(&desktop);
    portal.until_bound("CTRL+ALT+space");
    portal.press();
    until("the quick entry is there", || {
        screen.titles().iter().any(|title| title.starts_with(TITLE))
    });
    desktop.until_engine(window.app());
    window.navigate("#/settings");
    window.until_shown("Press CTRL+ALT+space");
    window.fill("textbox", "Quick entry", "Super+J");
    window.press("\u{e004}");
    portal.until_bound("LOGO+j");
    // The portal answers after the page was told that the keys are taken.
    window.until_shown("Press LOGO+j");
}

#[test]
fn a_shortcut_that_the_user_declines_is_not_in_force() {
    let desktop = wayland();
    let portal = ShortcutPortal::on(&desktop, false);
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    portal.until_bound("CTRL+ALT+space");
    window.navigate("#/settings");
    window.until_shown("The desktop did not set Ctrl+Alt+Space");
}

#[test]
fn on_wayland_without_a_portal_keys_are_grabbed_from_the_x_server() {
    let desktop = wayland();
    let _panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let screen = Screen::of(&desktop);
    // The app asks the bus first.
    until("the quick entry is there", || {
        screen.press_keys(&[CONTROL, ALT, SPACE]);
        screen.titles().iter().any(|title| title.starts_with(TITLE))
    });
    assert!(app.is_running());
}
