//! Command lines as people type them who know other programs, each with what happens here: `lines.txt` has
//! the lines, and the snapshot is a table to read.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use regex_lite::Regex;

use crate::support::{Home, Ran};

const LINES: &str = include_str!("lines.txt");

/// How many lines of each output the table shows.
const SHOWN: usize = 3;

/// Stands in for Claude Code: it answers at once.
const CLAUDE: &str = r#"#!/bin/sh
cat > /dev/null
session=11111111-2222-4333-8444-555555555555
printf '%s\n' '{"type":"system","subtype":"init","session_id":"'$session'","model":"a-model"}'
printf '%s\n' '{"type":"result","subtype":"success","is_error":false,"result":"Done so.","num_turns":1,"total_cost_usd":0.01,"session_id":"'$session'"}'
"#;

/// A home with the tasks that `lines.txt` speaks of.
fn prepared() -> Home {
    let home = Home::with_config("workers = 1");
    let bin = home.place("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_claude-worker"), bin.join("claude-worker"))
        .unwrap();
    std::fs::write(bin.join("claude"), CLAUDE).unwrap();
    std::fs::set_permissions(bin.join("claude"), PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::create_dir(home.work().join("src")).unwrap();
    for file in ["README.md", "prompt.txt", "tasks.json", "task.yaml"] {
        std::fs::write(home.work().join(file), "Say hello\n").unwrap();
    }
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    // Runs get the PATH of this shell.
    let login = bin.join("login-shell");
    std::fs::write(&login, format!("#!/bin/sh\nPATH='{path}'; export PATH\nexec /bin/sh \"$@\"\n"))
        .unwrap();
    std::fs::set_permissions(&login, PermissionsExt::from_mode(0o755)).unwrap();
    let home = home
        .variable("PATH", path)
        .variable("SHELL", login.display().to_string())
        .variable("COLUMNS", "100");
    home.run(["run", "Write the tests", "--wait"]).ok();
    home.run(["run", "--agent", "shell", "exit 3", "--wait"]).refused(10, &[]);
    home.run(["run", "--agent", "shell", "echo hello", "--wait"]).ok();
    let running = home.shell("sleep 600");
    home.until_status(running, "running");
    home.run(["pause"]).ok();
    home.run(["run", "Write the docs"]).ok();
    home.shell("make test");
    home
}

fn typed(home: &Home, line: &str) -> Ran {
    let mut command = Command::new("timeout");
    command
        .args(["20", "/bin/sh", "-c", &format!("claude-worker {line}")])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .current_dir(home.work())
        .stdin(Stdio::null());
    Ran::of(&command.output().unwrap())
}

/// Replaces what differs between two runs of the test.
struct Normal {
    patterns: Vec<(Regex, &'static str)>,
}

impl Normal {
    fn new(home: &Home) -> Self {
        let root = home.place("");
        let root = format!("{}/?", root.display().to_string().trim_end_matches('/'));
        let patterns = [
            (root.as_str(), "~/"),
            (env!("CARGO_PKG_VERSION"), "VERSION"),
            (r"\d{4}-\d\d-\d\d[T ][0-9:.]+(Z| [A-Z]+)?", "TIME"),
            (r"process \d+", "process PID"),
            (r"\bpid=\d+", "pid=PID"),
            (r"\b\d+:\d\d(:\d\d)?\b", "TIME"),
            (r"\b\d+-\d+-[0-9a-f]{8}\b", "RUN"),
            // How long a run took, which is not said of every one.
            (r"(?m) +\d+\.\d+s$", ""),
            (r"\bjust now\b|\b\d+ ?(s|m|min) ago\b", "TIME"),
            (r"\b\d+(\.\d+)? (B|kB|MB|GB)\b", "SIZE"),
            (r" {3,}", "  "),
        ];
        let compile = |(pattern, with)| (Regex::new(pattern).unwrap(), with);
        Self { patterns: patterns.into_iter().map(compile).collect() }
    }

    fn of(&self, text: &str) -> String {
        self.patterns.iter().fold(text.to_owned(), |text, (pattern, with)| {
            pattern.replace_all(&text, *with).into_owned()
        })
    }
}

/// The first lines of an output, each behind a mark.
fn shown(table: &mut String, mark: &str, text: &str) {
    // clap prints the same last lines below each error.
    let is_news = |line: &&str| !line.is_empty() && !line.starts_with("For more information");
    let lines: Vec<&str> = text.lines().filter(is_news).collect();
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(table, "      {mark} {}", line.trim_end());
    }
    if lines.len() > SHOWN {
        let _ = writeln!(table, "      {mark} …");
    }
}

#[test]
fn command_lines_of_other_programs_do_what_people_mean_or_say_what_to_type() {
    let mut table = String::new();
    let mut codes = BTreeSet::new();
    let sections = LINES.split("\n## ").skip(1);
    let sections: Vec<String> = std::thread::scope(|scope| {
        let run = |section| move || of_section(section);
        let threads: Vec<_> = sections.map(|section| scope.spawn(run(section))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for section in sections {
        let found = section.lines().filter_map(|line| line.split_once("   claude-worker"));
        codes.extend(found.filter_map(|(code, _)| code.trim().parse::<u8>().ok()));
        table += &section;
    }
    // It would be pasted with the command.
    let stop = Regex::new(r#"! .*claude-worker [a-z][^;:]*[^ .]\. [A-Z]"#).unwrap();
    let with_stop: Vec<&str> = table.lines().filter(|line| stop.is_match(line)).collect();
    assert!(with_stop.is_empty(), "a full stop follows a command: {with_stop:#?}");
    insta::assert_snapshot!(table);
    for code in [0, 1, 2, 3, 4, 5, 10, 11, 13, 14, 124] {
        assert!(codes.contains(&code), "no line ends with {code}: {codes:?}");
    }
}

/// The part of the table for a section.
fn of_section(section: &str) -> String {
    let (title, lines) = section.split_once('\n').unwrap();
    let home = prepared();
    let normal = Normal::new(&home);
    let mut table = format!("\n{title}\n{}\n\n", "=".repeat(title.len()));
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let ran = typed(&home, line);
        assert!(
            !ran.stderr.contains("panicked") && ran.code != 124 || line.contains("--timeout"),
            "{line}: {ran:?}"
        );
        let _ = writeln!(table, "{:>3}   claude-worker {line}", ran.code);
        shown(&mut table, " ", &normal.of(&ran.stdout));
        shown(&mut table, "!", &normal.of(&ran.stderr));
    }
    table
}
