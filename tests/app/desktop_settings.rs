//! The window follows the settings of the desktop: dark or light, contrast, motion, text scale.

use crate::appearance_portal::AppearancePortal;
use crate::desktop::Desktop;
use crate::webdriver::Window;
use crate::xsettings::Xsettings;

/// Waits until the page finds these values of media queries, and that its background fits.
#[track_caller]
fn until_media(window: &Window, expected: &[(&str, bool)]) {
    for (query, value) in expected {
        let script = format!("return matchMedia('({query})').matches");
        window.until(&format!("{query} is {value}"), || {
            (window.script(&script) == *value).then_some(())
        });
    }
}

/// Waits until the page is painted dark or light.
#[track_caller]
pub(crate) fn until_painted(window: &Window, dark: bool) {
    // The lightness is the first number of `oklch(…)`.
    let lightness = "return parseFloat(getComputedStyle(document.body).backgroundColor.slice(6))";
    window.until(&format!("the page is dark: {dark}"), || {
        ((window.script(lightness).as_f64().unwrap() < 0.5) == dark).then_some(())
    });
}

/// The width of the page in its own pixels.
fn width(window: &Window) -> f64 {
    window.script("return innerWidth").as_f64().unwrap()
}

const DARK: &str = "prefers-color-scheme: dark";
const LESS_MOTION: &str = "prefers-reduced-motion: reduce";
const MORE_CONTRAST: &str = "prefers-contrast: more";

#[test]
fn the_page_follows_the_settings_daemon_at_the_start_and_while_it_is_open() {
    let desktop = Desktop::new();
    let settings = Xsettings::on(&desktop, "Net/ThemeName \"Adwaita-dark\"\n");
    let window = Window::open(&desktop, &[]);
    until_media(&window, &[(DARK, true), (LESS_MOTION, false), (MORE_CONTRAST, false)]);
    until_painted(&window, true);

    settings.change("Net/ThemeName \"Adwaita\"\nGtk/EnableAnimations 0\n");
    until_media(&window, &[(DARK, false), (LESS_MOTION, true)]);
    until_painted(&window, false);

    settings.change("Net/ThemeName \"HighContrast\"\nGtk/EnableAnimations 1\n");
    until_media(&window, &[(MORE_CONTRAST, true), (LESS_MOTION, false)]);
}

#[test]
fn the_page_follows_the_settings_file_of_gtk() {
    let desktop = Desktop::new();
    let directory = desktop.place("xdg/config/gtk-3.0");
    std::fs::create_dir_all(&directory).unwrap();
    let text = "[Settings]\ngtk-application-prefer-dark-theme=1\ngtk-enable-animations=0\n";
    std::fs::write(directory.join("settings.ini"), text).unwrap();
    let window = Window::open(&desktop, &[]);
    until_media(&window, &[(DARK, true), (LESS_MOTION, true)]);
    until_painted(&window, true);
}

#[test]
fn the_page_follows_the_text_scale_of_the_desktop() {
    let desktop = Desktop::new();
    // A daemon tells dots per inch in 1024ths; 96 are the usual.
    let settings = Xsettings::on(&desktop, "Xft/DPI 147456\n");
    let window = Window::open(&desktop, &[]);
    let large = width(&window);
    settings.change("Xft/DPI 98304\n");
    window.until("the page has its usual scale", || {
        ((width(&window) / large - 1.5).abs() < 0.01).then_some(())
    });
}

#[test]
fn the_page_follows_the_portal_at_the_start_and_while_it_is_open() {
    let desktop = Desktop::new();
    let portal = AppearancePortal::on(&desktop, &[("color-scheme", 1)]);
    let window = Window::open(&desktop, &[]);
    until_media(&window, &[(DARK, true), (MORE_CONTRAST, false), (LESS_MOTION, false)]);
    until_painted(&window, true);

    portal.change("contrast", 1);
    portal.change("reduced-motion", 1);
    until_media(&window, &[(MORE_CONTRAST, true), (DARK, true), (LESS_MOTION, true)]);

    portal.change("color-scheme", 2);
    portal.change("contrast", 0);
    until_media(&window, &[(DARK, false), (MORE_CONTRAST, false)]);
    until_painted(&window, false);
}

#[test]
fn a_portal_that_starts_later_is_followed() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    until_media(&window, &[(DARK, false)]);
    let _portal = AppearancePortal::on(&desktop, &[("color-scheme", 1)]);
    until_media(&window, &[(DARK, true)]);
}

/// Runs an action by its name in the command palette.
fn run_from_palette(window: &Window, name: &str) {
    // It is loaded after the first paint.
    window.css("dialog.palette");
    window.hold(CONTROL, "k");
    window.css("dialog.palette[open] input:focus");
    window.press(name);
    window.until("the palette offers it first", || {
        let first = "return document.querySelector('.palette [aria-selected=true]')?.innerText";
        window.script(first).as_str().is_some_and(|text| text.contains(name)).then_some(())
    });
    window.press(ENTER);
}

const CONTROL: &str = "\u{e009}";
const ENTER: &str = "\u{e007}";

#[test]
fn a_chosen_theme_counts_more_than_the_desktop_at_once_and_at_the_next_start() {
    let desktop = Desktop::new();
    let settings = Xsettings::on(&desktop, "Net/ThemeName \"Adwaita-dark\"\n");
    let window = Window::open(&desktop, &[]);
    window.skip_welcome();
    until_painted(&window, true);
    run_from_palette(&window, "Theme: light");
    until_painted(&window, false);
    until_media(&window, &[(DARK, false)]);
    drop(window);
    desktop.until_apps(0);

    let window = Window::open(&desktop, &[]);
    until_painted(&window, false);
    until_media(&window, &[(DARK, false)]);
    // The desktop is followed again, also in what has changed meanwhile.
    settings.change("Net/ThemeName \"HighContrast\"\n");
    run_from_palette(&window, "Theme: like the system");
    until_media(&window, &[(DARK, false), (MORE_CONTRAST, true)]);
    settings.change("Net/ThemeName \"Adwaita-dark\"\n");
    until_painted(&window, true);
    run_from_palette(&window, "Theme: dark");
    settings.change("Net/ThemeName \"Adwaita\"\n");
    until_media(&window, &[(DARK, true), (MORE_CONTRAST, false)]);
    until_painted(&window, true);
}

#[test]
fn keys_change_the_text_size_and_the_next_start_keeps_it() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    window.skip_welcome();
    let usual = width(&window);
    let until_factor = |window: &Window, factor: f64| {
        window.until(&format!("the page is {factor} times as large"), || {
            ((usual / width(window) - factor).abs() < 0.01).then_some(())
        });
    };
    window.hold(CONTROL, "+");
    until_factor(&window, 1.1);
    window.hold(CONTROL, "=");
    until_factor(&window, 1.25);
    window.hold(CONTROL, "-");
    until_factor(&window, 1.1);
    window.hold(CONTROL, "0");
    until_factor(&window, 1.0);
    window.hold(CONTROL, "+");
    until_factor(&window, 1.1);
    drop(window);
    desktop.until_apps(0);
    let window = Window::open(&desktop, &[]);
    until_factor(&window, 1.1);
}
