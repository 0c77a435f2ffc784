//! How every page looks in the real web view: a picture of each, and checks of what a person would see
//! to be wrong: text that is cut beside free room, lists without height, controls under something else,
//! parts outside of the window, errors in the console, and what axe finds.
//!
//! The pages are listed in [`pages`], their tasks are in [`day`]. The pictures are in `target/looks`, to
//! be looked at by people; they are not compared.

mod day;
mod pages;
mod transcript;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::desktop::Desktop;
use crate::screen::Screen;
use crate::webdriver::Window;
use crate::xsettings::Xsettings;
use day::Day;
use pages::{ESCAPE, PAGES, Page, Step};

const SETTLE: &str = include_str!("looks/settle.js");
const CHECK: &str = include_str!("looks/check.js");

/// A window that the pages are shown in.
#[derive(Clone, Copy)]
struct Look {
    width: u16,
    height: u16,
    dark: bool,
    /// How large text is, in dots per inch: 96 are the usual.
    dpi: u16,
    /// Whether axe examines each page, which takes longer than all other checks.
    axe: bool,
}

impl Look {
    fn name(self) -> String {
        let theme = if self.dark { "dark" } else { "light" };
        let scale = if self.dpi == 96 { "" } else { "-large" };
        format!("{}-{theme}{scale}", self.width)
    }
}

const WIDE: Look = Look { width: 1280, height: 820, dark: false, dpi: 96, axe: false };
const PHONE: Look = Look { width: 390, height: 844, ..WIDE };

#[test]
fn a_wide_light_window() {
    look_at_all(Look { axe: true, ..WIDE });
}

#[test]
fn a_wide_dark_window() {
    look_at_all(Look { dark: true, axe: true, ..WIDE });
}

#[test]
fn a_small_window() {
    look_at_all(Look { width: 1000, height: 700, ..WIDE });
}

#[test]
fn a_huge_window() {
    look_at_all(Look { width: 2560, height: 1400, ..WIDE });
}

#[test]
fn a_narrow_light_window() {
    look_at_all(Look { axe: true, ..PHONE });
}

#[test]
fn a_narrow_dark_window() {
    look_at_all(Look { dark: true, ..PHONE });
}

#[test]
fn a_wide_window_with_large_text() {
    look_at_all(Look { dpi: 144, ..WIDE });
}

/// Shows every page in this window; fails with all that is wrong.
fn look_at_all(look: Look) {
    let desktop = Desktop::with_window_manager();
    let theme = if look.dark { "Adwaita-dark" } else { "Adwaita" };
    // Without animations, so that no picture shows a page on its way.
    let settings = format!(
        "Net/ThemeName \"{theme}\"\nGtk/EnableAnimations 0\nXft/DPI {}\n",
        u32::from(look.dpi) * 1024
    );
    let _settings = Xsettings::on(&desktop, &settings);
    let mut day = Day::past(&desktop);
    let window = Window::open(&desktop, &[]);
    let screen = Screen::of(&desktop);
    until_listening(&window);
    day.present();
    screen.resize("Claude Worker", look.width, look.height);
    let width = f64::from(look.width) * 96.0 / f64::from(look.dpi);
    window.until("the window has its size", || {
        let now = window.script("return innerWidth").as_f64()?;
        ((now - width).abs() < 1.5).then_some(())
    });
    let dark = "return matchMedia('(prefers-color-scheme: dark)').matches";
    window.until("the window has its theme", || (window.script(dark) == look.dark).then_some(()));
    let mut faults = Vec::new();
    for page in selected() {
        let seen = visit(&window, &screen, &day, page, look);
        let named = |fault| format!("{}-{}: {fault}", page.name, look.name());
        // At once, for a test that is ended before it has seen all pages.
        faults.extend(seen.into_iter().map(named).inspect(|fault| eprintln!("{fault}")));
    }
    day.end();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Waits until every key works: the palette comes last.
fn until_listening(window: &Window) {
    window.until("the palette is loaded", || {
        (window.script("return document.querySelector('dialog.palette') !== null") == true)
            .then_some(())
    });
}

/// The pages, or those that `CLAUDE_WORKER_LOOKS` names, separated by commas.
fn selected() -> impl Iterator<Item = &'static Page> {
    let chosen = std::env::var("CLAUDE_WORKER_LOOKS").unwrap_or_default();
    PAGES
        .iter()
        .filter(move |page| chosen.is_empty() || chosen.split(',').any(|name| name == page.name))
}

/// Goes to a page, takes its picture, and returns what is wrong.
fn visit(window: &Window, screen: &Screen, day: &Day, page: &Page, look: Look) -> Vec<String> {
    if let Err(fault) = go(window, day, page) {
        leave(window);
        return vec![fault];
    }
    screen.picture("Claude Worker", &picture_file(&format!("{}-{}", page.name, look.name())));
    let mut faults = strings(&window.script(CHECK));
    if look.axe {
        faults.extend(strings(&window.run(&axe(), &json!([]))));
    }
    leave(window);
    faults
}

/// Goes to a page and does there what is to be done; the error is what is wrong.
fn go(window: &Window, day: &Day, page: &Page) -> Result<(), String> {
    let arrived = settle(window, &day.address(page.at), page.shows);
    if !arrived.is_empty() {
        return Err(arrived);
    }
    page.steps.iter().try_for_each(|step| take(window, step))?;
    settle(window, "", "");
    Ok(())
}

fn take(window: &Window, step: &Step) -> Result<(), String> {
    match step {
        Step::Press(keys) => window.press(keys),
        Step::Control(key) => window.hold("\u{e009}", key),
        Step::Click(role, name) => {
            let found =
                window.look(role, name).ok_or_else(|| format!("there is no {role} \"{name}\""));
            found.map(|_| window.activate(role, name))?;
        }
        Step::OtherClick(selector) => {
            window.script(&OTHER_CLICK.replace("SELECTOR", selector));
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

/// Closes what is open, and empties the search.
fn leave(window: &Window) {
    let covered = "return document.querySelector('dialog:modal, :popover-open, .find') !== null";
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
    const element = document.querySelector('SELECTOR');
    const { x, y, width, height } = element.getBoundingClientRect();
    element.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true,
        button: 2, clientX: x + width / 2, clientY: y + height / 2 }))";

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
    document.activeElement?.blur()";

/// Waits until the page shows this text and nothing moves; returns what is wrong.
fn settle(window: &Window, place: &str, text: &str) -> String {
    window.run(SETTLE, &json!([place, text])).as_str().unwrap_or_default().to_owned()
}

/// A script that examines the page with axe.
fn axe() -> String {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/node_modules/axe-core/axe.min.js");
    let source = std::fs::read_to_string(source).expect("`cargo xtask ui` installs it");
    format!("const done = arguments[0]; if (!window.axe) {{ {source} }}\n{AXE}")
}

const AXE: &str = "
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
