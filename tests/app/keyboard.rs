//! A person who uses the keyboard only.

use crate::webdriver::Window;

/// Keys, as WebDriver numbers them.
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const DOWN: &str = "\u{e015}";
pub(crate) const HOME: &str = "\u{e011}";
pub(crate) const SHIFT: &str = "\u{e008}";
pub(crate) const CONTROL: &str = "\u{e009}";
pub(crate) const ALT: &str = "\u{e00a}";

/// More presses than the longest page has places for the focus.
const PLACES: usize = 120;

/// Moves the focus with Tab to the element with this role and name.
#[track_caller]
pub(crate) fn tab_to(window: &Window, role: &str, name: &str) {
    window.role(role, name);
    let mut passed = Vec::new();
    for _ in 0..PLACES {
        if window.has_focus(role, name) {
            return;
        }
        window.press(TAB);
        passed.push(window.script(FOCUSED).as_str().unwrap_or_default().to_owned());
    }
    panic!("Tab does not reach the {role} \"{name}\", but: {passed:?}");
}

/// Moves the focus to a button and presses it.
#[track_caller]
pub(crate) fn push(window: &Window, name: &str) {
    tab_to(window, "button", name);
    window.press(ENTER);
}

/// Moves the focus to a field, whatever text it has, and replaces the text.
#[track_caller]
pub(crate) fn write(window: &Window, role: &str, name: &str, text: &str) {
    tab_to(window, role, name);
    window.hold(CONTROL, "a");
    window.press(text);
}

/// Moves the focus to a list of choices and chooses one.
#[track_caller]
pub(crate) fn choose(window: &Window, name: &str, choice: &str) {
    tab_to(window, "combobox", name);
    window.press(ENTER);
    window.press(HOME);
    for _ in 0..PLACES {
        let active = window.script(ACTIVE);
        if active.as_str().is_some_and(|text| text.trim().starts_with(choice)) {
            window.press(ENTER);
            return;
        }
        window.press(DOWN);
    }
    panic!("{name} does not offer \"{choice}\"");
}

/// The element with the focus, for a failure.
const FOCUSED: &str = "const at = document.activeElement;
    return at.localName + ' ' + (at.ariaLabel ?? at.innerText ?? '').slice(0, 40)";

/// The choice that Enter would take.
const ACTIVE: &str = "const id = document.activeElement.getAttribute('aria-activedescendant');
    return id && document.getElementById(id)?.innerText";
