//! How every page looks in the real web view: a picture of each, and checks of what a person would see
//! to be wrong: text that is cut beside free room, lists without height, controls under something else,
//! parts outside of the window, errors in the console, and what axe finds.
//!
//! The pages are listed in [`pages`], their tasks are in [`day`]. The pictures are in `target/looks`, to
//! be looked at by people; they are not compared.

mod agents;
mod breaks;
mod browser;
mod day;
mod pages;
mod quick_entry;
mod transcript;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::desktop::Desktop;
use crate::keyboard::{CONTROL, ESCAPE, SHIFT};
use crate::screen::Screen;
use crate::webdriver::Window;
use crate::xsettings::Xsettings;
use day::Day;
use pages::{LAYOUTS, PAGES, Page, Step};

const SETTLE: &str = include_str!("looks/settle.js");
const CHECK: &str = include_str!("looks/check.js");

/// A window that the pages are shown in.
#[derive(Clone, Copy)]
struct Look {
    width: u16,
    height: u16,
    dark: bool,
    /// Whether the desktop asks for more contrast.
    contrast: bool,
    /// How large text is, in dots per inch: 96 are the usual.
    dpi: u16,
    sees: Sees,
}

/// Which pages a window shows. With each page in each window, the tests take many minutes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sees {
    /// Every page, which axe examines, too.
    All,
    /// One page of each layout. `CLAUDE_WORKER_LOOKS=all` shows every page here, too.
    Layouts,
}

impl Look {
    fn name(self) -> String {
        let theme = if self.dark { "dark" } else { "light" };
        let contrast = if self.contrast { "-contrast" } else { "" };
        let scale = if self.dpi == 96 { "" } else { "-large" };
        format!("{}-{theme}{contrast}{scale}", self.width)
    }

    /// The theme of GTK.
    fn theme(self) -> &'static str {
        match (self.contrast, self.dark) {
            (false, false) => "Adwaita",
            (false, true) => "Adwaita-dark",
            (true, false) => "HighContrast",
            (true, true) => "HighContrastInverse",
        }
    }

    /// The settings of its desktop: without animations, so that no picture shows a page on its way.
    fn settings(self) -> String {
        format!(
            "Net/ThemeName \"{}\"\nGtk/EnableAnimations 0\nXft/DPI {}\n",
            self.theme(),
            u32::from(self.dpi) * 1024
        )
    }

    /// How wide its page is, in the page's own pixels.
    fn page_width(self) -> f64 {
        f64::from(self.width) * 96.0 / f64::from(self.dpi)
    }
}

const WIDE: Look =
    Look { width: 1280, height: 820, dark: false, contrast: false, dpi: 96, sees: Sees::Layouts };
const SMALL: Look = Look { width: 1000, height: 700, ..WIDE };
const HUGE: Look = Look { width: 2560, height: 1400, ..WIDE };
const PHONE: Look = Look { width: 390, height: 844, ..WIDE };

// The windows of a test are one window, one after the other, so that what is made for them is made once.

#[test]
fn wide_light_windows() {
    look_at(&[HUGE, SMALL, Look { sees: Sees::All, ..WIDE }]);
}

#[test]
fn narrow_and_dark_windows() {
    let dark = Look { dark: true, ..WIDE };
    look_at(&[dark, PHONE, Look { dark: true, sees: Sees::All, ..PHONE }]);
}

#[test]
fn windows_with_high_contrast_and_large_text() {
    let large = |look| Look { dpi: 144, ..look };
    let contrast = Look { contrast: true, ..WIDE };
    let dark = Look { contrast: true, dark: true, ..PHONE };
    look_at(&[contrast, dark, large(WIDE), large(HUGE), large(SMALL), large(PHONE)]);
}

