//! The pages in the window, with the real app behind them.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::desktop::Desktop;
use crate::process::{read, until};
use crate::webdriver::Window;

/// Fills in the form for a new task and submits it.
fn submit(window: &Window, desktop: &Desktop, name: &str, prompt: &str) {
    window.navigate("#/new");
    window.fill("textbox", "What should Claude do?", prompt);
    window.fill("combobox", "Directory", &desktop.work().display().to_string());
    window.fill("textbox", "Name", name);
    window.click("button", "Send");
}

#[test]
fn no_graphics_driver_is_loaded_and_tasks_do_not_inherit_the_variables_for_that() {
    let desktop = Desktop::new();
    // Not through WebDriver, which makes WebKit load the driver.
    let app = desktop.start([]);
    desktop.until_engine(app.pid());
    until("the window is painted", || app.output().contains("the window is painted"));
    let id = desktop.json(["run", "--agent", "shell", "env"])["id"].to_string();
    desktop.until_status(&id, "completed");
    let named = read(format!("/proc/{}/comm", app.pid()).as_ref());
    assert_eq!(named.trim(), "claude-worker-a", "the system shortens the name");
    let loaded = read(format!("/proc/{}/maps", app.pid()).as_ref());
    for driver in ["libLLVM", "_dri.so", "libgallium"] {
        assert!(!loaded.contains(driver), "{driver} is loaded");
    }
    let seen = desktop.worker(["logs", &id, "--raw"]);
    assert!(seen.contains("CLAUDE_WORKER_TASK="), "{seen}");
    for own in ["GDK_GL", "WEBKIT_DISABLE_DMABUF_RENDERER", "__EGL_VENDOR_LIBRARY_FILENAMES"] {
        assert!(!seen.contains(own), "{own} reaches tasks: {seen}");
    }
}

#[test]
fn a_task_from_the_form_to_its_follow_up() {
    let desktop = Desktop::new();
    std::fs::write(desktop.work().join("notes.txt"), "a note in a file\n").unwrap();
    let window = Window::open(&desktop, &[]);
    let prompt = "[[say I look at the notes.]] [[read notes.txt]] [[hang]]";
    submit(&window, &desktop, "Journey", prompt);

    // The log appears while the task runs, and the tool call unfolds.
    window.until_page("#/task/1");
    window.role("heading", "Journey");
    window.until_logged("I look at the notes.");
    assert_eq!(desktop.json(["status", "1"])["status"], "running");
    window.click("button", "notes.txt");
    window.until_shown("a note in a file");

    window.click("button", "Cancel");
    let cancelled = desktop.until_status("1", "cancelled");
    assert_eq!(cancelled["run_history"].as_array().unwrap().len(), 1, "{cancelled}");
    window.until_shown("Cancelled");

    // The follow-up continues the session.
    window.fill("textbox", "Follow-up", "[[say Going on.]]");
    window.click("button", "Send follow-up");
    window.until_logged("Going on.");
    let resumed = desktop.until_status("1", "completed");
    assert_eq!(resumed["result"], "Going on.", "{resumed}");
    let runs = resumed["run_history"].as_array().unwrap().clone();
    assert_eq!(runs[0]["session_id"], runs[1]["session_id"], "{resumed}");

    // Retry starts from the beginning.
    window.click("button", "Retry");
    until("the task runs for the third time", || {
        let task = desktop.json(["status", "1"]);
        task["status"] == "running" && task["run_history"].as_array().unwrap().len() == 3
    });
    window.until_logged("I look at the notes.");
    window.click("button", "Cancel");
    desktop.until_status("1", "cancelled");
}

#[test]
fn the_window_shows_changes_by_the_command_line_at_once() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    window.skip_welcome();
    let id = desktop.submit("[[hang]]", "From the terminal");
    window.until_shown("From the terminal");
    desktop.worker(["cancel", &id]);
    until("the row shows it", || {
        let row = "return [...document.querySelectorAll('[role=option], [role=row], li, a')]
            .find((row) => row.textContent.includes('From the terminal'))?.textContent ?? ''";
        window.script(row).as_str().unwrap().contains("ancelled")
    });
}

#[test]
fn a_key_pauses_and_resumes_the_queue() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    window.skip_welcome();
    // The page shows the change before the engine has done it.
    let is_paused = |paused| desktop.json(["server", "health"])["queue"]["paused"] == paused;
    window.role("button", "Pause");
    window.press("p");
    window.role("button", "Resume");
    until("the queue is paused", || is_paused(true));
    window.press("p");
    window.role("button", "Pause");
    until("the queue is resumed", || is_paused(false));
}

