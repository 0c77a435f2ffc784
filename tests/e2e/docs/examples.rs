//! The examples of the documents work.
//!
//! Blocks marked `sh` are run as they are. Of blocks marked `console` each command is run, but for those
//! in [`NOT_RUN`]. Blocks marked `sql` are queries of the database, blocks marked `toml` are settings, and
//! blocks marked `json` are JSON. Blocks marked `rust` are parts of the examples of the Rust client, which the
//! test `rust_client` runs.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use claude_worker_engine::settings;
use rusqlite::{Connection, OpenFlags};

use super::{Block, Document, root};
use crate::support::{Home, read};

/// Commands that no test runs as they stand in the documents: how they begin, and why.
const NOT_RUN: &[(&str, &str)] = &[
    // What changes this machine, or needs what it may not have.
    ("apt", "installs for the whole system"),
    ("cargo", "builds or tests this repository, or installs from it"),
    ("cd", "changes to a directory of the reader"),
    ("cp", "copies what the reader has"),
    ("curl", "asks an address of the reader; the e2e tests `contract` and `http` ask every route"),
    ("dnf", "installs for the whole system"),
    ("docker", "needs a Docker engine"),
    ("git clone", "needs a network"),
    ("journalctl", "needs systemd"),
    ("loginctl", "needs systemd"),
    ("mv", "moves what the reader has"),
    ("npm", "needs a network"),
    ("npx", "needs a network"),
    ("openssl", "needs a file of the reader"),
    ("pip", "needs a network"),
    ("pipx", "needs a network"),
    ("python3", "needs a file of the reader; `cargo xtask dist --check` runs the Python client"),
    ("rpm", "installs for the whole system"),
    ("rm", "removes what the reader has installed"),
    ("sh", "installs what was downloaded"),
    ("sqlite3", "opens a prompt"),
    ("sudo", "changes the system"),
    ("systemctl", "needs systemd"),
    ("tar", "needs a file of the reader"),
    ("uv", "needs a network"),
    ("uvx", "needs a network"),
    // What another test runs.
    (
        "claude-worker doctor",
        "its exit code depends on this machine; the e2e test `report` runs it",
    ),
    ("claude-worker config edit", "opens an editor; the e2e test `config` runs it"),
    ("claude-worker import", "needs a database of the Python program; its own tests make one"),
    ("claude-worker list --watch", "needs a terminal"),
    ("claude-worker mcp install", "changes settings of programs on this machine"),
    ("claude-worker mcp uninstall", "changes settings of programs on this machine"),
    ("claude-worker open", "opens a window or a browser"),
    ("claude-worker server health", "its exit code says whether an engine runs"),
    ("claude-worker server start", "listens on a port that may be taken; `http` has its tests"),
    ("claude-worker server http", "listens on a port that may be taken; `http` has its tests"),
    ("claude-worker token", "the e2e tests of tokens run them"),
];

/// Why a command is not run, if it is not.
fn reason_not_to_run(command: &str) -> Option<&'static str> {
    let is_assignment = |word: &&str| word.split_once('=').is_some_and(|(name, _)| is_name(name));
    let words: Vec<&str> = command.split_whitespace().skip_while(is_assignment).collect();
    let command = words.join(" ");
    let begins = |with: &str| {
        command
            .strip_prefix(with)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' ') || with.ends_with('-'))
    };
    NOT_RUN.iter().find(|(with, _)| begins(with)).map(|(_, why)| *why)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

#[test]
fn commands_that_are_not_run_are_recognised_by_how_they_begin() {
    assert!(reason_not_to_run("CLAUDE_WORKER_HOME=/tmp/x cargo xtask app").is_some());
    assert!(reason_not_to_run("claude-worker server start --port 8000").is_some());
    assert!(reason_not_to_run("claude-worker server starts").is_none());
    assert!(reason_not_to_run("shell").is_none(), "sh is another word");
}

/// Stands in for Claude Code: it answers at once, but never finishes to port a whole project.
const CLAUDE: &str = r#"#!/bin/sh
prompt=$(cat)
session=11111111-2222-4333-8444-555555555555
printf '%s\n' '{"type":"system","subtype":"init","session_id":"'$session'","model":"a-model"}'
case $prompt in *"Port the whole project"*) exec sleep 1000 ;; esac
printf '%s\n' '{"type":"result","subtype":"success","is_error":false,"result":"Done so.","num_turns":1,"total_cost_usd":0.01,"session_id":"'$session'"}'
"#;

