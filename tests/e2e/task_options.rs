//! Options of Claude Code that a task passes on, and options that `retry` and `resume` change, with the
//! real CLI.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use claude_worker_api::{NewTask, SHELLS};
use serde_json::Value;

use crate::claude::{World, world};
use crate::support::Home;

/// All that was sent to the API, as text.
fn requests(world: &World) -> String {
    format!("{:?}", world.api.requests())
}

fn denied(task: &Value) -> usize {
    task["denied_tools"].as_array().map_or(0, Vec::len)
}

#[test]
fn options_of_claude_code_reach_the_cli() {
    let world = world();
    let settings = world.home.place("settings.json");
    std::fs::write(&settings, r#"{"permissions":{"allow":["Bash(touch:*)","Bash(mkdir:*)"]}}"#)
        .unwrap();
    let agents = r#"{"pirate":{"description":"Speaks like one","prompt":"Say arr."}}"#;
    let queued = world.home.run([
        "run",
        "[[bash touch one.txt]] [[bash mkdir two]] [[say Did.]]",
        "--permission-mode",
        "default",
        "--settings",
        settings.to_str().unwrap(),
        "--disallowedTools",
        "Bash(mkdir:*)",
        "--agents",
        agents,
        "--effort",
        "high",
        "--add-dir",
        "/",
        "--mcp-config",
        r#"{"mcpServers":{}}"#,
        "--fallback-model",
        "sonnet",
        "--",
        "--system-prompt",
        "Speak like a sailor.",
    ]);
    let task = world.home.finished(queued.ok().stdout.trim().parse().unwrap());
    assert_eq!(task["status"], "completed", "{task}");
    let work = world.home.work();
    assert!(work.join("one.txt").exists(), "the settings allow it: {task}");
    assert!(!work.join("two").exists(), "it was denied: {task}");
    let requests = requests(&world);
    assert!(requests.contains("pirate"), "{requests}");
    assert!(requests.contains("Speak like a sailor."), "{requests}");
    // `status` shows the request as it was sent.
    assert_eq!(task["request"]["effort"], "high", "{task}");
}

#[test]
fn a_task_goes_on_from_a_copy_of_a_session() {
    let world = world();
    let first = world.outcome("[[say The word is heron.]]", &[]);
    let session = first["run_history"][0]["session_id"].as_str().unwrap().to_owned();
    for options in [&["--continue"][..], &["--resume-session", &session]] {
        let task = world.outcome("[[say Going on.]]", options);
        assert_eq!(task["status"], "completed", "{task}");
        assert_ne!(task["run_history"][0]["session_id"], session.as_str(), "a copy: {task}");
        let last = format!("{:?}", world.api.requests().pop().unwrap());
        assert!(last.contains("heron"), "{last}");
    }
}

#[test]
fn retry_and_resume_allow_what_was_denied() {
    let world = world();
    let prompt = "[[bash touch x.txt]] [[say Tried.]]";
    let task = world.outcome(prompt, &["--permission-mode", "default"]);
    assert_eq!(denied(&task), 1, "{task}");
    let file = world.home.work().join("x.txt");
    let allow = ["--allowed-tools", "Bash(touch x.txt)"];
    let resumed = world.home.run([&["resume", "1", prompt, "--wait"], &allow[..]].concat());
    assert_eq!(resumed.ok().stdout, "Tried.\n");
    assert!(file.exists());
    std::fs::remove_file(&file).unwrap();
    // What was allowed stays allowed.
    world.home.run(["retry", "1", "--wait", "--model", "claude-sonnet-4-5"]).ok();
    let task = world.home.finished(1);
    assert_eq!((denied(&task), file.exists()), (0, true), "{task}");
    assert_eq!(task["request"]["model"], "claude-sonnet-4-5", "{task}");
    assert_eq!(
        task["request"]["allowed_tools"],
        serde_json::json!(["Bash(touch x.txt)"]),
        "{task}"
    );
}

#[test]
fn what_cannot_work_is_refused_at_once() {
    let home = Home::new();
    let gone = home.work().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let directory = gone.to_str().unwrap();
    home.run(["run", "--shell", "true", "--wait", "-C", directory]).ok();
    std::fs::remove_dir(&gone).unwrap();
    for command in [&["retry", "1"][..], &["resume", "1", "Go on"]] {
        home.run(command).refused(2, &[directory, "--dir"]);
    }
    // Somewhere else it can be run.
    home.run(["retry", "1", "--wait", "--cd", "."]).ok();
    for (options, expected) in [
        (&["--", "--print"][..], "cannot pass --print on"),
        (&["--", "--session-id=x"], "cannot pass --session-id on"),
        (&["--settings", "missing.json"], "--settings missing.json"),
        (&["--agents", "{"], "subagents must be a JSON object"),
        (&["--shell", "-c"], "cannot be used with '--continue'"),
    ] {
        home.run([&["run", "Do it"], options].concat()).refused(2, &[expected]);
    }
}

#[test]
fn a_command_runs_with_the_shell_that_was_named() {
    let home = Home::new();
    let version =
        home.run(["run", "--shell", "bash", "echo bash${BASH_VERSION:+ it is}", "--wait"]);
    assert_eq!(version.ok().stdout, "bash it is\n");
    let words = home.run(["run", "--shell", "--wait", "--", "printf", "%s\n", "two words"]);
    assert_eq!(words.ok().stdout, "two words\n");
    for shell in SHELLS {
        let ran = home.run(["run", "--shell", shell, "true", "--wait"]);
        let places = ["/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_installed = std::env::split_paths(&path)
            .chain(places)
            .any(|directory| directory.join(shell).is_file());
        if is_installed {
            ran.ok();
        } else {
            ran.refused(2, &[&format!("The shell {shell} is not installed")]);
        }
    }
}

#[test]
fn an_option_that_the_installed_version_lacks_fails_the_task_before_its_start() {
    let home = Home::new();
    let program = home.place("claude");
    std::fs::write(
        &program,
        "#!/bin/sh\ncase $1 in\n--help) echo '  -p, --print' ;;\n--version) echo '1.0.3 (Claude Code)' ;;\n\
         *) touch \"$0.started\" ;;\nesac\n",
    )
    .unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let config = format!("[agents]\nclaude = \"{}\"\n", program.display());
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(home.data().join("config.toml"), config).unwrap();
    let id = home.json(["run", "Do it", "--effort", "high"])["id"].as_i64().unwrap();
    let task = home.finished(id);
    let message = task["failure"]["message"].as_str().unwrap();
    assert!(message.contains("Claude Code 1.0.3"), "{message}");
    assert!(message.contains("has no option --effort"), "{message}");
    assert!(!home.place("claude.started").exists());
}

#[test]
fn a_task_is_edited_until_it_begins_and_exported_afterwards() {
    let home = Home::new();
    let other = home.work().join("other");
    std::fs::create_dir(&other).unwrap();
    home.run(["pause"]).ok();
    home.shell("echo first");
    home.run(["edit", "1", "pwd", "--name", "Where", "-C", "other", "--timeout", "50s"]).ok();
    let task = home.json(["status", "1"]);
    assert_eq!(task["name"], "Where", "{task}");
    assert_eq!(task["request"]["limits"]["timeout_ms"], 50_000, "{task}");
    home.run(["edit", "1"]).refused(2, &["no terminal for an editor"]);
    home.run(["edit", "1", "--model", "opus"]).refused(2, &["cannot have a model"]);
    home.run(["edit", "1", "-C", "missing"]).refused(2, &["missing"]);
    home.run(["retry", "1"]).refused(4, &["has not run yet", "claude-worker edit 1"]);
    home.run(["unpause"]).ok();
    assert_eq!(home.finished(1)["result"], other.to_str().unwrap());
    home.run(["edit", "1", "--name", "x"]).refused(4, &["claude-worker retry 1"]);

    let secret = home
        .command()
        .args(["run", "--shell", "true", "--wait", "--env", "TOKEN"])
        .env("TOKEN", "correct-horse")
        .output()
        .unwrap();
    assert!(secret.status.success(), "{secret:?}");
    let exported = home.run(["export"]);
    let lines: Vec<Value> =
        exported.ok().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["request"]["execution_prompt"], "pwd");
    assert_eq!(lines[0]["result"], other.to_str().unwrap());
    assert!(exported.stdout.contains("TOKEN") && !exported.stdout.contains("correct-horse"));
    // The request is one that can be submitted again.
    let request: NewTask = serde_json::from_value(lines[0]["request"].clone()).unwrap();
    assert_eq!(request.working_directory, other.to_str().unwrap());
}

#[test]
fn a_task_that_is_queued_again_is_not_said_to_have_never_run() {
    let home = Home::new();
    let id = home.shell("echo first");
    home.finished(1);
    home.run(["pause"]).ok();
    home.run(["retry", &id.to_string()]).ok();
    let refused = home.run(["retry", &id.to_string()]);
    refused.refused(4, &["Task 1 is pending again: its next run has not begun"]);
    home.run(["result", "1"]).refused(4, &["claude-worker result 1 --run 1"]);
    assert_eq!(home.run(["result", "1", "--run", "1"]).ok().stdout, "first\n");
}

#[test]
fn a_running_command_has_no_session_that_is_in_use() {
    let home = Home::new();
    home.shell("sleep 600");
    home.until_status(1, "running");
    let refused = home.run(["retry", "1"]);
    assert!(!refused.stderr.contains("session"), "{refused:?}");
    refused.refused(4, &["Task 1 is running", "claude-worker wait 1"]);
    home.run(["cancel", "1"]).ok();
}
