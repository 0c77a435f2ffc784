//! Runs git to read a repository. It writes nothing, and starts no program that the repository names.
//!
//! A repository's own configuration is that of its author, and may name programs: a file system monitor,
//! hooks, filters of content, helpers of transports. What is passed here outranks it: monitor, hooks and
//! filters are switched off one by one, and no transport is allowed, so that a partial clone fetches
//! nothing. The index is not refreshed on disk, because optional locks are off.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use claude_worker_os::environment::without_own_variables;
use claude_worker_os::process::{kill_group, own_group};

/// The most that git may print, in bytes.
const OUTPUT_CAP: u64 = 64 * 1024 * 1024;
/// The most that is read of an error, in bytes.
const ERROR_CAP: u64 = 4 * 1024;
/// Variables of git that are the user's choice; all others would lead it elsewhere.
const KEPT_VARIABLES: [&str; 3] = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"];

/// Why git did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GitError {
    #[error("git is not installed")]
    Missing,
    #[error("{0}")]
    Failed(String),
    #[error("git took longer than {} s", .0.as_secs_f32())]
    TooSlow(Duration),
    #[error("git listed more than {} MiB", OUTPUT_CAP >> 20)]
    TooMuch,
}

/// Git at a directory, with a time limit for all that is asked of it.
pub(super) struct Git {
    program: PathBuf,
    directory: PathBuf,
    limit: Duration,
    deadline: Instant,
    settings: Vec<(String, String)>,
}

impl Git {
    /// Git for the repository that `directory` is in.
    ///
    /// # Errors
    /// When it cannot read the repository's configuration.
    pub(super) fn at(
        program: PathBuf,
        directory: &Path,
        limit: Duration,
    ) -> Result<Self, GitError> {
        let fixed = [
            ("core.fsmonitor", "false"),
            ("core.hooksPath", "/dev/null"),
            ("core.pager", "cat"),
            ("credential.helper", ""),
        ];
        let settings = fixed.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let deadline = Instant::now() + limit;
        let mut git = Self { program, directory: directory.to_owned(), limit, deadline, settings };
        // It fails when nothing matches.
        let names =
            git.output(&["config", "-z", "--name-only", "--get-regexp", "^filter\\."], None);
        for name in records(&names.or_else(|error| match error {
            GitError::Failed(_) => Ok(Vec::new()),
            other => Err(other),
        })?) {
            let value = if name.ends_with(".required") { "false" } else { "" };
            git.settings.push((name.to_owned(), value.to_owned()));
        }
        Ok(git)
    }

    /// What a command prints.
    ///
    /// # Errors
    /// When it fails or takes too long.
    pub(super) fn output(
        &self,
        args: &[&str],
        input: Option<Vec<u8>>,
    ) -> Result<Vec<u8>, GitError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(GitError::TooSlow(self.limit));
        }
        let mut command = Command::new(&self.program);
        command.arg("--no-optional-locks").args(args).current_dir(&self.directory);
        self.environment(&mut command);
        command
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A process group of its own, so that what it started ends with it.
        let mut child =
            without_own_variables(own_group(&mut command)).spawn().map_err(|error| match error
                .kind()
            {
                std::io::ErrorKind::NotFound => GitError::Missing,
                _ => GitError::Failed(format!("git cannot be started: {error}")),
            })?;
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            // It ends when git has read all of it or is gone.
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        let printed = reader(child.stdout.take(), OUTPUT_CAP + 1);
        let errors = reader(child.stderr.take(), ERROR_CAP);
        let ended = printed.recv_timeout(left);
        let kill = ended.as_ref().map_or(true, |bytes| bytes.len() as u64 > OUTPUT_CAP);
        if kill {
            kill_group(&mut child);
        }
        let status = child.wait().map_err(|error| GitError::Failed(error.to_string()))?;
        let bytes = ended.map_err(|_| GitError::TooSlow(self.limit))?;
        if kill {
            return Err(GitError::TooMuch);
        }
        if status.success() {
            return Ok(bytes);
        }
        let words = errors.recv_timeout(Duration::from_millis(100)).unwrap_or_default();
        Err(GitError::Failed(first_line(&String::from_utf8_lossy(&words))))
    }

    fn environment(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("GIT_") && !KEPT_VARIABLES.contains(&&*text) {
                command.env_remove(&name);
            }
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_CONFIG_COUNT", self.settings.len().to_string());
        // Not with `-c`, which takes a `=` in the name of a filter for the end of the name.
        for (number, (key, value)) in self.settings.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{number}"), key);
            command.env(OsString::from(format!("GIT_CONFIG_VALUE_{number}")), value);
        }
    }
}

/// Reads a pipe on a thread of its own, because something that git started can hold it open.
fn reader(pipe: Option<impl Read + Send + 'static>, cap: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            drop(pipe.take(cap).read_to_end(&mut bytes));
        }
        drop(sender.send(bytes));
    });
    receiver
}

fn first_line(words: &str) -> String {
    let line = words.lines().find(|line| !line.trim().is_empty()).unwrap_or("git failed");
    let line = line.trim_start_matches("fatal: ").trim_start_matches("error: ");
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

/// The records of an output that ends each with a NUL. Those that are not UTF-8 are left out.
pub(super) fn records(output: &[u8]) -> impl Iterator<Item = &str> {
    output
        .split(|byte| *byte == 0)
        .filter(|record| !record.is_empty())
        .filter_map(|record| std::str::from_utf8(record).ok())
}
