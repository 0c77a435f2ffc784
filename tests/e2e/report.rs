//! `doctor --report`: what a user attaches to a bug report, and what must not be in it.

use std::fs;
use std::io::Write;

use crate::claude::{World, world};
use crate::support::Home;

/// In everything that must stay private.
const MARKER: &str = "PRIVATE-MARKER";

/// Adds lines to the engine's log, as a careless message would.
fn log(home: &Home, lines: &str) {
    let log = home.data().join("engine.log");
    let mut log = fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
    log.write_all(lines.as_bytes()).unwrap();
}

#[test]
fn a_report_has_no_prompt_system_prompt_result_or_environment_value() {
    let World { home, api } = world();
    let home = home.variable("SECRET_SETTING", format!("{MARKER}-env"));
    let world = World { home: home.variable("USER", "margarethe"), api };
    let home = &world.home;
    fs::write(home.work().join(format!("{MARKER}-file")), MARKER).unwrap();
    let prompt = format!("[[say {MARKER}-result]] {MARKER}-prompt");
    let system = format!("{MARKER}-system");
    let task = world.outcome(&prompt, &["--system", &system, "--env", "SECRET_SETTING"]);
    assert_eq!(task["result"], format!("{MARKER}-result"), "{task}");
    let failed = home.shell(&format!("echo {MARKER}-error >&2; exit 3"));
    assert_eq!(home.finished(failed)["failure"]["code"], 3);
    let user_home = home.place("home").display().to_string();
    log(
        home,
        &format!(
            "ERROR refused: x-api-key sk-ant-api03-{MARKER}\n\
             ERROR header Authorization: Bearer {MARKER}-bearer\n\
             INFO margarethe in {user_home}/shop\u{1b}]0;title\u{7}\nINFO the last line\n"
        ),
    );

    let ran = home.run(["doctor", "--report"]);
    let line = ran.ok().stdout.lines().next().unwrap().to_owned();
    let name = line.strip_prefix("The report is in ").unwrap().split_once(". ").unwrap().0;
    assert!(name.starts_with("claude-worker-report-") && name.ends_with(".txt"), "{line}");
    let report = fs::read_to_string(home.work().join(name)).unwrap();
    assert!(!report.contains(MARKER), "{report}");
    assert!(!report.contains("margarethe") && !report.contains(&user_home), "{report}");
    assert!(!report.contains('\u{1b}'), "{report}");
    for expected in [
        concat!("claude-worker     ", env!("CARGO_PKG_VERSION")),
        "== Engine and queue ==",
        "\"completed\": 1",
        "\"permission_mode\": \"acceptEdits\"",
        "x-api-key [key]",
        "INFO [user] in ~/shop",
        "INFO the last line",
    ] {
        assert!(report.contains(expected), "{expected}: {report}");
    }
    let rows: Vec<Vec<&str>> = report
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|row: &Vec<&str>| row.len() > 6 && matches!(row[1], "claude" | "shell"))
        .collect();
    assert_eq!(rows[0][..5], [&failed.to_string(), "shell", "failed", "exit", "3"], "{report}");
    assert_eq!(rows[1][..4], ["1", "claude", "completed", "0"], "{report}");
}

#[test]
fn a_report_is_written_without_an_engine_and_overwrites_nothing() {
    let home = Home::new();
    home.make_data();
    log(&home, "INFO the engine is gone\n");
    let report = home.run(["doctor", "--report", "-"]);
    let text = &report.ok().stdout;
    assert!(text.contains("No engine answers: "), "{text}");
    assert!(text.contains("INFO the engine is gone\n"), "{text}");
    assert_eq!(home.run(["server", "health"]).code, 5, "it starts no engine");
    fs::write(home.work().join("mine.txt"), "mine").unwrap();
    let refused = home.run(["doctor", "--report", "mine.txt"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.stderr.contains("mine.txt exists already"), "{refused:?}");
    assert_eq!(fs::read_to_string(home.work().join("mine.txt")).unwrap(), "mine");
    let written = home.json(["doctor", "--report", "new.txt"]);
    assert_eq!(written["file"], "new.txt");
    assert!(fs::read_to_string(home.work().join("new.txt")).unwrap().contains("== Versions =="));
}
