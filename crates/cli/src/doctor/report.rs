//! The report that a user attaches to a bug report.
//!
//! It is made of named fields only, never of whole records of tasks: prompts, results, names (which
//! derive from prompts), actions and messages stay out because nothing here reads them. The finished
//! text then passes through a [`Redactor`], the log's lines included.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use claude_worker_api::{
    Check, CheckLevel, EngineInfo, ListQuery, State, Task, TaskApi, Timestamp,
};
use claude_worker_client::token;
use claude_worker_engine::settings;
use claude_worker_paths::{Paths, read_own, user_home};
use serde::Serialize;

use super::redact::{Private, Redactor};
use super::system::System;
use crate::render::figures::took;
use crate::render::text::{clean, clean_line, truncate};

/// How many of the newest tasks are listed.
const TASKS: u32 = 50;
/// How many of the last lines of the log are shown.
const LOG_LINES: usize = 400;
/// How much of the log is read for them, in bytes.
const LOG_BYTES: u64 = 256 * 1024;
/// How much of a line of the log is shown, in columns.
const LOG_COLUMNS: usize = 1000;

const HEAD: &str = "\
Prompts, results, names of tasks, contents of directories and values of environment variables are
left out. The home directory is shown as ~; user, machine and secrets are replaced. Names of
directories are shown: read the report before you publish it.
";

/// What the report is made of.
struct Material<'a> {
    now: Timestamp,
    system: &'a System,
    engine: Result<EngineInfo, String>,
    settings: String,
    checks: &'a [Check],
    tasks: Result<Vec<Task>, String>,
}

/// Makes the report. `api` must be a connection that starts no engine.
pub(crate) async fn report(api: &impl TaskApi, now: Timestamp) -> String {
    let checks = super::examine(api).await.checks;
    let system = System::look();
    let paths = Paths::from_env();
    let engine = api.engine().await;
    let tasks = match &engine {
        Ok(_) => api.list(ListQuery { limit: Some(TASKS), ..ListQuery::default() }).await,
        Err(error) => Err(error.clone()),
    };
    let home = user_home();
    let token_file = paths.as_ref().ok().and_then(|paths| read_own(&paths.token).ok());
    let secrets = paths.as_ref().ok().and_then(token).into_iter().chain(token_file);
    let redactor = Redactor::new(Private {
        home: home.as_deref(),
        users: system.users.clone(),
        hosts: system.hosts.clone(),
        secrets: secrets.map(|secret| secret.trim().to_owned()).collect(),
    });
    let settings = match (&engine, &paths) {
        (Ok(_), _) => match api.settings().await {
            Ok(settings) => pretty(&settings),
            Err(error) => format!("not known: {error}\n"),
        },
        (Err(_), Ok(paths)) => match settings::load(paths) {
            Ok(settings) => settings::to_toml(&settings),
            Err(error) => format!("cannot be read: {error}\n"),
        },
        (Err(_), Err(error)) => format!("not known: {error}\n"),
    };
    let log = match &paths {
        Ok(paths) => log(&paths.log, &redactor),
        Err(error) => redactor.redact(&format!("not known where: {error}\n")),
    };
    let text = written(&Material {
        now,
        system: &system,
        engine: engine.map_err(|error| error.to_string()),
        settings,
        checks: &checks,
        tasks: tasks.map(|page| page.tasks).map_err(|error| error.to_string()),
    });
    redactor.redact(&clean(&text)) + &log
}

/// The report's text up to the log, before it is redacted.
fn written(material: &Material<'_>) -> String {
    let mut text = format!("Report of claude-worker, {}\n\n{HEAD}", material.now);
    let System { name, kernel, session, .. } = material.system;
    section(&mut text, "Versions");
    let _ = writeln!(text, "claude-worker     {}", env!("CARGO_PKG_VERSION"));
    let claude = material.checks.iter().find(|check| check.name == "Claude Code");
    let claude = claude.map_or("not looked for", |check| check.found.as_str());
    let _ = writeln!(text, "Claude Code       {}", clean_line(claude));
    let _ = writeln!(text, "operating system  {name}\nkernel            {kernel}");
    let _ = writeln!(text, "desktop session   {session}");

    section(&mut text, "Engine and queue");
    match &material.engine {
        Ok(info) => {
            let up = took(material.now.millis_since(info.started_at));
            let _ = write!(text, "running for {up}\n{}", pretty(info));
        }
        Err(error) => text += &format!("No engine answers: {error}\n"),
    }
    section(&mut text, "Settings in force");
    text += &material.settings;
    section(&mut text, "What doctor finds");
    for check in material.checks {
        text += &finding(check);
    }
    section(&mut text, "Recent tasks, newest first");
    match &material.tasks {
        Ok(tasks) if tasks.is_empty() => text += "There are none.\n",
        Ok(tasks) => text += &table(tasks, material.now),
        Err(error) => text += &format!("Not known without an engine: {error}\n"),
    }
    section(&mut text, "End of the engine's log");
    text
}

fn section(text: &mut String, title: &str) {
    let _ = write!(text, "\n== {title} ==\n\n");
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string()) + "\n"
}

fn finding(check: &Check) -> String {
    let level = match check.level {
        CheckLevel::Ok => "ok",
        CheckLevel::Warn => "warn",
        CheckLevel::Bad => "bad",
        CheckLevel::Unknown(level) => level.as_str(),
    };
    let advice = match check.advice.as_str() {
        "" => String::new(),
        advice => format!(" ({})", clean_line(advice)),
    };
    format!("{level:<5}{}: {}{advice}\n", clean_line(&check.name), clean_line(&check.found))
}

