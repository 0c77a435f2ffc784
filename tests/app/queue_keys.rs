//! What the queue offers besides opening a task: last words under a row, the newest outcome, another order.

use serde_json::Value;

use crate::desktop::Desktop;
use crate::keyboard::{ALT, CONTROL, ENTER, ESCAPE, tab_to};
use crate::process::until;
use crate::webdriver::Window;

#[test]
fn the_space_bar_shows_the_last_words_and_takes_a_follow_up() {
    let desktop = Desktop::new();
    let id = desktop.submit("[[say The last words.]]", "Peeked");
    let window = Window::open(&desktop, &[]);
    desktop.until_status(&id, "completed");
    window.navigate("#/");
    window.role("option", "Peeked");
    window.press("j");
    window.press(" ");
    let words = "return document.querySelector('.peek .text')?.innerText.trim()";
    window.until("the row shows its last words", || {
        (window.script(words) == "The last words.").then_some(())
    });
    assert_eq!(window.place(), "#/", "no task was opened");
    tab_to(&window, "textbox", &format!("Follow-up to task {id}"));
    window.press("[[say Newer words.]]");
    window.hold(CONTROL, ENTER);
    let task = || desktop.json(["status", &id]);
    until("the task has followed", || task()["result"] == "Newer words.");
    let is_peeking = || window.script("return document.querySelector('.peek') !== null") == true;
    window.until("the peek has ended", || (!is_peeking()).then_some(()));
    window.press(" ");
    window.until("the row shows its newer words", || {
        (window.script(words) == "Newer words.").then_some(())
    });
    window.press(ESCAPE);
    window.until("the peek has ended", || (!is_peeking()).then_some(()));
    assert_eq!(window.script("return errors"), serde_json::json!([]));
}

#[test]
fn u_opens_the_newest_unseen_outcome() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    let ids: Vec<String> = ["First", "Second"]
        .map(|name| {
            let id = desktop.submit(&format!("[[say {name} is done.]]"), name);
            desktop.until_status(&id, "completed");
            id
        })
        .into();
    window.navigate("#/");
    window.role("option", "Second");
    window.press("u");
    window.until_page(&format!("#/task/{}", ids[1]));
    // The same as looking at it for a second, which takes a focused window.
    desktop.worker(["seen", &ids[1]]);
    window.until_logged("Second is done.");
    window.press("u");
    window.until_page(&format!("#/task/{}", ids[0]));
    desktop.worker(["seen", &ids[0]]);
    window.until_logged("First is done.");
    window.press("u");
    window.until_shown("You have seen all outcomes");
}

/// The names of the queued tasks, in the order in which they will start.
fn order(desktop: &Desktop) -> Vec<String> {
    let mut tasks =
        desktop.json(["list", "--status", "pending"])["tasks"].as_array().unwrap().clone();
    let place = |task: &Value| task["queue_place"].as_i64().or(task["id"].as_i64());
    tasks.sort_by_key(place);
    tasks.iter().map(|task| task["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_row_of_up_next_goes_where_it_is_dragged_and_where_keys_move_it() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    desktop.worker(["pause"]);
    for name in ["one", "two", "three"] {
        desktop.submit("[[say Hello.]]", name);
    }
    window.navigate("#/");
    window.role("option", "three");
    assert_eq!(order(&desktop), ["one", "two", "three"]);
    // The last row to the upper half of the first one.
    let (from, to) = (window.middle_of("option", "three"), window.middle_of("option", "one"));
    window.drag(from, (to.0, to.1 - 14));
    until("the order has changed", || order(&desktop) == ["three", "one", "two"]);
    let rows = "return [...document.querySelectorAll('[data-task] .name')]
        .map((name) => [name.getBoundingClientRect().top, name.textContent])
        .sort(([a], [b]) => a - b).map(([, name]) => name)";
    window.until("the rows have changed", || {
        (window.script(rows) == serde_json::json!(["three", "one", "two"])).then_some(())
    });
    assert_eq!(window.place(), "#/", "the drag opened no task");
    window.press("j");
    window.hold(ALT, crate::keyboard::DOWN);
    until("a key has moved it", || order(&desktop) == ["one", "three", "two"]);
}
