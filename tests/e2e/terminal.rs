//! What only a terminal shows: the program in a pseudo-terminal, with keys.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::support::{Home, Kept, PATIENCE, Ran, until};

const DRIVER: &str = include_str!("terminal/driver.py");

/// The screen that a program takes and gives back.
const ENTER: &str = "\u{1b}[?1049h";
const LEAVE: &str = "\u{1b}[?1049l";

fn at_terminal(home: &Home, arguments: &[&str], steps: &[(&str, &str)]) -> Ran {
    in_terminal(home, &[&[env!("CARGO_BIN_EXE_claude-worker")], arguments].concat(), steps)
}

fn in_terminal(home: &Home, command: &[&str], steps: &[(&str, &str)]) -> Ran {
    let line = command.join("\u{1f}");
    let begin = Instant::now();
    let ran = Ran::of(
        &Command::new("python3")
            .args(["-c", DRIVER, &line])
            .args(steps.iter().flat_map(|(text, keys)| [*text, *keys]))
            .env_clear()
            .envs(home.variables().iter().map(|(name, value)| (name, value)))
            .env("TERM", "xterm-256color")
            .current_dir(home.work())
            .output()
            .unwrap(),
    );
    assert!(begin.elapsed() < PATIENCE, "{ran:?}");
    ran
}

#[test]
fn top_shows_tasks_reads_a_log_and_cancels() {
    let home = Home::new();
    let id = home.shell("printf 'the %s\\n' output; exec sleep 100");
    home.until_status(id, "running");
    let ran = at_terminal(
        &home,
        &["top"],
        &[
            ("● running", "\r"),
            ("the output", "q"),
            ("1 running", "c"),
            ("Cancel task 1? y/n", "y"),
            ("■ cancelled", "q"),
        ],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains(ENTER) && ran.stdout.trim_end().ends_with(LEAVE), "{ran:?}");
    assert_eq!(home.json(["status", "1"])["status"], "cancelled");
}

