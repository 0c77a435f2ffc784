//! The checks find what they are for: each rule sees a page that was broken on purpose.

use serde_json::json;

use super::{WIDE, all_faults, settle};
use crate::desktop::Desktop;
use crate::keyboard::ESCAPE;
use crate::screen::Screen;
use crate::webdriver::Window;

/// A way to break a page.
struct Break {
    /// What is done on the page of a task before.
    opens: &'static str,
    how: How,
    /// A part of the fault that the check must report.
    found: &'static str,
}

enum How {
    /// By styles.
    Css(&'static str),
    /// By an error in the console.
    Error(&'static str),
}

use How::{Css, Error};

const fn page(css: &'static str, found: &'static str) -> Break {
    Break { opens: "", how: Css(css), found }
}

const fn palette(css: &'static str, found: &'static str) -> Break {
    Break { opens: "k", how: Css(css), found }
}

const BREAKS: &[Break] = &[
    // The path of a task once stood cut beside a thousand free pixels.
    page(".path button { max-width: 100% !important }", "is cut by 12 px beside"),
    page(".path .cut { max-width: 12px }", "is cut to 12 px"),
    page("ul[aria-label=Summary] { width: 60px; overflow: hidden } li { flex: none }", " out of "),
    page("header .top { height: 9px; overflow: hidden }", "out of the lower edge of"),
    page(
        "ul[aria-label=Summary] { flex-wrap: wrap !important }
         ul[aria-label=Summary] li:nth-child(n+3) { order: 2 }
         ul[aria-label=Summary]::after { content: ''; flex-basis: 100%; order: 1 }",
        "wraps although it fits into a line",
    ),
    page(
        "#app { width: calc(100vw + 80px) } html, body { overflow: visible }",
        "wider than the window",
    ),
    page(
        "#app { height: calc(100vh + 80px) } html, body { overflow: visible }",
        "higher than the window",
    ),
    page(
        "body::after { content: ''; position: fixed; inset: 0; z-index: 9999 }",
        "is under <body>",
    ),
    page("header .actions { position: fixed; right: -500px }", "is out of sight"),
    page("aside * { overflow-x: auto } aside nav ul { width: 400px }", "to the side"),
    page(
        "header .actions button { width: 14px !important; height: 14px !important; min-width: 0 !important; min-height: 0 !important; padding: 0 !important }",
        "is a target of",
    ),
    page("div:has(> ul[aria-label=Summary]) { margin-top: -36px !important }", "is written over"),
    page("h1 { color: #999 !important; background: #aaa }", "color-contrast"),
    Break {
        opens: "j",
        how: Css("[role=listbox]:focus { box-shadow: inset 0 0 0 2px red !important }"),
        found: "a frame around",
    },
    Break {
        opens: "j",
        how: Css("[role=listbox]:focus { outline: 3px solid !important }"),
        found: "a frame around",
    },
    Break {
        opens: "",
        how: Error("broken on purpose"),
        found: "error in the console: broken on purpose",
    },
    // The list of the palette once was 12 pixels high.
    palette(
        ".palette [role=listbox] { flex: none !important; height: 12px !important }",
        "shows 12 px of",
    ),
    palette("dialog.palette { transform: translateX(-600px) }", "reaches out of the window"),
    palette("dialog.palette { height: 8px; min-height: 0 }", "by 8 px"),
];

/// Breaks the page; without styles, mends it.
fn style(window: &Window, css: &str) {
    let sheet = format!(
        "const sheet = new CSSStyleSheet(); sheet.replaceSync({}); document.adoptedStyleSheets = [sheet]",
        json!(css)
    );
    window.script(&sheet);
    settle(window, "", "");
}

#[test]
fn each_rule_finds_a_page_that_breaks_it() {
    let desktop = Desktop::with_window_manager();
    let window = Window::open(&desktop, &[]);
    Screen::of(&desktop).resize("Claude Worker", WIDE.width, WIDE.height);
    super::until_listening(&window);
    let task = desktop.json(["run", "--agent", "shell", "echo Hello", "--name", "Greet"]);
    let id = task["id"].to_string();
    desktop.until_status(&id, "completed");
    let mut missed = Vec::new();
    for Break { opens, how, found } in BREAKS {
        settle(&window, &format!("#/task/{id}"), "Hello");
        match *opens {
            "k" => window.hold("\u{e009}", "k"),
            keys => window.press(keys),
        }
        settle(&window, "", "");
        assert_eq!(all_faults(&window), Vec::<String>::new(), "before \"{found}\"");
        match how {
            Css(css) => style(&window, css),
            Error(text) => drop(window.script(&format!("console.error({text:?})"))),
        }
        let said = all_faults(&window);
        if !said.iter().any(|fault| fault.contains(found)) {
            missed.push(format!("\"{found}\" is not said, but: {said:#?}"));
        }
        style(&window, "");
        window.press(ESCAPE);
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
