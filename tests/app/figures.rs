//! The figures of the desktop app, measured on desktops of their own: see `cargo xtask bench app`.
//!
//! This is not a test: it prints one line for each sample, a name and a number, from which the benchmark
//! makes a table. It uses modules of the tests.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "in a benchmark, what must not fail is unwrapped")]
#![allow(dead_code, reason = "the tests need more of these modules")]

mod desktop;
mod panel;
mod process;
mod screen;
mod webdriver;

use std::time::{Duration, Instant};

use desktop::Desktop;
use panel::Panel;
use process::{read, until};
use screen::Screen;
use webdriver::Window;

/// The number of starts that are measured.
const STARTS: usize = 9;

/// How long the processor time of the idle app is measured.
const IDLE: Duration = Duration::from_secs(20);

/// The number of lines that the agent prints to measure the latency, and the seconds between two.
const LINES: (u32, &str) = (200, "0.03");

/// The delay after a change before memory is read, for the app to free what it no longer needs.
const SETTLE: Duration = Duration::from_secs(3);

fn main() {
    // `cargo bench … -- latency` measures only the latency.
    let selected: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let parts: [(&str, fn()); 3] = [("starts", starts), ("sizes", sizes), ("latency", latency)];
    for (name, measure) in parts {
        if selected.is_empty() || selected.iter().any(|word| word == name) {
            measure();
        }
    }
}

fn print_sample(what: &str, value: f64) {
    println!("{what}\t{value}");
}

/// From the start of the process to the icon in the panel, and to the first paint.
fn starts() {
    for _ in 0..STARTS {
        let desktop = Desktop::new();
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
    screen.close("Claude Worker");
    desktop.until_webviews(0);
    std::thread::sleep(SETTLE);
    print_sample("memory, window closed", memory(&desktop));
    let before = processor_time(&desktop);
    std::thread::sleep(IDLE);
    let used = processor_time(&desktop) - before;
    print_sample("idle", used / IDLE.as_secs_f64() * 100.0);
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
}