/// Shows the pages in each of these windows; fails with all that is wrong.
fn look_at(looks: &[Look]) {
    let desktop = Desktop::with_window_manager();
    let settings = Xsettings::on(&desktop, &looks[0].settings());
    let mut day = Day::past(&desktop);
    std::fs::write(desktop.data().join("templates.json"), pages::TEMPLATES).unwrap();
    let window = Window::open(&desktop, &[]);
    let screen = Screen::of(&desktop);
    until_listening(&window);
    day.present();
    let mut faults = Vec::new();
    for (number, look) in looks.iter().enumerate() {
        settings.change(&look.settings());
        screen.resize("Claude Worker", look.width, look.height);
        until_like(&window, *look);
        let is_last = number + 1 == looks.len();
        for page in seen_in(*look).filter(|page| is_last || !page.ends_the_day()) {
            let seen = visit(&window, &screen, &day, page, *look);
            let named = |fault| format!("{}-{}: {fault}", page.name, look.name());
            // At once, for a test that is ended before it has seen all pages.
            faults.extend(seen.into_iter().map(named).inspect(|fault| eprintln!("{fault}")));
        }
    }
    day.end();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Waits until the page has the size and the theme of this window.
fn until_like(window: &Window, look: Look) {
    let scale = f64::from(look.dpi) / 96.0;
    let size = [look.page_width(), f64::from(look.height) / scale];
    window.until("the window has its size", || {
        let now = window.script("return [innerWidth, innerHeight]");
        let near = |index: usize| Some((now[index].as_f64()? - size[index]).abs() < 1.5);
        (near(0)? && near(1)?).then_some(())
    });
    for (query, value) in
        [("prefers-color-scheme: dark", look.dark), ("prefers-contrast: more", look.contrast)]
    {
        let script = format!("return matchMedia('({query})').matches");
        window.until(&format!("{query} is {value}"), || {
            (window.script(&script) == value).then_some(())
        });
    }
}

/// Waits until every key works: the palette comes last.
fn until_listening(window: &Window) {
    window.until("the palette is loaded", || {
        (window.script("return document.querySelector('dialog.palette') !== null") == true)
            .then_some(())
    });
}

/// The pages that a window shows; `CLAUDE_WORKER_LOOKS` names others, separated by commas, or `all`.
fn seen_in(look: Look) -> impl Iterator<Item = &'static Page> {
    let chosen = std::env::var("CLAUDE_WORKER_LOOKS").unwrap_or_default();
    let has_room = move |page: &&Page| page.windows.have(look.page_width());
    PAGES.iter().filter(has_room).filter(move |page| match chosen.as_str() {
        "" => look.sees == Sees::All || LAYOUTS.contains(&page.name),
        "all" => true,
        names => names.split(',').any(|name| name == page.name),
    })
}

/// Goes to a page, takes its picture, and returns what is wrong.
fn visit(window: &Window, screen: &Screen, day: &Day, page: &Page, look: Look) -> Vec<String> {
    if let Err(fault) = go(window, day, page) {
        leave(window, day, page);
        return vec![fault];
    }
    screen.picture("Claude Worker", &picture_file(&format!("{}-{}", page.name, look.name())));
    let faults = if look.sees == Sees::All { all_faults(window) } else { check(window) };
    leave(window, day, page);
    faults
}

/// What is wrong with the layout.
fn check(window: &Window) -> Vec<String> {
    strings(&window.script(CHECK))
}

/// What is wrong with the layout, and what axe finds, which takes longer than all else.
fn all_faults(window: &Window) -> Vec<String> {
    let mut faults = check(window);
    if window.script("return window.axe === undefined") == true {
        window.script(&axe());
    }
    faults.extend(strings(&window.run(AXE, &json!([]))));
    faults
}

/// Goes to a page and does there what is to be done; the error is what is wrong.
fn go(window: &Window, day: &Day, page: &Page) -> Result<(), String> {
    let arrived = settle(window, &day.address(page.at), page.shows);
    if !arrived.is_empty() {
        return Err(arrived);
    }
    page.steps.iter().try_for_each(|step| take(window, day, step))?;
    settle(window, "", "");
    Ok(())
}

