//! What a browser shows that is not logged in, in WebKit: the app never shows it.

use super::{Look, PHONE, WIDE, all_faults, picture_file, settle};
use crate::desktop::Desktop;
use crate::screen::Screen;
use crate::webdriver::Window;
use crate::xsettings::Xsettings;

#[test]
fn the_login_page_in_a_wide_and_a_narrow_browser() {
    // The browser is not narrower than its own buttons.
    for look in [WIDE, Look { width: 480, dark: true, ..PHONE }] {
        let desktop = Desktop::with_window_manager();
        let _settings = Xsettings::on(&desktop, &look.settings());
        desktop.worker(["server", "start", "--http", "127.0.0.1:0"]);
        let health = desktop.json(["server", "health"]);
        let window = Window::browse(&desktop, health["http"].as_str().unwrap());
        let screen = Screen::of(&desktop);
        screen.resize("Claude Worker", look.width, look.height);
        window.until("the window has its size", || {
            (window.script("return innerWidth") == look.width).then_some(())
        });
        assert_eq!(settle(&window, "", "This browser is not logged in"), "");
        screen.picture("Claude Worker", &picture_file(&format!("log-in-{}", look.name())));
        let faults = all_faults(&window);
        assert!(faults.is_empty(), "{}: {}", look.name(), faults.join("\n"));
    }
}
