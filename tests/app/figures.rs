//! The figures of the desktop app, measured on desktops of their own: see `cargo xtask bench app`.
//!
//! This is not a test: it prints one line for each sample, a name and a number, from which the benchmark
//! makes a table. It uses modules of the tests.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "in a benchmark, what must not fail is unwrapped")]
#![allow(dead_code, reason = "the tests need more of these modules")]

mod desktop;
mod long_history;
mod panel;
mod process;
mod screen;
mod webdriver;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use desktop::{Desktop, Parts};
use panel::Panel;
use process::{read, until};
use screen::{ALT, CONTROL, ENTER, SPACE, Screen};
use webdriver::Window;

/// The number of starts that are measured.
const STARTS: usize = 9;

/// How long the processor time of the idle app is measured.
const IDLE: Duration = Duration::from_secs(20);

/// The same while a task runs on screen.
const WORKING: Duration = Duration::from_secs(5);

/// The number of lines that the agent prints to measure the latency, and the seconds between two.
const LINES: (u32, &str) = (200, "0.03");

/// The delay after a change before memory is read, for the app to free what it no longer needs.
const SETTLE: Duration = Duration::from_secs(3);

/// The number of times the quick entry is used.
const ENTRIES: usize = 9;

/// The tasks of a long history.
const TASKS: u32 = 100_000;
/// How often each search, and each order of a list, is asked for.
const ASKED: usize = 21;
/// How many submissions are timed.
const SUBMISSIONS: usize = 60;
/// How many lines of a file change, and how often they are shown.
const LINES_CHANGED: u32 = 10_000;
const DIFFS: usize = 7;

fn main() {
    // `cargo bench … -- latency` measures only the latency.
    let selected: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let parts: [(&str, fn()); 6] = [
        ("starts", starts),
        ("sizes", sizes),
        ("latency", latency),
        ("quick", quick_entry),
        ("diff", diff),
        ("many", many_tasks),
    ];
    for (name, measure) in parts {
        if selected.is_empty() || selected.iter().any(|word| word == name) {
            measure();
        }
    }
}

fn print_sample(what: &str, value: f64) {
    println!("{what}\t{value}");
}

/// A page of one line, which asks for another address when it is painted.
const LINE: &str = "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\
    <script>requestAnimationFrame(() => setTimeout(() => fetch('/painted')))</script>";

/// From the start of a bare browser until its page is painted: the floor.
fn bare_start(desktop: &Desktop) -> Duration {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", server.local_addr().unwrap());
    let begun = Instant::now();
    let mut browser = desktop.command(webdriver::browser());
    browser.args(["--private", &address]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut browser = browser.spawn().unwrap();
    for connection in server.incoming() {
        let mut connection = connection.unwrap();
        let lines = BufReader::new(&connection).lines().map_while(Result::ok);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        if head.iter().any(|line| line.contains("/painted")) {
            break;
        }
        connection.write_all(LINE.as_bytes()).unwrap();
    }
    let painted = begun.elapsed();
    browser.kill().unwrap();
    browser.wait().unwrap();
    painted
}

/// From the start of the process to the icon in the panel, and to the first paint.
fn starts() {
    for _ in 0..STARTS {
        let desktop = Desktop::new();
        print_sample("bare start to paint", bare_start(&desktop).as_secs_f64() * 1000.0);
        drop(desktop);
        let desktop = Desktop::new();
        let begun = Instant::now();
        let printed = desktop.command(desktop::app()).arg("--version").output().unwrap();
        assert!(printed.status.success(), "{printed:?}");
        print_sample("bare start", begun.elapsed().as_secs_f64() * 1000.0);
        let panel = Panel::on(&desktop);
        let begun = Instant::now();
        let app = desktop.start([]);
        let (mut tray, mut paint) = (None, None);
        while tray.is_none() || paint.is_none() {
            if tray.is_none() && !panel.items.lock().unwrap().is_empty() {
                tray = Some(begun.elapsed());
            }
            if paint.is_none() && app.output().contains("the window is painted") {
                paint = Some(begun.elapsed());
            }
            assert!(begun.elapsed() < process::TIMEOUT, "the app does not start");
            std::thread::sleep(Duration::from_millis(1));
        }
        print_sample("start to tray", tray.unwrap().as_secs_f64() * 1000.0);
        print_sample("start to first paint", paint.unwrap().as_secs_f64() * 1000.0);
    }
}

/// Memory before, with and after a window, and the processor time of the idle app.
fn sizes() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start(["--hidden"]);
    let icon = panel.icon();
    let summary = || icon.menu().first().map(|entry| entry.label.clone()).unwrap_or_default();
    until("the menu shows the queue", || summary().contains("Nothing running"));
    std::thread::sleep(SETTLE);
    print_sample("memory, tray only", memory(&desktop));
    let id = desktop.submit("[[say Hello.]] [[bash echo one; echo two]]", "Hello");
    desktop.until_status(&id, "completed");
    icon.click("Open window");
    until("the window is painted", || app.output().contains("the window is painted"));
    desktop.worker(["open", &id]);
    let screen = Screen::of(&desktop);
    until("there is a window", || !screen.titles().is_empty());
    std::thread::sleep(SETTLE);
    print_sample("memory, window open", memory(&desktop));
    let works = desktop.json(["run", "--agent", "shell", "sleep 600"])["id"].to_string();
    desktop.until_status(&works, "running");
    desktop.worker(["open", &works]);
    std::thread::sleep(SETTLE);
    print_sample("at work", used(&desktop, WORKING));
    desktop.worker(["cancel", &works]);
    screen.close("Claude Worker");
    desktop.until_webviews(0);
    std::thread::sleep(SETTLE);
    print_sample("memory, window closed", memory(&desktop));
    print_sample("idle", used(&desktop, IDLE));
}