#[test]
fn directory_log_and_links_open_in_other_programs() {
    let mut desktop = Desktop::new();
    // This opener of the desktop records what it has to open.
    let (programs, opened) = (desktop.place("programs"), desktop.place("opened"));
    std::fs::create_dir(&programs).unwrap();
    let opener = programs.join("xdg-open");
    std::fs::write(&opener, format!("#!/bin/sh\necho \"$1\" >> {}\n", opened.display())).unwrap();
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    // The app opens the log with the program for plain text, whatever its content.
    let applications = desktop.place("xdg/share/applications");
    std::fs::create_dir_all(&applications).unwrap();
    let entry = format!(
        "[Desktop Entry]\nType=Application\nName=Notes\nExec={} %f\nMimeType=text/plain;\n",
        opener.display()
    );
    std::fs::write(applications.join("notes.desktop"), entry).unwrap();
    std::fs::create_dir_all(desktop.place("xdg/config")).unwrap();
    let defaults = "[Default Applications]\ntext/plain=notes.desktop\n";
    std::fs::write(desktop.place("xdg/config/mimeapps.list"), defaults).unwrap();
    let path = format!("{}:{}", programs.display(), desktop.value("PATH"));
    desktop.variable("PATH", &path);
    let window = Window::open(&desktop, &[]);
    let id = desktop.submit("[[say See [the page](https://example.org/page).]]", "Linked");
    let task = desktop.until_status(&id, "completed");
    let lines = || read(&opened).lines().map(str::to_owned).collect::<Vec<_>>();

    window.navigate("#/task/1");
    window.click("link", "the page");
    until("the link is opened", || lines() == ["https://example.org/page"]);
    assert_eq!(window.place(), "#/task/1", "the window itself stays");

    window.click("button", "Open directory");
    until("the directory is opened", || lines().len() == 2);
    assert_eq!(lines()[1], desktop.work().display().to_string());

    window.click("button", "More");
    window.click("menuitem", "Open raw log");
    until("the log is opened", || lines().len() == 3);
    let run = task["run_history"][0]["id"].as_str().unwrap();
    let log = PathBuf::from(&lines()[2]);
    assert!(log.is_file() && log.starts_with(desktop.data().join("runs").join(run)), "{log:?}");
}

/// Text that would set the variable `owned` if the page interpreted it.
const HOSTILE: &str = "<script>owned=1</script><img src=x onerror=owned=2> \
                       <svg onload=owned=3> [press](javascript:owned=4) \u{1b}]0;owned\u{7}";

#[test]
fn hostile_text_stays_text() {
    let desktop = Desktop::new();
    std::fs::write(desktop.work().join("evil.txt"), HOSTILE).unwrap();
    let window = Window::open(&desktop, &[]);
    let prompt = format!("[[say {HOSTILE}]] [[read evil.txt]] [[say Read it.]]");
    submit(&window, &desktop, "<img src=x onerror=owned=5>", &prompt);
    window.until_page("#/task/1");
    window.until_logged("Read it.");
    window.click("button", "evil.txt");
    // The tags are shown as text.
    window.until_shown("<img src=x onerror=owned=2>");
    window.until_shown("<img src=x onerror=owned=5>");
    assert_eq!(window.script("return window.owned ?? null"), Value::Null);
    let made = "return document.querySelectorAll(
        'body script:not([src]), img[src=x], svg[onload], a[href^=javascript]').length";
    assert_eq!(window.script(made), 0);
    assert_ne!(window.script("return document.title"), "owned");
}

#[test]
fn the_page_runs_no_inline_script_and_reaches_only_the_app() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    window.skip_welcome();
    window.css("main");
    let inline = "const script = document.createElement('script');
        script.textContent = 'window.owned = 1'; document.head.append(script);
        return window.owned ?? null";
    assert_eq!(window.script(inline), Value::Null, "an inline script ran");

    // A request that any web page may send.
    let reached = window.answer(&format!(
        "fetch('{}', {{ mode: 'no-cors' }}).then(() => 'reached', () => 'refused')",
        desktop.api.url()
    ));
    assert_eq!(reached, "refused");

    // The page can call the app's commands, and none of Tauri's own.
    let call = |command: &str| {
        window.answer(&format!(
            "window.__TAURI_INTERNALS__.invoke({command}).then(() => 'done', () => 'refused')"
        ))
    };
    assert_eq!(call("'call_engine', {method: 'engine', arguments: {}}"), "done");
    for wrong in ["method: 'nonesuch', arguments: {}", "method: 'get', arguments: {id: 'x'}"] {
        assert_eq!(call(&format!("'call_engine', {{{wrong}}}")), "refused", "{wrong}");
    }
    for command in [
        "plugin:fs|read_dir",
        "plugin:shell|execute",
        "plugin:window|create",
        "plugin:webview|create_webview_window",
        "plugin:app|app_hide",
        "plugin:path|resolve_directory",
    ] {
        assert_eq!(call(&format!("'{command}'")), "refused", "{command}");
    }
}

