//! The program in shells, and where there is hardly an environment.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::support::{Home, PATIENCE, Ran, shell};

/// The shells that are tried, and how each repeats a command for every line of the file `list`.
const LOOPS: [(&str, &str); 4] = [
    ("bash", r#"while read -r x; do claude-worker run "$x"; done < list"#),
    ("dash", r#"while read -r x; do claude-worker run "$x"; done < list"#),
    ("zsh", r#"while read -r x; do claude-worker run "$x"; done < list"#),
    ("fish", r#"while read -l x; claude-worker run "$x"; end < list"#),
];

/// A home with a paused queue, and the program in `PATH`.
fn home() -> Home {
    let home = Home::new();
    let bin = home.place("bin");
    std::fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_claude-worker"), bin.join("claude-worker")).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    let home = home.variable("PATH", path);
    home.run(["pause"]).ok();
    home
}

/// Runs a command that must end by itself.
fn ends(command: &mut Command) -> Ran {
    let begun = std::time::Instant::now();
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // Standard input stays open until it has ended.
    let stdin = child.stdin.take();
    let ran = Ran::of(&child.wait_with_output().unwrap());
    drop(stdin);
    assert!(begun.elapsed() < PATIENCE, "{ran:?}");
    ran
}

fn in_shell(home: &Home, name: &str, script: &str) -> Ran {
    let mut command = Command::new(shell(name));
    command.args(["-c", script]).env_clear().envs(home.variables().iter().cloned());
    ends(command.current_dir(home.work()).stdin(Stdio::null()))
}

fn prompts(home: &Home) -> Vec<String> {
    let tasks = home.json(["list", "--all"])["tasks"].as_array().unwrap().clone();
    let names = tasks.iter().rev().map(|task| task["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[test]
fn a_loop_queues_a_task_for_each_line_in_every_shell() {
    for (shell, script) in LOOPS {
        let home = home();
        std::fs::write(home.work().join("list"), "fix a\n- fix b\nfix c\n").unwrap();
        let ran = in_shell(&home, shell, script);
        assert_eq!(ran.ok().stdout, "1\n2\n3\n", "{shell}");
        assert_eq!(prompts(&home), ["fix a", "- fix b", "fix c"], "{shell}");
    }
}

#[test]
fn the_command_of_a_tip_can_be_pasted_into_every_shell() {
    for (shell, _) in LOOPS {
        let home = home();
        for (words, prompt) in [
            (&["fix", "the", "tests"][..], "fix the tests"),
            (&["don't", "break", "$HOME"], "don't break $HOME"),
            (&["say", "\"hi\"", "`id`", "*"], "say \"hi\" `id` *"),
            (&["50%", "of", "a;b", "&", "c"], "50% of a;b & c"),
        ] {
            let refused = home.run([&["run"], words].concat());
            let tip = refused.stderr.lines().find_map(|line| line.split_once("quote the prompt: "));
            let command = tip.expect("a tip").1;
            let id = in_shell(&home, shell, command).ok().stdout.trim().to_owned();
            let task = home.json(["status", &id]);
            assert_eq!(task["request"]["execution_prompt"], prompt, "{shell}: {command}");
        }
    }
}

#[test]
fn hardly_an_environment_is_enough() {
    let home = home();
    let data = home.data().display().to_string();
    let cw = env!("CARGO_BIN_EXE_claude-worker");
    let variables = |list: &[(&str, &str)]| {
        let mut command = Command::new(cw);
        command.env_clear().envs(list.iter().copied()).current_dir(home.work());
        command
    };
    // `env -i`, and what cron sets.
    let cron = [
        ("CLAUDE_WORKER_HOME", data.as_str()),
        ("HOME", "/nonexistent"),
        ("LOGNAME", "root"),
        ("SHELL", "/bin/sh"),
        ("PATH", "/usr/bin:/bin"),
    ];
    for environment in [&cron[..1], &cron] {
        for arguments in
            [&["list"][..], &["run", "fix a"], &["status"], &["cancel", "last"], &["--help"]]
        {
            ends(variables(environment).args(arguments).stdin(Stdio::null())).ok();
        }
    }
    // As sshd starts a command: standard input is open, and nothing comes.
    let ran = ends(variables(&cron).args(["run", "fix b"]).stdin(Stdio::piped()));
    assert!(ran.ok().stderr.contains("no data arrives on standard input"), "{ran:?}");
    // In the background of a terminal that was closed: nothing to read from or write to.
    let script = format!("exec '{cw}' run 'fix c' <&- >&- 2>&-");
    let mut closed = Command::new("sh");
    closed.args(["-c", &script]).env_clear().envs(cron).current_dir(home.work());
    ends(&mut closed).ok();
    assert_eq!(prompts(&home).last().map(String::as_str), Some("fix c"));
}