/// The processor time that all processes of the app use in this time, in percent of one processor.
fn used(desktop: &Desktop, time: Duration) -> f64 {
    let before = processor_time(desktop);
    std::thread::sleep(time);
    (processor_time(desktop) - before) / time.as_secs_f64() * 100.0
}

/// The proportional share of memory of all processes of the app, in KiB.
fn memory(desktop: &Desktop) -> f64 {
    let share = |pid: &u32| {
        let rollup = read(format!("/proc/{pid}/smaps_rollup").as_ref());
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().trim_end_matches(" kB").parse::<f64>().ok()
    };
    desktop.processes().iter().filter_map(share).sum()
}

/// The processor time of all processes of the app so far, in seconds.
fn processor_time(desktop: &Desktop) -> f64 {
    let ticks = |pid: &u32| {
        let stat = read(format!("/proc/{pid}/stat").as_ref());
        let fields = stat.rsplit(')').next()?.split_whitespace().map(str::to_owned);
        let fields: Vec<String> = fields.collect();
        // User and system time are fields 14 and 15; the first after the name is field 3.
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    };
    // A tick is a hundredth of a second on all common builds of Linux.
    desktop.processes().iter().filter_map(ticks).sum::<f64>() / 100.0
}

/// Records for every line like `at=<nanoseconds>` how many milliseconds after that time a frame shows
/// it.
const WATCH: &str = "
    window.seen = new Map();
    const look = () => {
        const text = document.querySelector('[aria-label=Log]')?.textContent ?? '';
        const now = performance.timeOrigin + performance.now();
        for (const [, at] of text.matchAll(/at=([0-9]{19})/g))
            if (!window.seen.has(at)) window.seen.set(at, now - Number(at) / 1e6);
    };
    let due = false;
    new MutationObserver(() => {
        if (due) return;
        due = true;
        // After the frame that shows the change.
        requestAnimationFrame(() => setTimeout(() => { due = false; look(); }));
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
";

/// From an agent's output to the frame that shows it.
fn latency() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]);
    let (lines, pause) = LINES;
    let script = format!(
        "read -r go < go; n=0; while [ $n -lt {lines} ]; do \
         echo \"line $n at=$(date +%s%N)\"; sleep {pause}; n=$((n+1)); done"
    );
    let gate = desktop.work().join("go");
    rustix::fs::mkfifoat(rustix::fs::CWD, &gate, rustix::fs::Mode::RWXU).unwrap();
    let id = desktop.json(["run", "--agent", "shell", &script])["id"].to_string();
    window.navigate(&format!("#/task/{id}"));
    window.css("[aria-label=Log]");
    window.script(WATCH);
    std::fs::write(&gate, "go\n").unwrap();
    desktop.until_status(&id, "completed");
    let seen = || window.script("return [...window.seen.values()]").as_array().unwrap().clone();
    until("every line has been shown", || seen().len() >= lines as usize);
    for sample in seen() {
        print_sample("print to screen", sample.as_f64().unwrap());
    }
    drop(window);
    let page = "data:text/html,<!DOCTYPE html><pre></pre>";
    let given = serde_json::json!([lines, pause.parse::<f64>().unwrap() * 1000.0]);
    let shown = Window::browse(&desktop, page).run(PRINT, &given);
    for sample in shown.as_array().unwrap() {
        print_sample("bare line to screen", sample.as_f64().unwrap());
    }
}

