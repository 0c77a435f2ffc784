//! Tasks have the environment of the shell that submits them, not that of the engine.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Home, Ran};

/// A key as it may be in a shell. Nothing is signed in with it.
const OLD_KEY: &str = "sk-ant-test-old-8172";
const NEW_KEY: &str = "sk-ant-test-new-9264";

/// What a task prints of a key: not all of it, because results are stored.
fn shown(key: &str) -> String {
    format!("key={}\n", key.strip_prefix("sk-ant-test-").unwrap())
}

/// What the program does in a shell with this key, or without one.
fn in_shell_with(home: &Home, key: Option<&str>, arguments: &[&str]) -> Ran {
    let mut command = home.command();
    if let Some(key) = key {
        command.env("ANTHROPIC_API_KEY", key);
    }
    Ran::of(&command.args(arguments).output().unwrap())
}

const SHOW_KEY: [&str; 5] =
    ["run", "--agent", "shell", "--wait", "echo key=${ANTHROPIC_API_KEY#sk-ant-test-}"];

/// The files with variables of tasks.
fn files(home: &Home) -> Vec<String> {
    let entries = std::fs::read_dir(home.data().join("env")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_task_has_the_key_of_the_shell_that_submits_it_and_not_of_the_engine() {
    let home = Home::new();
    // The engine is started without a key, and later ones of the shell are seen.
    assert_eq!(in_shell_with(&home, None, &SHOW_KEY).ok().stdout, "key=\n");
    assert_eq!(in_shell_with(&home, Some(OLD_KEY), &SHOW_KEY).ok().stdout, shown(OLD_KEY));
    assert_eq!(in_shell_with(&home, Some(NEW_KEY), &SHOW_KEY).ok().stdout, shown(NEW_KEY));
    // So does a retry by a person: the key may have been replaced since.
    in_shell_with(&home, Some(NEW_KEY), &["retry", "2"]).ok();
    home.finished(2);
    let log = home.run(["logs", "2"]);
    assert_eq!(log.ok().stdout, shown(NEW_KEY));
    // No answer and no file but the private one has a value.
    let status = home.json(["status", "2"]).to_string();
    assert!(!status.contains("inherited_env"), "{status}");
    for file in ["tasks.db", "tasks.db-wal", "engine.log"] {
        let bytes = std::fs::read(home.data().join(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(OLD_KEY) && !text.contains(NEW_KEY), "{file}");
    }
}

#[test]
fn a_variable_that_is_named_wins_and_the_engines_own_stay() {
    let home = Home::new().variable("FROM_ENGINE", "yes");
    home.run(["server", "start", "--no-http"]).ok();
    let mut command = home.command();
    command.env_remove("FROM_ENGINE").env("ANTHROPIC_MODEL", "inherited").env("TOKEN", "named");
    command.env("SECRET", "not asked for");
    command.args(["run", "--agent", "shell", "--wait", "--env", "TOKEN"]);
    command.arg("echo $ANTHROPIC_MODEL $TOKEN $FROM_ENGINE $SECRET");
    assert_eq!(Ran::of(&command.output().unwrap()).ok().stdout, "inherited named yes\n");
}

#[test]
fn the_path_of_the_shell_comes_first() {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let path = format!("{}:/usr/bin:/bin", home.place("venv/bin").display());
    let mut command = home.command();
    command.env("PATH", &path).env("VIRTUAL_ENV", home.place("venv"));
    command.args(["run", "--agent", "shell", "--wait", "echo $PATH; echo $VIRTUAL_ENV"]);
    let told = Ran::of(&command.output().unwrap());
    let mut lines = told.ok().stdout.lines();
    // What is missing of the engine's own is behind it.
    assert_eq!(lines.next().unwrap(), format!("{path}:/usr/local/bin"));
    assert_eq!(Path::new(lines.next().unwrap()), home.place("venv"));
}

#[test]
fn the_list_of_variables_is_a_setting() {
    let home = Home::with_config("[env]\npass = [\"GITHUB_*\"]");
    let mut command = home.command();
    command.env("GITHUB_TOKEN", "t").env("ANTHROPIC_MODEL", "m");
    command.args(["run", "--agent", "shell", "--wait", "echo $GITHUB_TOKEN,$ANTHROPIC_MODEL"]);
    // The engine is started by this very command, and so has both; another shell's are passed by name.
    assert_eq!(Ran::of(&command.output().unwrap()).ok().stdout, "t,m\n");
    let mut command = home.command();
    command.env("GITHUB_TOKEN", "t2").env("ANTHROPIC_MODEL", "m2");
    command.args(["run", "--agent", "shell", "--wait", "echo $GITHUB_TOKEN,$ANTHROPIC_MODEL"]);
    assert_eq!(Ran::of(&command.output().unwrap()).ok().stdout, "t2,m\n");
    home.run(["server", "stop"]).ok();
    std::fs::write(home.data().join("config.toml"), "[env]\npass = [\"A=b\"]").unwrap();
    home.run(["run", "x"]).refused(2, &["env.pass", "must be the name of a variable"]);
}

#[test]
fn shells_share_files_and_the_last_task_takes_its_file_along() {
    let home = Home::with_config("workers = 1");
    home.run(["pause"]).ok();
    for key in [OLD_KEY, OLD_KEY, NEW_KEY] {
        in_shell_with(&home, Some(key), &["run", "--agent", "shell", "true"]).ok();
    }
    assert_eq!(files(&home).len(), 2);
    home.run(["remove", "1"]).ok();
    assert_eq!(files(&home).len(), 2);
    home.run(["remove", "2"]).ok();
    assert_eq!(files(&home).len(), 1);
    // The next engine knows the file by the row that names it, and runs the task with it.
    std::fs::write(home.data().join("env").join(format!("{}.json", "0".repeat(32))), "{}").unwrap();
    home.kill_engine();
    home.run(["unpause"]).ok();
    assert_eq!(home.finished(3)["status"], "completed");
    assert_eq!(files(&home).len(), 1, "a file without a task is swept away");
    home.run(["clean", "--unseen", "--yes"]).ok();
    assert_eq!(files(&home), [""; 0]);
}

#[test]
fn a_lost_file_is_said_with_a_command_that_helps() {
    let home = Home::new();
    home.run(["pause"]).ok();
    in_shell_with(&home, Some(OLD_KEY), &SHOW_KEY[..3]).refused(2, &[]);
    in_shell_with(&home, Some(OLD_KEY), &["run", "--agent", "shell", "echo $ANTHROPIC_API_KEY"])
        .ok();
    for file in files(&home) {
        std::fs::remove_file(home.data().join("env").join(file)).unwrap();
    }
    home.run(["unpause"]).ok();
    let task = home.finished(1);
    let reason = task["error_message"].as_str().unwrap();
    assert!(
        reason.contains("are no longer in") && reason.contains("claude-worker retry"),
        "{task}"
    );
    // The same variables as before: the file is written anew.
    in_shell_with(&home, Some(OLD_KEY), &["retry", "1"]).ok();
    assert_eq!(home.finished(1)["status"], "completed");
}

#[test]
fn too_many_variables_are_refused_when_they_are_submitted() {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let mut command = home.command();
    command.args(["run", "--agent", "shell", "true"]);
    // Each is allowed by itself.
    for n in 0..12 {
        let name = format!("LARGE_{n}");
        command.env(&name, "x".repeat(100_000)).args(["--env", &name]);
    }
    let refused = Ran::of(&command.output().unwrap());
    refused.refused(2, &["environment variables take", "together"]);
    assert_eq!(home.json(["list"])["tasks"], Value::Array(Vec::new()));
    assert_eq!(home.json(["list"])["counts"]["pending"], json!(0));
}

#[test]
fn all_variables_and_those_of_a_file_are_passed_when_that_is_asked_for() {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let run = |options: &[&str], command: &str| {
        let mut run = home.command();
        run.env("SOME_TOKEN", "of the shell").env("CLAUDE_CODE_SESSION_ID", "of a session");
        run.args(["run", "--agent", "shell", "--wait"]).args(options).arg(command);
        Ran::of(&run.output().unwrap())
    };
    let told = run(&["--env-all"], "echo $SOME_TOKEN,$CLAUDE_CODE_SESSION_ID");
    assert_eq!(
        (told.ok().stdout.as_str(), told.stderr.contains("--env-all")),
        ("of the shell,\n", false)
    );
    let mut odd = home.command();
    odd.env("BIG", "x".repeat(70_000)).env("ODD", OsStr::from_bytes(b"\xff"));
    odd.env("PATH", "/usr/bin:/bin").args(["run", "--agent", "shell", "--wait", "--env-all"]);
    let told = Ran::of(&odd.arg("echo ${#BIG},${#ODD},$PATH").output().unwrap());
    assert_eq!(told.ok().stdout, "0,0,/usr/bin:/bin\n");
    let notice = "--env-all leaves out BIG (longer than 64 KiB; --env NAME passes it all the same) and ODD (not";
    assert_eq!(told.stderr.matches(notice).count(), 1, "{told:?}");
    let file = home.place("variables");
    std::fs::write(&file, "# mine\nexport SOME_TOKEN='of the file'\nOTHER = x # why\n").unwrap();
    let file = file.to_str().unwrap();
    let told = run(&["--env-file", file], "echo $SOME_TOKEN,$OTHER");
    assert_eq!(told.ok().stdout, "of the file,x\n");
    let told = run(&["--env-file", file, "--env", "SOME_TOKEN"], "echo $SOME_TOKEN");
    assert_eq!(told.ok().stdout, "of the shell\n");
    std::fs::write(file, "A=1\nhunter2\n").unwrap();
    run(&["--env-file", file], "true").refused(2, &["line 2", "NAME=value"]);
    let pipe = home.place("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    run(&["--env-file", pipe.to_str().unwrap()], "true").refused(2, &["not a regular file"]);
    let mut elsewhere = home.command();
    elsewhere.env("CLAUDE_WORKER_SERVER_URL", "http://127.0.0.1:9");
    elsewhere.args(["run", "--agent", "shell", "--dir", "/", "--env-all", "true"]);
    Ran::of(&elsewhere.output().unwrap()).refused(2, &["local socket only", "--env NAME"]);
}