#[test]
fn the_window_navigates_to_no_other_site() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    window.skip_welcome();
    let home = window.script("return location.origin");
    window.script(&format!("location.href = '{}/elsewhere'", desktop.api.url()));
    window.script("window.open('https://example.org/')");
    window.navigate("#/new");
    window.role("textbox", "What should Claude do?");
    assert_eq!(window.script("return location.origin"), home);
}

/// Checks a page for what a screen reader and a keyboard need; returns what is missing.
const BASICS: &str = r#"
const missing = [];
const check = (condition, what) => condition || missing.push(what);
const shown = (element) => element.checkVisibility() && element.getClientRects().length > 0;
check(document.documentElement.lang, "the language of the page");
check(document.title, "a title of the page");
check(document.querySelectorAll("main").length === 1, "one main part");
check([...document.querySelectorAll("h1")].filter(shown).length <= 1, "at most one first heading");
const text = (node) => [...node.childNodes].map((child) =>
  child.nodeType === 3 ? child.data
    : child.nodeType !== 1 || child.ariaHidden === "true" ? ""
    : child.ariaLabel ?? text(child)).join("");
const named = (element) => {
  const by = element.getAttribute("aria-labelledby");
  return element.ariaLabel
    || (by && by.split(/\s+/).every((id) => document.getElementById(id)))
    || element.labels?.length || element.title || text(element).trim();
};
const controls = "button, a[href], input, select, textarea, [role=button], [role=option], [role=tab]";
for (const element of document.querySelectorAll(controls)) {
  if (shown(element)) check(named(element), `a name for ${element.outerHTML.slice(0, 160)}`);
}
for (const picture of document.querySelectorAll("svg, img")) {
  const described = picture.ariaHidden === "true" || picture.ariaLabel || picture.alt !== undefined
    || picture.closest("[aria-hidden=true], [aria-label], button, a");
  if (shown(picture)) check(described, `a name for, or the hiding of, ${picture.outerHTML.slice(0, 120)}`);
}
return missing;
"#;

#[test]
fn every_page_is_usable_with_a_screen_reader_and_a_keyboard() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    let id = desktop.submit("[[say Hello.]] [[bash true]] [[say Bye.]]", "Greet");
    desktop.until_status(&id, "completed");
    for (place, role, name) in [
        ("#/", "textbox", "Search tasks"),
        ("#/task/1", "heading", "Greet"),
        ("#/new", "heading", "New task"),
        ("#/settings", "heading", "Settings"),
    ] {
        window.navigate(place);
        window.role(role, name);
        assert_eq!(window.script(BASICS), json!([]), "{place}");
        // The focus is visible.
        window.script("document.activeElement?.blur()");
        window.press("\u{e004}");
        let focus = "const at = document.activeElement; const style = getComputedStyle(at);
            return at !== document.body && at.matches(':focus-visible')
                && (style.outlineStyle !== 'none' || style.boxShadow !== 'none')
                || at.outerHTML.slice(0, 200)";
        assert_eq!(window.script(focus), json!(true), "{place}");
    }
}

#[test]
fn the_palette_shows_what_it_finds_and_opens_it() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    let id = desktop.submit("[[say Hello.]]", "Greet");
    desktop.until_status(&id, "completed");
    window.navigate("#/");
    // Ctrl+K.
    window.hold("\u{e009}", "k");
    window.role("combobox", "Find an action");
    window.press("greet");
    // What is scrolled away or cut off is not found at its place.
    let found = "const option = document.querySelector('.palette [role=option]');
        const { x, y, width, height } = option?.getBoundingClientRect() ?? {};
        return !!option?.contains(document.elementFromPoint(x + width / 2, y + height / 2))
            && option.textContent.includes('Greet')";
    window.until("the palette shows the task", || (window.script(found) == true).then_some(()));
    window.press("\u{e007}");
    window.until_page("#/task/1");
}
