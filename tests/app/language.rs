//! Window and tray speak the language of the system, or the one that was chosen.

use crate::desktop::Desktop;
use crate::panel::Panel;
use crate::webdriver::Window;

/// Waits until the page is in this language, and shows a text of it.
#[track_caller]
fn until_spoken(window: &Window, language: &str, text: &str) {
    window.until(&format!("the page is in {language}"), || {
        (window.script("return document.documentElement.lang") == language).then_some(())
    });
    window.until_shown(text);
}

#[test]
fn window_and_tray_speak_the_language_of_the_system_or_the_chosen_one() {
    let mut desktop = Desktop::new();
    // Need not be installed.
    desktop.variable("LANG", "de_AT.UTF-8");
    let panel = Panel::on(&desktop);
    let window = Window::open(&desktop, &[]);
    until_spoken(&window, "de", "Einrichtung");
    panel.icon().entry("Fenster öffnen");

    window.navigate("#/settings");
    window.click("combobox", "Sprache");
    window.click("option", "English");
    until_spoken(&window, "en", "Appearance");
    window.until_page("#/settings");
    panel.icon().entry("Open window");
    drop(window);
    desktop.until_apps(0);

    // The choice counts more than the system, and outlives the app.
    let window = Window::open(&desktop, &[]);
    window.navigate("#/settings");
    until_spoken(&window, "en", "Appearance");
    window.click("combobox", "Language");
    window.click("option", "Like the system");
    until_spoken(&window, "de", "Darstellung");
}
