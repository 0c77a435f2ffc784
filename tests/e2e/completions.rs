//! Completions, in the shells themselves.

use std::process::Command;

use crate::support::{Home, Ran, shell};

/// A home with two tasks in a queue that is paused, and the program in `PATH`.
fn home() -> Home {
    let home = Home::new();
    let bin = home.place("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_claude-worker"), bin.join("claude-worker"))
        .unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    let home = home.variable("PATH", path).variable("TERM", "dumb");
    home.run(["pause"]).ok();
    home.run(["run", "--agent", "shell", "true", "--name", r#"Fix: the "parser" [a]* $(x)"#]).ok();
    home.run(["run", "--agent", "shell", "true", "--name", "Write docs"]).ok();
    std::fs::create_dir(home.work().join("notes")).unwrap();
    std::fs::write(home.work().join("notes.md"), "").unwrap();
    home
}

fn in_shell(home: &Home, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("timeout");
    command.arg("50").arg(shell(program)).args(arguments).env_clear();
    command.envs(home.variables().iter().cloned()).current_dir(home.work());
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let ran = Ran::of(&output);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{program}: {ran:?}");
    ran.stdout
}

/// What is typed, and the candidates.
const CASES: [(&str, &str); 14] = [
    ("unp", "unpause"),
    ("rer", "rerun"),
    ("server st", "start stop"),
    ("token r", "revoke rotate"),
    ("server start --ht", "--http-from-config"),
    ("run fix --permission-m", "--permission-mode"),
    ("run --agent ", "claude shell"),
    ("run --permission-mode pl", "plan"),
    ("run -m opusp", "opusplan"),
    ("list --status canc", "cancelled"),
    ("--json cancel ", "2 1 last all"),
    ("remove 2,", "2,1 2,2"),
    ("run --dir not", "notes"),
    ("help exit", "exit-codes"),
];

fn check(shell: &str, line: &str, found: &str, expected: &str) {
    let sorted = |text: &str| {
        let mut words: Vec<String> =
            text.split_whitespace().map(|word| word.trim_end_matches('/').to_owned()).collect();
        words.sort();
        words
    };
    assert_eq!(sorted(found), sorted(expected), "{shell}: claude-worker {line}");
}

#[test]
fn bash_completes_in_every_place() {
    let home = home();
    let mut script = r#"
        source <(claude-worker completions bash)
        complete_line() {
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=37; COMPREPLY=()
            _claude_worker; echo "${COMPREPLY[@]}"
        }
    "#
    .to_owned();
    let line_of = |line: &str| format!("complete_line claude-worker {line}").trim_end().to_owned();
    for (line, _) in CASES {
        let empty = if line.ends_with(' ') { " ''" } else { "" };
        script += &format!("{}{empty}\n", line_of(line));
    }
    script += "complete_line claude-worker list --status = runn\n";
    let found = in_shell(&home, "bash", &["--norc", "-c", &script]);
    let mut found = found.lines();
    for (line, expected) in CASES {
        check("bash", line, found.next().unwrap(), expected);
    }
    assert_eq!(found.next(), Some("running"));
}

#[test]
fn fish_completes_in_every_place() {
    let home = home();
    for (line, expected) in CASES {
        let script = format!(
            "source (claude-worker completions fish | psub); complete -C 'claude-worker {line}'"
        );
        let found = in_shell(&home, "fish", &["--no-config", "-c", &script]);
        let words: Vec<&str> =
            found.lines().map(|line| line.split('\t').next().unwrap_or_default()).collect();
        check("fish", line, &words.join(" "), expected);
    }
    let script =
        "source (claude-worker completions fish | psub); complete -C 'claude-worker cancel 1'";
    let found = in_shell(&home, "fish", &["--no-config", "-c", script]);
    assert_eq!(found, "1\tpending: Fix: the \"parser\" [a]* $(x)\n");
    let script = "source (claude-worker completions fish | psub)
        complete -C 'claude-worker run --dir=not'; complete -C 'claude-worker cancel '";
    let found = in_shell(&home, "fish", &["--no-config", "-c", script]);
    let words: Vec<&str> =
        found.lines().map(|line| line.split('\t').next().unwrap_or_default()).collect();
    assert_eq!(words, ["--dir=notes/", "2", "1", "last", "all"], "the newest task first");
}

/// Types into an interactive shell at a terminal of zsh's own, and waits for what is to appear.
fn typed(home: &Home, begin: &str, prepare: &str, steps: &[(&str, &str)]) -> String {
    let mut script = format!(
        "zmodload zsh/zpty
        # With echo: where it is off, bash shows nothing of what is typed.
        zpty -e -b sh {begin}
        send() {{ zpty -n -w sh $1 }}
        expect() {{
            local text all=
            while [[ $all != *$~1* ]]; do
                zpty -t sh || {{ print -r -- \"ended: $all\"; exit 1 }}
                zpty -r sh text && all+=$text
            done
            print -r -- $all
        }}
        send $'{prepare}\\n'
        expect 'READY> '
        "
    );
    for (keys, appears) in steps {
        script += &format!("send $'{keys}'\nexpect '{appears}'\n");
    }
    in_shell(home, "zsh", &["-f", "-c", &script])
}

/// Keys, and a pattern of what appears. The last line has an effect.
const STEPS: [(&str, &str); 6] = [
    ("claude-worker server star\\t", "server start "),
    ("--no-ht\\t", "--no-http "),
    ("\\x15claude-worker cancel \\t\\t", "Write docs"),
    ("\\x15claude-worker list --status=pend\\t", "--status=pending "),
    ("\\x15claude-worker run --dir=not\\t", "--dir=notes/"),
    ("\\x15claude-worker unp\\t\\n", "no longer paused"),
];

#[test]
fn bash_completes_what_is_typed() {
    let home = home();
    let prepare = r#"bind "set enable-bracketed-paste off"; source <(claude-worker completions bash); PS1="REA""DY> ""#;
    typed(&home, "'bash --norc --noprofile -i'", prepare, &STEPS);
    home.run(["wait", "1", "2"]).ok();
}

#[test]
fn zsh_completes_what_is_typed() {
    let home = home();
    let prepare = r#"unset zle_bracketed_paste; autoload -U compinit; compinit -u -D; source <(claude-worker completions zsh); PS1="REA""DY> ""#;
    typed(&home, "'zsh -f -i'", prepare, &STEPS);
    home.run(["wait", "1", "2"]).ok();
}

#[test]
fn questions_are_asked_at_a_terminal() {
    let home = home();
    let steps = [
        ("claude-worker cancel all\\n", "Cancel 2 tasks? [[]y/N[]]"),
        ("n\\n", "Nothing was cancelled"),
        ("claude-worker run src/none.rs\\n", "Is this text the prompt? [[]y/N[]]"),
        ("n\\n", "With --prompt-is-text"),
        ("claude-worker cancel all\\n", "[[]y/N[]]"),
        ("y\\n", "Task 2 is cancelled"),
    ];
    typed(&home, "'bash --norc --noprofile -i'", "PS1=\"REA\"\"DY> \"", &steps);
    assert_eq!(home.json(["list"])["counts"]["cancelled"], 2);
}

#[test]
fn candidates_come_in_time_without_an_engine_and_start_none() {
    let home = Home::new();
    assert_eq!(home.run(["__complete", "bash", "cancel", ""]).ok().stdout.lines().count(), 3);
    for line in [&["__complete"][..], &["__complete", "bash"], &["__complete", "x", "\u{1b}", ""]] {
        assert_eq!(home.run(line).ok().stderr, "");
    }
    assert!(!home.data().exists(), "nothing was made");
    // An engine that does not answer.
    home.run(["server", "start", "--no-http"]).ok();
    let engine = home.engine_pid();
    crate::support::signal(engine, rustix::process::Signal::STOP);
    let ran = home.run(["__complete", "bash", "cancel", ""]);
    crate::support::signal(engine, rustix::process::Signal::CONT);
    assert_eq!(ran.ok().stdout.lines().count(), 3);
}