#[test]
fn top_fills_the_terminal_when_its_size_changes() {
    let home = Home::new();
    home.finished(home.shell("true"));
    let ran = at_terminal(
        &home,
        &["top"],
        &[
            ("NAME  NOW", "SIZE 40x12"),
            ("r retr…", "?"),
            ("Any key goes back", "x"),
            ("✓ completed", "SIZE 100x30"),
            ("/ filter  a all", "q"),
        ],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn top_gives_the_terminal_back_when_it_is_ended() {
    let home = Home::new();
    home.finished(home.shell("true"));
    let ran = at_terminal(&home, &["top"], &[("✓ completed", "SIGTERM")]);
    assert_eq!(ran.code, -15, "{ran:?}");
    assert!(ran.stdout.trim_end().ends_with(LEAVE), "{ran:?}");
    let ran = at_terminal(&home, &["top"], &[("✓ completed", "\u{3}")]);
    assert_eq!(ran.code, -2, "{ran:?}");
    let ran = home.run(["top"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("claude-worker list --watch"), "{ran:?}");
}

/// A shell goes on with a loop after a command that exits with 130.
#[test]
fn ctrl_c_ends_the_loop_of_each_shell() {
    let program = env!("CARGO_BIN_EXE_claude-worker");
    let run = format!("{program} run --watch --shell 'echo out$((1 + 1)); exec sleep 600'");
    let posix = format!("for i in 1 2 3; do {run}; done; echo \"status=$?\"");
    let fish = format!("for i in 1 2 3; {run}; end");
    // dash reads further commands after an interrupted -c.
    let then_ends = [("out2", "\u{3}"), ("not stopped", "\u{4}")];
    for (shell, options, line, steps) in [
        ("bash", "-ic", &posix, &then_ends[..1]),
        ("dash", "-ic", &posix, &then_ends),
        ("zsh", "-fic", &posix, &then_ends[..1]),
        ("fish", "-ic", &fish, &then_ends[..1]),
    ] {
        let home = Home::new();
        let command = ["/usr/bin/env", shell, options, line];
        let ran = in_terminal(&home, &command, steps);
        assert_eq!(ran.stderr, "", "{shell} has ended: {ran:?}");
        let tasks = home.json(["list", "--all"])["tasks"].as_array().map(Vec::len);
        assert_eq!(tasks, Some(1), "{shell}: {ran:?}");
        home.run(["cancel", "all", "--yes"]).ok();
    }
}

#[test]
fn a_list_that_is_watched_leaves_its_last_frame() {
    let home = Home::new();
    home.finished(home.shell("true"));
    let ran = at_terminal(&home, &["list", "--watch"], &[("✓ completed", "\u{3}")]);
    assert_eq!(ran.code, -2, "{ran:?}");
    assert!(!ran.stdout.contains(ENTER), "{ran:?}");
    assert!(ran.stdout.trim_end().ends_with("\r\u{1b}[K"), "{ran:?}");
}

#[test]
fn colours_are_as_the_option_and_the_variables_say() {
    let home = Home::new();
    home.finished(home.shell("true"));
    let coloured = |home: &Home, arguments: &[&str]| {
        let ran = home.run(arguments);
        (ran.stdout + &ran.stderr).contains("\u{1b}[")
    };
    for arguments in [&["list"][..], &["--help"], &["list", "--nonsense"]] {
        assert!(!coloured(&home, arguments), "{arguments:?}");
        assert!(coloured(&home, &[arguments, &["--color", "always"]].concat()), "{arguments:?}");
    }
    assert!(!at_terminal(&home, &["list", "--color=never"], &[]).stdout.contains("\u{1b}["));
    assert!(at_terminal(&home, &["list"], &[]).stdout.contains("\u{1b}["));
    let forced = home.variable("CLICOLOR_FORCE", "1");
    assert!(coloured(&forced, &["list"]));
}

#[test]
fn a_supervisor_has_the_name_of_its_task() {
    let home = Home::new();
    let id = home.shell("exec sleep 100");
    home.until_status(id, "running");
    let named = |name: &str| {
        let of = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/comm"));
        home.processes().into_iter().any(|pid| of(pid).is_ok_and(|comm| comm.trim() == name))
    };
    until("the supervisor has its name", || named(&format!("cw-task-{id}")));
    until("the next supervisor waits", || named("cw-spare"));
    let shown: Vec<_> = home
        .processes()
        .into_iter()
        .map(|pid| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default())
        .collect();
    let text = format!("claude-worker: task {id}");
    assert!(shown.iter().any(|line| line.trim_end_matches('\0') == text), "{shown:?}");
}

#[test]
fn progress_is_shown_as_a_terminal_leaves_it() {
    let home = Home::new();
    let id = home.shell(r"printf '10%%\r50%%\r100%%\nspin |\b/\b-\b done\n'");
    home.finished(id);
    let ran = home.run(["logs", "1"]);
    assert_eq!(ran.stdout, "100%\nspin  done\n");
    let ran = home.run(["logs", "1", "--raw"]);
    assert_eq!(ran.stdout, "10%\r50%\r100%\nspin |\u{8}/\u{8}-\u{8} done\n");
    let ran = home.run(["result", "1", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn the_result_of_a_command_is_all_its_output_in_json_too() {
    let home = Home::new();
    // 5 MB with characters of several bytes, and without an end of the last line.
    let id = home.shell("seq -f '%.0f é日 \"quoted\"' 1 240000; printf 'the\\ttail'");
    home.finished(id);
    let text = home.run(["result", "1"]).ok().stdout.clone();
    assert!(text.len() > 5_000_000 && text.ends_with("the\ttail"), "{} bytes", text.len());
    let document = home.json(["result", "1"]);
    assert!(document["result"] == text.as_str(), "another text");
    assert_eq!((&document["status"], &document["truncated"]), (&"completed".into(), &Value::Null));
}

#[test]
fn top_retries_with_the_variables_of_its_shell() {
    let home = Home::with_config("[env]\npass = [\"PASSED_*\"]").variable("PASSED_ON", "before");
    home.finished(home.shell("echo \"it is $PASSED_ON\""));
    let home = home.variable("PASSED_ON", "after");
    let ran = at_terminal(&home, &["top"], &[("it is before", "r"), ("it is after", "q")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(home.run(["result", "1"]).ok().stdout, "it is after\n");
}

#[test]
fn those_who_wait_are_told_that_the_queue_is_paused() {
    let home = Home::new();
    home.run(["pause"]).ok();
    let waiting = home
        .command()
        .args(["run", "--agent", "shell", "echo out", "--wait"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut waiting = Kept(waiting);
    let mut said = String::new();
    let mut lines = BufReader::new(waiting.0.stderr.take().unwrap());
    while !said.contains("the queue is paused. Continue it with: claude-worker unpause") {
        assert_ne!(lines.read_line(&mut said).unwrap(), 0, "{said}");
    }
    home.run(["unpause"]).ok();
    assert!(waiting.0.wait().unwrap().success());
    lines.read_to_string(&mut said).unwrap();
    assert_eq!(said.matches("paused").count(), 1, "{said}");
}

#[test]
fn tasks_are_listed_by_directory_and_time() {
    let home = Home::new();
    home.finished(home.shell("true"));
    std::fs::create_dir(home.work().join("below")).unwrap();
    let listed = |arguments: &[&str]| home.run([&["list", "-q"], arguments].concat()).stdout;
    assert_eq!(listed(&["--dir", ".", "--since", "1h"]), "1\n");
    assert_eq!(listed(&["--dir", "below"]), "");
    assert_eq!(listed(&["--since", "2999-01-01"]), "");
    assert_eq!(listed(&["--failed"]), "");
    assert_eq!(listed(&["--sort", "ended"]), "1\n");
}
