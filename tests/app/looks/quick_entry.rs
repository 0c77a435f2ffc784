//! The window of the quick entry.

use super::{Look, WIDE, all_faults, picture_file, settle};
use crate::desktop::Desktop;
use crate::screen::Screen;
use crate::webdriver::Window;
use crate::xsettings::Xsettings;

#[test]
fn the_quick_entry_in_each_theme_and_with_large_text() {
    let dark = Look { dark: true, ..WIDE };
    for look in [WIDE, dark, Look { contrast: true, ..WIDE }, Look { dpi: 144, ..dark }] {
        let desktop = Desktop::with_window_manager();
        let _settings = Xsettings::on(&desktop, &look.settings());
        // It offers the directories of former tasks.
        for project in ["webshop", "documentation-of-the-parser", "tracker"] {
            let directory = desktop.place("home/code").join(project);
            std::fs::create_dir_all(&directory).unwrap();
            let directory = directory.display().to_string();
            let task = desktop.json(["run", "--agent", "shell", "exit 0", "--dir", &directory]);
            desktop.until_status(&task["id"].to_string(), "completed");
        }
        desktop.worker(["server", "stop"]);
        let window = Window::open(&desktop, &["--quick-entry"]);
        assert_eq!(settle(&window, "", "webshop"), "");
        let name = format!("quick-entry-{}", look.name());
        Screen::of(&desktop).picture("Quick entry", &picture_file(&name));
        let faults = all_faults(&window);
        assert!(faults.is_empty(), "{name}: {}", faults.join("\n"));
    }
}