fn table(tasks: &[Task], now: Timestamp) -> String {
    let mut text = format!(
        "{:>7}  {:<7} {:<10} {:<20} {:>4} {:>4}  {:>10}  submitted\n",
        "task", "agent", "state", "outcome", "exit", "runs", "ran for"
    );
    for task in tasks {
        let Task { id, agent, state, created_at, runs, .. } = task;
        let ran = task.started_at.map_or_else(String::new, |start| {
            took(state.ended_at().unwrap_or(now).millis_since(start))
        });
        let (outcome, exit) = outcome(state);
        let (agent, status) = (agent.name(), state.status().name());
        let _ = writeln!(
            text,
            "{id:>7}  {agent:<7} {status:<10} {outcome:<20} {exit:>4} {runs:>4}  {ran:>10}  {created_at}"
        );
    }
    text
}

/// The kind of a task's outcome, and its agent's exit code where that decided it.
fn outcome(state: &State) -> (String, String) {
    use claude_worker_api::Failure;
    match state {
        State::Completed { denied_tools, .. } if !denied_tools.is_empty() => {
            (format!("{} tools denied", denied_tools.len()), "0".to_owned())
        }
        State::Completed { .. } => (String::new(), "0".to_owned()),
        State::Failed { failure, .. } => match failure {
            Failure::Exit { code, .. } => (failure.kind().to_owned(), code.to_string()),
            _ => (failure.kind().to_owned(), String::new()),
        },
        State::Waiting { reason } => {
            let reason = serde_json::to_value(reason).unwrap_or_default();
            (reason["for"].as_str().unwrap_or_default().to_owned(), String::new())
        }
        State::Running { stopping: true, .. } => ("stopping".to_owned(), String::new()),
        State::Pending
        | State::Running { .. }
        | State::Cancelled { .. }
        | State::Skipped { .. }
        | State::Unknown(_) => (String::new(), String::new()),
    }
}

/// The last lines of the log. One that has just been begun anew is continued by the one before it.
fn log(path: &Path, redactor: &Redactor) -> String {
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    let ends = [&PathBuf::from(old), path].map(last_bytes);
    let text = match ends {
        [_, Err(error)] => {
            return redactor.redact(&format!("{} cannot be read: {error}\n", path.display()));
        }
        [old, Ok(new)] => old.unwrap_or_default() + &new,
    };
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(LOG_LINES)..];
    let mut text = String::new();
    for line in shown {
        // Redacted before it is cut: half of a secret would not be recognized.
        text += &truncate(&redactor.redact(&clean_line(line)), LOG_COLUMNS);
        text.push('\n');
    }
    text
}

/// The end of a file, from the beginning of a line on.
fn last_bytes(path: &Path) -> io::Result<String> {
    // A named pipe in its place would be waited for.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(LOG_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match text.split_once('\n') {
        Some((_, rest)) if start > 0 => Ok(rest.to_owned()),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Agent, Failure};

    use super::*;
    use crate::render::samples::{NOW, task};

    const MARKER: &str = "PRIVATE";

    fn redactor() -> Redactor {
        Redactor::new(Private { secrets: vec![MARKER.to_owned() + "-TOKEN"], ..Private::default() })
    }

    #[test]
    fn tasks_are_listed_without_what_they_say() {
        let message = MARKER.to_owned();
        let mut private = task(
            12,
            MARKER,
            State::Failed { ended_at: NOW, failure: Failure::Exit { code: 3, message } },
        );
        private.agent = Agent::Shell;
        private.last_action = Some(MARKER.to_owned());
        private.final_summary = Some(MARKER.to_owned());
        private.working_directory = MARKER.to_owned();
        private.warnings = vec![MARKER.to_owned()];
        private.untrusted = Some(MARKER.to_owned());
        let skipped = task(13, MARKER, State::Skipped { ended_at: NOW, reason: MARKER.to_owned() });
        let text = table(&[private, skipped], NOW);
        assert!(!text.contains(MARKER), "{text}");
        let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row[..5], ["12", "shell", "failed", "exit", "3"], "{text}");
    }

    #[test]
    fn the_log_is_bounded_and_redacted_before_it_is_cut() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.log");
        let shown = || log(&path, &redactor());
        assert!(shown().contains("cannot be read"));
        std::fs::create_dir(&path).unwrap();
        assert!(shown().contains("not a file"));
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(directory.path().join("engine.log.old"), "before\n").unwrap();
        std::fs::write(&path, "after \u{1b}[31mred\u{7}\n\u{fffd}\n").unwrap();
        assert_eq!(shown(), "before\nafter red␇\n\u{fffd}\n");
        // A secret that the cut would divide.
        std::fs::write(&path, format!("{}{MARKER}-TOKEN\n", "x".repeat(LOG_COLUMNS - 9))).unwrap();
        assert!(!shown().contains(MARKER));
        std::fs::write(&path, "x\n".repeat(1000)).unwrap();
        assert_eq!(shown().lines().count(), LOG_LINES);
        std::fs::write(&path, format!("{}\nlast\n", "x".repeat(LOG_BYTES as usize))).unwrap();
        assert_eq!(last_bytes(&path).unwrap(), "last\n");
    }

    #[test]
    fn without_an_engine_the_report_says_so_and_has_all_sections() {
        let system = System {
            name: "Debian".to_owned(),
            kernel: "Linux 6.12 x86_64".to_owned(),
            session: "wayland, KDE".to_owned(),
            users: Vec::new(),
            hosts: Vec::new(),
        };
        let text = written(&Material {
            now: NOW,
            system: &system,
            engine: Err("no socket".to_owned()),
            settings: "workers = 4\n".to_owned(),
            checks: &[Check::bad("Claude Code", "not found", "Install it")],
            tasks: Err("no socket".to_owned()),
        });
        insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }
}