/// Where the documents' reader sits: a project, and the programs that the examples use.
pub(crate) fn desk() -> Home {
    let home = Home::new();
    let bin = home.place("bin");
    std::fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_claude-worker"), bin.join("claude-worker")).unwrap();
    let git = "#!/bin/sh\necho \"what git $1 prints\"\n";
    for (name, script) in [("claude", CLAUDE), ("git", git), ("make", "#!/bin/sh\n")] {
        std::fs::write(bin.join(name), script).unwrap();
        std::fs::set_permissions(bin.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    }
    std::fs::create_dir(home.place("home").join("shop")).unwrap();
    std::fs::create_dir(home.work().join("src")).unwrap();
    for file in ["prompt.txt", "files.txt", "src/parser.py", "src/test_parser.py"] {
        std::fs::write(home.work().join(file), "Say hello\n").unwrap();
    }
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    // Runs look for programs where the login shell does.
    std::fs::write(home.place("home").join(".profile"), format!("PATH={path}\n")).unwrap();
    home.variable("SHELL", "/bin/sh").variable("PATH", path)
}

/// Types this into a shell, which must succeed. Returns how many commands of ours were in it.
fn types(home: &Home, script: &str, place: &str) -> usize {
    let output = Command::new("/bin/sh")
        .args(["-euc", script])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .current_dir(home.work())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{place}:\n{script}\n{output:?}");
    script.matches("claude-worker ").count()
}

/// Runs a block; returns how many commands of ours were run.
fn try_block(home: &Home, block: &Block<'_>, place: &str) -> usize {
    match block.language {
        "sh" => types(home, &block.text, place),
        "console" => {
            let commands = block.commands();
            let run = commands.iter().filter(|command| reason_not_to_run(command).is_none());
            run.map(|command| types(home, command, place)).sum()
        }
        "sql" => {
            home.run(["run", "--agent", "shell", "true", "--wait"]).ok();
            let file = home.data().join("tasks.db");
            let database =
                Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
            let mut query = database
                .prepare(&block.text)
                .unwrap_or_else(|error| panic!("{place}: {error}\n{}", block.text));
            let mut rows = query.query([]).unwrap();
            while rows.next().unwrap_or_else(|error| panic!("{place}: {error}")).is_some() {}
            0
        }
        "toml" => {
            let read = settings::parse(&block.text);
            assert!(read.is_ok(), "{place}: {:?}", read.err());
            0
        }
        "json" => {
            let read: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
            assert!(read.is_ok(), "{place}: {:?}", read.err());
            0
        }
        "rust" => {
            let shown = lines(&block.text);
            let is_part = rust_examples()
                .iter()
                .any(|example| lines(example).windows(shown.len()).any(|part| part == shown));
            assert!(is_part, "{place}: no example of the Rust client has:\n{}", block.text);
            0
        }
        _ => 0,
    }
}

/// The lines of code without their indentation.
fn lines(code: &str) -> Vec<&str> {
    code.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// The examples of the Rust client.
fn rust_examples() -> Vec<String> {
    let files = std::fs::read_dir(root().join("crates/client/examples")).unwrap().flatten();
    files.map(|file| read(&file.path())).collect()
}

#[test]
fn every_documented_command_works() {
    let mut tried = 0;
    for document in Document::all() {
        // One reader per document, who types one block after the other.
        let home = desk();
        // A project that examples name.
        std::fs::create_dir(home.place("webshop")).unwrap();
        let shop = home.place("webshop").display().to_string();
        home.run(["run", "Hello", "--dir", &shop, "--wait"]).ok();
        for block in document.blocks() {
            let place = format!("{}:{}", document.path.display(), block.line);
            tried += try_block(&home, &block, &place);
        }
        let failed = home.json(["list", "--status", "failed"]);
        assert!(failed["tasks"].as_array().unwrap().is_empty(), "{failed:#}");
    }
    assert!(tried >= 60, "only {tried} commands were found in the documents");
}
