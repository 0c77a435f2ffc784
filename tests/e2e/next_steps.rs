//! What is printed after a failure can be typed: each command is taken from the message and run by a shell,
//! against the very failure that printed it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::claude::{World, world};
use crate::crash::supervisor_of;
use crate::support::{Home, Ran, kill, until};

/// The commands that the ending of a task names, as `run --wait` prints it on standard error.
fn named(ran: &Ran) -> Vec<String> {
    let commands = ran.stderr.lines().map(str::trim);
    let commands =
        commands.filter(|line| line.starts_with("claude-worker ") || line.contains(" && "));
    commands.map(str::to_owned).collect()
}

/// Types a command into a shell that finds the program by its name.
fn typed(home: &Home, line: &str) -> Ran {
    let program = Path::new(env!("CARGO_BIN_EXE_claude-worker"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", program.parent().unwrap().display());
    let output = Command::new("/bin/sh")
        .args(["-c", line])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .env("PATH", path)
        .current_dir(home.work())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    Ran::of(&output)
}

/// Types each command that was printed, which must be accepted, and waits for the task in between. Returns
/// the commands, and the task as it is in the end.
#[track_caller]
fn follow(home: &Home, ran: &Ran) -> (Vec<String>, Value) {
    let commands = named(ran);
    assert!(!commands.is_empty(), "no command is named: {ran:?}");
    for command in &commands {
        let before = home.finished(1)["runs"].as_u64().unwrap();
        let done = typed(home, command);
        assert_eq!(done.code, 0, "{command}: {done:?}");
        let again = ["retry", "resume"].iter().any(|verb| command.contains(verb));
        let runs = home.finished(1)["runs"].as_u64().unwrap();
        assert_eq!(runs, before + u64::from(again), "{command}");
    }
    (commands, home.finished(1))
}

fn fails(world: &World, prompt: &str, options: &[&str], kind: &str) -> Ran {
    let ran = world.home.run([&["run", prompt, "--wait"], options].concat());
    let task = world.home.finished(1);
    assert_eq!(task["failure"]["kind"], kind, "{task}");
    ran
}

#[test]
fn after_denied_tools_they_are_allowed() {
    let world = world();
    let prompt = "[[bash touch \"one file\"]] [[write new.txt text]] [[say Tried.]]";
    let ran = world.home.run(["run", prompt, "--wait", "--permission-mode", "default"]);
    let task = world.home.finished(1);
    assert_eq!(task["denied_tools"][0]["rule"], "Bash(touch \"one file\")", "{task}");
    let (commands, task) = follow(&world.home, &ran);
    let allowed = r#"--allowed-tools 'Bash(touch "one file"),Write'"#;
    assert_eq!(
        commands,
        [
            format!("claude-worker resume 1 \"Go on\" {allowed}"),
            format!("claude-worker retry 1 {allowed}")
        ]
    );
    assert_eq!(task["denied_tools"], Value::Null, "{task}");
    assert!(world.home.work().join("one file").exists());
    assert!(world.home.work().join("new.txt").exists());
}

#[test]
fn after_a_denied_command_that_no_rule_can_name_the_tool_is_allowed() {
    let world = world();
    let prompt = "[[bash echo \"$HOME\" | tee it.txt]] [[say Tried.]]";
    let ran = world.home.run(["run", prompt, "--wait", "--permission-mode", "default"]);
    let (commands, task) = follow(&world.home, &ran);
    assert_eq!(commands[1], "claude-worker retry 1 --allowed-tools Bash");
    assert_eq!(task["denied_tools"], Value::Null, "{task}");
    assert!(world.home.work().join("it.txt").exists());
}

#[test]
fn after_a_limit_there_is_twice_as_much() {
    let home = Home::new();
    let ran = home.run(["run", "--shell", "sleep 100", "--wait", "--timeout", "200ms"]);
    let (commands, task) = follow(&home, &ran);
    assert_eq!(commands, ["claude-worker retry 1 --timeout 400ms"]);
    assert_eq!(task["failure"]["limit_ms"], 400, "{task}");

    let home = Home::new();
    let ran = home.run(["run", "--shell", "sleep 100", "--wait", "--silence", "1s"]);
    let (commands, task) = follow(&home, &ran);
    assert_eq!(commands, ["claude-worker logs 1", "claude-worker retry 1 --silence 2s"]);
    assert_eq!(
        (&task["failure"]["kind"], &task["failure"]["limit_ms"]),
        (&json!("silent"), &json!(2000))
    );
}

#[test]
fn after_the_turns_or_the_budget_are_used_up_there_is_twice_as_much() {
    let turns = world();
    let prompt = "[[bash true]] [[bash true]] [[say Done.]]";
    let options = ["--max-turns", "2", "--allowed-tools", "Bash"];
    let ran = fails(&turns, prompt, &options, "turns");
    let (commands, task) = follow(&turns.home, &ran);
    assert_eq!(commands[0], "claude-worker resume 1 \"Go on\" --max-turns 4");
    assert_eq!(
        (&task["status"], &task["result"]),
        (&json!("completed"), &json!("Done.")),
        "{task}"
    );

    let budget = world();
    let options = ["--max-budget-usd", "0.000001", "--allowed-tools", "Bash"];
    let ran = fails(&budget, prompt, &options, "budget");
    let (_, task) = follow(&budget.home, &ran);
    assert_eq!(task["request"]["limits"]["max_budget_usd"], 0.000_002, "{task}");
}

#[test]
fn after_a_refusal_or_an_unknown_model_another_one_is_taken() {
    for (prompt, kind) in
        [("[[say I cannot.]] [[stop refusal]]", "refusal"), ("[[error model]]", "api_error")]
    {
        let world = world().quick();
        let ran = fails(&world, prompt, &[], kind);
        let (commands, task) = follow(&world.home, &ran);
        let model = task["request"]["model"].as_str().unwrap();
        assert_eq!(commands, [format!("claude-worker retry 1 --model {model}")]);
    }
}

#[test]
fn after_a_failed_command_or_a_lost_one_it_is_run_again() {
    let home = Home::new();
    let ran = home.run(["run", "--shell", "test -e mended", "--wait"]);
    std::fs::write(home.work().join("mended"), "").unwrap();
    let (commands, task) = follow(&home, &ran);
    assert_eq!(commands, ["claude-worker retry 1"]);
    assert_eq!(task["status"], "completed", "{task}");

    let home = Home::new();
    let mark = home.place("begun");
    let id =
        home.shell(&format!("test -e {0} || {{ touch {0}; exec sleep 1000; }}", mark.display()));
    until("it has begun", || mark.exists());
    kill(supervisor_of(&home, id));
    assert_eq!(home.finished(id)["failure"]["kind"], "lost");
    let ran = home.run(["status", "1"]);
    let shown = Ran { stderr: ran.stdout.clone(), ..ran };
    let (commands, task) = follow(&home, &shown);
    assert_eq!(commands, ["claude-worker logs 1", "claude-worker retry 1"]);
    assert_eq!(task["status"], "completed", "{task}");
}

#[test]
fn after_a_directory_is_gone_it_is_created_or_another_one_taken() {
    let home = Home::new();
    let gone = home.work().join("my shop");
    std::fs::create_dir(&gone).unwrap();
    home.run(["pause"]).ok();
    home.run(["run", "--shell", "true", "-C", "my shop"]).ok();
    std::fs::remove_dir(&gone).unwrap();
    home.run(["unpause"]).ok();
    let task = home.finished(1);
    assert_eq!(task["failure"]["kind"], "spawn", "{task}");
    let ran = home.run(["status", "1"]);
    let shown = Ran { stderr: ran.stdout.clone(), ..ran };
    let (commands, task) = follow(&home, &shown);
    assert_eq!(commands.len(), 2, "{commands:?}");
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(task["working_directory"], home.work().to_str().unwrap(), "{task}");
    assert!(gone.is_dir());
}
