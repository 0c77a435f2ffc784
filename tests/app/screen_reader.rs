//! What a screen reader says of each page, heard on the accessibility bus as Orca hears it.

use crate::accessibility_bus::{AccessibilityBus, Heard};
use crate::desktop::Desktop;
use crate::process::until_some;
use crate::webdriver::Window;

const PROGRAM: &str = "claude-worker-app";

/// Roles of what is pressed, chosen or filled in: a screen reader says its name.
const CONTROLS: &[&str] = &[
    "push button",
    "toggle button",
    "check box",
    "radio button",
    "entry",
    "password text",
    "combo box",
    "link",
    "page tab",
    "list box",
    "menu item",
    "slider",
    "spin button",
    "dialog",
    "heading",
];

/// A page, and elements that a person has to hear there, by role and name.
struct Page {
    place: &'static str,
    heard: &'static [(&'static str, &'static str)],
}

const PAGES: &[Page] = &[
    Page {
        place: "#/",
        heard: &[
            ("landmark", "Sidebar"),
            ("link", "Needs you 1"),
            ("toggle button", "Pause queue"),
            ("entry", "Search tasks"),
            ("push button", "New task"),
            ("list box", "All tasks"),
            ("list item", "Done Greet #1 Hello."),
        ],
    },
    Page {
        place: "#/task/1",
        heard: &[
            ("heading", "Greet #1"),
            ("push button", "Retry"),
            ("push button", "Open directory"),
            ("page tab", "Log"),
            ("page tab", "Result"),
            ("page tab", "Runs 1"),
            ("log", "Log"),
            ("entry", "Follow-up"),
        ],
    },
    Page {
        place: "#/new",
        heard: &[
            ("heading", "New task"),
            ("radio button", "Claude Code"),
            ("entry", "What should Claude do?"),
            ("combo box", "Directory"),
            ("combo box", "Permissions"),
            ("push button", "Send"),
        ],
    },
    Page {
        place: "#/settings",
        heard: &[
            ("heading", "Settings"),
            ("combo box", "Theme"),
            ("push button", "Larger text"),
            ("toggle button", "Live text"),
            ("entry", "Workers"),
        ],
    },
    Page {
        place: "#/welcome",
        heard: &[("push button", "Check again"), ("push button", "Go to the queue")],
    },
];

/// Hears the window until all of this is there.
#[track_caller]
fn hear(bus: &AccessibilityBus, expected: &[(&str, &str)]) -> Heard {
    let mut last = None;
    let heard = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        until_some("the page is heard", || {
            let heard = bus.hear(PROGRAM)?;
            let whole = expected.iter().all(|(role, name)| heard.has(role, name));
            let text = heard.to_string();
            last = Some(text);
            whole.then_some(heard)
        })
    }));
    heard.unwrap_or_else(|_| {
        panic!("of {expected:?} not all is heard, but:\n{}", last.unwrap_or_default())
    })
}

#[test]
fn a_screen_reader_hears_a_name_for_every_control_of_every_page() {
    let mut desktop = Desktop::new();
    let bus = AccessibilityBus::on(&mut desktop);
    let window = Window::open(&desktop, &[]);
    let greet = desktop.submit("[[say Hello.]]", "Greet");
    desktop.until_status(&greet, "completed");
    let fails = desktop.submit("[[error credit]]", "Costly");
    desktop.until_status(&fails, "failed");
    for Page { place, heard } in PAGES {
        window.navigate(place);
        let page = hear(&bus, heard);
        if std::env::var_os("CLAUDE_WORKER_SPOKEN").is_some() {
            println!("{place}\n{page}");
        }
        let nameless: Vec<_> = page
            .all()
            .into_iter()
            .filter(|one| CONTROLS.contains(&one.role.as_str()) && one.name.trim().is_empty())
            .map(|one| one.role.clone())
            .collect();
        assert_eq!(nameless, Vec::<String>::new(), "{place} has controls without a name:\n{page}");
    }
}
