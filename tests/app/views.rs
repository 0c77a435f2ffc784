//! Filters, orders and saved views of the list.

use crate::desktop::{Desktop, Parts};
use crate::webdriver::Window;

const ENTER: &str = "\u{e007}";

/// The names of the tasks in the list, from the top.
fn names(window: &Window) -> Vec<String> {
    let script = "return [...document.querySelectorAll('[role=option] .name')]
        .map((name) => name.textContent.trim())";
    let found = window.script(script);
    found.as_array().unwrap().iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}

#[test]
fn a_view_keeps_filters_and_order_over_a_restart_of_the_app() {
    let desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
    for (name, command) in [("b", "true"), ("c", "exit 3"), ("a", "true")] {
        let id =
            desktop.json(["run", "--agent", "shell", "--name", name, command])["id"].to_string();
        desktop.until_status(&id, if name == "c" { "failed" } else { "completed" });
    }
    {
        let window = Window::open(&desktop, &[]);
        window.click("button", "Filter and sort");
        window.click("checkbox", "Completed");
        window.until_shown("2 of 3");
        window.click("combobox", "Order");
        window.click("option", "By name");
        window.until("the list is sorted", || (names(&window) == ["a", "b"]).then_some(()));
        window.click("button", "Save view…");
        window.fill("textbox", "Name", "Good ones");
        window.press(ENTER);
        window.role("link", "Good ones");
        window.click("button", "Order By name");
        window.click("button", "Status Completed");
        window.until("all tasks are shown", || (names(&window).len() == 3).then_some(()));
    }
    desktop.until_apps(0);
    let window = Window::open(&desktop, &[]);
    window.click("link", "Good ones");
    window.until_page("#/?status=completed&sort=name");
    window.until("the list is sorted", || (names(&window) == ["a", "b"]).then_some(()));
}