/// Prints lines in a bare page, and tells the milliseconds until a frame has shown each: the floor.
const PRINT: &str = "
    const [lines, pause, done] = arguments;
    const page = document.querySelector('pre');
    const times = [];
    const print = () => {
        const begun = performance.now();
        page.append(`line ${times.length} at=${begun}\\n`);
        scrollTo(0, document.body.scrollHeight);
        requestAnimationFrame(() => setTimeout(() => {
            times.push(performance.now() - begun);
            if (times.length < lines) setTimeout(print, pause);
            else done(times);
        }));
    };
    print();
";

/// From Enter in the quick entry until its window is gone. Its task is in the queue by then.
fn quick_entry() {
    let desktop = Desktop::new();
    let _panel = Panel::on(&desktop);
    let app = desktop.start_hidden();
    let screen = Screen::of(&desktop);
    let is_there = || screen.titles().iter().any(|title| title.starts_with("Quick entry"));
    desktop.worker(["pause"]);
    for times in 1..=ENTRIES {
        screen.press_keys(&[CONTROL, ALT, SPACE]);
        until("the quick entry is painted", || {
            app.output().matches("the window is painted").count() == times
        });
        screen.type_text("[[say quick]]");
        let pressed = Instant::now();
        screen.press_keys(&[ENTER]);
        while is_there() {
            assert!(pressed.elapsed() < process::TIMEOUT, "the quick entry stays");
            std::thread::sleep(Duration::from_millis(1));
        }
        print_sample("quick entry gone", pressed.elapsed().as_secs_f64() * 1000.0);
    }
}

/// Clicks an element, and tells the milliseconds until a frame shows another one.
const CLICK_AND_WAIT: &str = "
    const [selector, shown, done] = arguments;
    const begun = performance.now();
    document.querySelector(selector).click();
    const look = () => requestAnimationFrame(() => setTimeout(() => {
        if (document.querySelector(shown)) done(performance.now() - begun);
        else look();
    }));
    look();
";

/// From the click on \"Show\" to the frame with a diff of many lines.
fn diff() {
    let desktop = Desktop::new();
    let git = |arguments: &[&str]| {
        let mut git = desktop.command("git");
        git.args(["-c", "user.name=A", "-c", "user.email=a@example.org"]).args(arguments);
        assert!(git.current_dir(desktop.work()).status().unwrap().success(), "{arguments:?}");
    };
    let line = |n: u32| format!("    let value_{n} = parse(&input[{n}..], \"text {n}\")?;\n");
    let text: String = (0..LINES_CHANGED / 2).map(line).collect();
    std::fs::write(desktop.work().join("large.rs"), text).unwrap();
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "one"]);
    let change = "sed -i 's/value_/other_/' large.rs";
    let id = desktop.json(["run", "--agent", "shell", change])["id"].to_string();
    desktop.until_status(&id, "completed");
    let window = Window::open(&desktop, &[]);
    for _ in 0..DIFFS {
        window.navigate(&format!("#/task/{id}"));
        window.click("tab", "Changes");
        window.until_shown("lines changed.");
        let given = serde_json::json!([".note button", "[aria-label^=\"Diff of\"] .row"]);
        print_sample("diff shown", window.run(CLICK_AND_WAIT, &given).as_f64().unwrap());
        window.navigate("#/");
    }
}

/// Scrolls the list by some rows a frame, and tells the milliseconds between frames.
const SCROLL: &str = "
    const [frames, by, done] = arguments;
    const list = document.querySelector('[role=listbox]');
    const times = [];
    let last = performance.now();
    const step = (now) => {
        times.push(now - last);
        last = now;
        list.scrollTop += by;
        if (times.length <= frames) requestAnimationFrame(step);
        else done(times.slice(2));
    };
    requestAnimationFrame(step);