fn take(window: &Window, day: &Day, step: &Step) -> Result<(), String> {
    match step {
        Step::Press(keys) => window.press(keys),
        Step::Control(key) => window.hold(CONTROL, key),
        Step::Shift(key) => window.hold(SHIFT, key),
        Step::Focus(role, name) => {
            // After a key, the focus is shown.
            window.press(SHIFT);
            window.focus(role, name);
        }
        Step::Go(place) => {
            window.script(&format!("location.hash = {place:?}"));
        }
        Step::StopEngine => day.stop_engine(),
        Step::Click(role, name) => {
            let found =
                window.look(role, name).ok_or_else(|| format!("there is no {role} \"{name}\""));
            found.map(|_| window.activate(role, name))?;
        }
        Step::OtherClick(selector) => {
            window.run(&OTHER_CLICK.replace("SELECTOR", selector), &json!([]));
        }
        Step::Fill(role, name, text) => window.fill(role, name, text),
        Step::DragFiles => {
            window.script(DRAG);
        }
        Step::Shows(text) => {
            let shown = settle(window, "", text);
            return if shown.is_empty() { Ok(()) } else { Err(shown) };
        }
    }
    Ok(())
}

/// Undoes what was done, closes what is open, and empties the search.
fn leave(window: &Window, day: &Day, page: &Page) {
    for step in page.back {
        if let Err(fault) = take(window, day, step) {
            eprintln!("{}: {fault}", page.name);
        }
    }
    let covered = "return document.querySelector(
        'dialog:modal, :popover-open, .find, .peek, .selection-bar') !== null";
    for _ in 0..4 {
        if window.script(covered) != true {
            break;
        }
        window.press(ESCAPE);
        settle(window, "", "");
    }
    window.script(LEAVE);
}

const OTHER_CLICK: &str = "
    const done = arguments[0];
    const element = document.querySelector('SELECTOR');
    element.scrollIntoView({ block: 'nearest' });
    // A list that scrolls closes its menu.
    requestAnimationFrame(() => requestAnimationFrame(() => {
        const { x, y, width, height } = element.getBoundingClientRect();
        element.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true,
            button: 2, clientX: x + width / 2, clientY: y + height / 2 }));
        done();
    }))";

const DRAG: &str = "
    const data = new DataTransfer();
    data.items.add(new File(['a'], 'notes.txt'));
    window.dispatchEvent(new DragEvent('dragover', { dataTransfer: data, cancelable: true }))";

const LEAVE: &str = "
    window.dispatchEvent(new DragEvent('dragleave', { relatedTarget: null }));
    const search = document.querySelector('input[aria-label=\"Search tasks\"]');
    if (search?.value) {
        search.value = '';
        search.dispatchEvent(new Event('input', { bubbles: true }));
    }
    for (const name of ['Dismiss', 'Dismiss the warning']) {
        for (const one of document.querySelectorAll(`[aria-label=\"${name}\"]`)) one.click();
    }
    document.activeElement?.blur()";

/// Waits until the page shows this text and nothing moves; returns what is wrong.
fn settle(window: &Window, place: &str, text: &str) -> String {
    window.run(SETTLE, &json!([place, text])).as_str().unwrap_or_default().to_owned()
}

/// The script that defines axe.
fn axe() -> String {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(source).expect("`cargo xtask ui` installs it")
}

const AXE: &str = "
    const done = arguments[0];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] }).then(
        ({ violations }) => done(violations.flatMap(({ id, help, nodes }) => nodes.map(
            ({ target, failureSummary }) => `${id}: ${help}: ${target} ${failureSummary}`))),
        (error) => done([`axe: ${error}`]))";

fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    list.iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
}

/// The file for a picture, in `target/looks`.
fn picture_file(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("looks");
    std::fs::create_dir_all(&directory).unwrap();
    directory.join(format!("{name}.png"))
}
