//! `config` shows what is in force, and changes it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Home, Ran, read, signal, until};

fn file(home: &Home) -> PathBuf {
    home.data().join("config.toml")
}

/// An editor that puts this text in the place of the file's.
fn editor(home: &Home, text: &str) -> String {
    let (wanted, program) = (home.place("wanted"), home.place("my editor"));
    std::fs::write(&wanted, text).unwrap();
    std::fs::write(&program, format!("#!/bin/sh\ncat {} > \"$2\"\n", wanted.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    // A program with a space in its name, and an argument.
    format!("'{}' --wait", program.display())
}

fn edit(home: &Home, text: &str) -> Ran {
    let mut command = home.command();
    command.args(["config", "edit"]).env("EDITOR", editor(home, text));
    Ran::of(&command.output().unwrap())
}

#[test]
fn a_setting_is_changed_with_an_engine_and_without() {
    let home = Home::with_config("# mine\nworkers = 3 # enough\n");
    let set = |key: &str, value: &str| home.run(["config", "set", key, value]).ok().stdout.clone();
    let get = |key: &str| home.run(["config", "get", key]).ok().stdout.clone();
    assert_eq!(set("workers", "5"), "workers: 5\n");
    assert_eq!(get("workers"), "5\n");
    home.run(["server", "start", "--no-http"]).ok();
    assert_eq!(set("limits.timeout", "90m"), "limits.timeout: 90m\n");
    assert_eq!(get("limits.timeout"), "90m\n", "in force at once");
    let text = "# mine\nworkers = 5 # enough\n\n[limits]\ntimeout = \"90m\"\n";
    assert_eq!(read(&file(&home)), text);
    home.run(["config", "unset", "limits.timeout"]).ok();
    assert_eq!(get("limits.timeout"), "0\n");
    assert_eq!(read(&file(&home)), "# mine\nworkers = 5 # enough\n\n[limits]\n");
    assert_eq!(home.run(["config"]).ok().stderr, "", "nothing differs");
    home.run(["config", "set", "env.pass", "PATH,GITHUB_*"]).ok();
    assert_eq!(get("env.pass"), "PATH\nGITHUB_*\n");
    assert_eq!(home.json(["config", "get", "workers"]), json!({ "key": "workers", "value": 5 }));
    home.run(["config", "set", "workers", "0"]).refused(2, &["from 1 to 256"]);
    home.run(["config", "set", "wrokers", "3"]).refused(2, &["Did you mean workers?"]);
    home.run(["config", "get", "limits"]).refused(2, &["Did you mean limits."]);
    let path = home.run(["config", "path"]);
    assert_eq!(path.ok().stdout.trim_end(), file(&home).display().to_string());
}

#[test]
fn what_the_engine_uses_is_shown_where_the_file_says_something_else() {
    let home = Home::with_config("workers = 5\n");
    home.run(["server", "start", "--no-http"]).ok();
    std::fs::write(file(&home), "workers = 7\n").unwrap();
    let shown = home.run(["config"]);
    assert!(shown.ok().stdout.contains("workers = 7  # the running engine uses 5"), "{shown:?}");
    assert_eq!(home.json(["config"])["in_force"], json!({ "workers": 5 }));
    let one = home.run(["config", "get", "workers"]);
    assert_eq!(one.ok().stdout, "5\n");
    assert!(one.stderr.contains("the file says 7"), "{one:?}");
    // An engine that hangs keeps nobody waiting.
    let engine = home.engine_pid();
    signal(engine, Signal::STOP);
    let state = PathBuf::from(format!("/proc/{engine}/status"));
    until("the engine has stopped", || read(&state).contains("T (stopped)"));
    let begun = std::time::Instant::now();
    let shown = home.run(["config"]);
    let took = begun.elapsed();
    signal(engine, Signal::CONT);
    assert!(shown.ok().stderr.contains("The engine does not answer"), "{shown:?}");
    assert!(took.as_secs() < 20, "{took:?}");
}

#[test]
fn a_broken_file_can_be_put_right_by_the_command_of_the_hint() {
    let home = Home::with_config("wrokers = 3");
    home.run(["list"]).refused(2, &["wrokers", "claude-worker config edit"]);
    let refused = edit(&home, "workers = 0\n");
    refused.refused(2, &["stays as it was", "from 1 to 256", "claude-worker config edit"]);
    assert_eq!(read(&file(&home)), "wrokers = 3");
    edit(&home, "# right\nworkers = 2\n").ok();
    assert_eq!(read(&file(&home)), "# right\nworkers = 2\n");
    home.run(["list"]).ok();
    // With an engine it is in force at once, and the text stays as it was typed.
    edit(&home, "# right\nworkers = 3\n[limits]\n# soon\ngrace = \"1s\"\n").ok();
    assert_eq!(home.run(["config", "get", "limits.grace"]).ok().stdout, "1s\n");
    assert_eq!(read(&file(&home)), "# right\nworkers = 3\n[limits]\n# soon\ngrace = \"1s\"\n");
    assert_eq!(home.run(["config"]).ok().stderr, "");
    let unchanged = edit(&home, &read(&file(&home)));
    assert!(unchanged.ok().stderr.contains("Nothing was changed"), "{unchanged:?}");
    home.run(["config", "edit"]).refused(2, &["EDITOR"]);
    let mut failing = home.command();
    failing.args(["config", "edit"]).env("VISUAL", "false");
    Ran::of(&failing.output().unwrap()).refused(2, &["nothing was changed"]);
}

#[test]
fn a_very_long_broken_file_is_refused_like_a_short_one() {
    let home = Home::with_config(&format!("workers = \"{}", "x".repeat(5_000_000)));
    let ran = home.run(["config", "--json"]);
    ran.refused(2, &["config.toml"]);
    let error: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(error["error"]["code"], "invalid_request");
    assert!(ran.stdout.len() < 5_000, "{} bytes", ran.stdout.len());
}