";

/// Asks the engine as the pages do, and tells the milliseconds until the answer is there.
const ASK: &str = "
    const [method, query, done] = arguments;
    const begun = performance.now();
    window.__TAURI_INTERNALS__.invoke('call_engine', { method, arguments: { query } })
        .then(() => done(performance.now() - begun), (error) => done(JSON.stringify(error)));
";

/// A list of many tasks: scrolling, searching, sorting, and what the index for searches costs submissions.
fn many_tasks() {
    let desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
    let id = desktop.json(["run", "--agent", "shell", "true"])["id"].to_string();
    desktop.until_status(&id, "completed");
    desktop.worker(["pause"]);
    desktop.worker(["server", "stop"]);
    // A new index reads all tasks.
    drop(std::fs::remove_file(desktop.data().join("search.db")));
    long_history::multiply(&desktop.data().join("tasks.db"), TASKS);
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    submissions(&desktop, "submission while the index is made");
    until_indexed(&window);
    submissions(&desktop, "submission with a current index");
    let ask = |method: &str, query: serde_json::Value| {
        let given = serde_json::json!([method, query]);
        let answer = window.run(ASK, &given);
        answer.as_f64().unwrap_or_else(|| panic!("{method}: {answer}"))
    };
    for turn in 0..ASKED {
        // Words that many, few and no tasks have.
        let module = format!("Module {}:", 70_000 + turn);
        let words = ["parser", &module, "nothing like it"][turn % 3];
        let name = serde_json::json!({ "search": words, "order": "newest_first", "limit": 100 });
        print_sample("search in names", ask("list", name));
        let notes = format!("notes-{}", 70_000 + turn);
        let text = ["parser", &notes, "invoices rounding"][turn % 3];
        print_sample(
            "search in everything",
            ask("search", serde_json::json!({ "words": text, "limit": 50 })),
        );
        let filtered =
            serde_json::json!({ "model": ["opus"], "order": "newest_first", "limit": 100 });
        print_sample("list of a model", ask("list", filtered.clone()));
        print_sample("count of a model", ask("count", filtered));
        for order in ["by_name", "longest", "most_expensive"] {
            let sorted = serde_json::json!({ "order": order, "limit": 100 });
            print_sample(&format!("list {order}"), ask("list", sorted));
        }
    }
    window.navigate("#/finished");
    window.until_shown("Module 99999");
    scroll(&window, "scroll frame");
    drop(window);
    // Without graphics cards, browsers reach no regular frames even with little to paint.
    scroll(&Window::browse(&desktop, &paragraphs()), "bare scroll frame");
}

/// The address of a page of plain paragraphs in a scrolled area as high as the list: the floor.
fn paragraphs() -> String {
    let text = "<p style='height:56px;margin:0'>The same line of text again</p>".repeat(2_600);
    let list = format!("<div role=listbox style='height:760px;overflow:auto'>{text}</div>");
    format!("data:text/html,<!DOCTYPE html><body style='margin:0'>{list}")
}

/// Scrolls 600 times by some rows.
fn scroll(window: &Window, what: &str) {
    let frames = window.run(SCROLL, &serde_json::json!([600, 240]));
    for frame in frames.as_array().unwrap() {
        print_sample(what, frame.as_f64().unwrap());
    }
}

/// How long the command that submits a task takes.
fn submissions(desktop: &Desktop, what: &str) {
    for _ in 0..SUBMISSIONS {
        let begun = Instant::now();
        desktop.worker(["run", "--agent", "shell", "true"]);
        print_sample(what, begun.elapsed().as_secs_f64() * 1000.0);
    }
}

/// Waits until the index for searches has all tasks.
fn until_indexed(window: &Window) {
    let script = "
        const [done] = arguments;
        window.__TAURI_INTERNALS__
            .invoke('call_engine', { method: 'search', arguments: { query: { words: 'parser' } } })
            .then((page) => done(page.incomplete ?? false), () => done(true));
    ";
    let begun = Instant::now();
    while window.run(script, &serde_json::json!([])) != false {
        assert!(begun.elapsed() < Duration::from_secs(900), "the index is not made");
        std::thread::sleep(Duration::from_millis(500));
    }
    print_sample("index made in", begun.elapsed().as_secs_f64());
}
