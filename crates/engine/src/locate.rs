//! Finds an agent's program the way the person's own shell would.
//!
//! An engine may be started by a desktop, by cron or by a service manager, whose `PATH` is not
//! the one people see in their terminal. So after the configuration and the `PATH` of the task, the
//! directories of the person's login shell are looked at, and at last the places where installers put it.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use claude_worker_api::ApiError;
use claude_worker_os::environment::without_own_variables;
use claude_worker_os::files::is_executable;
use claude_worker_os::process::{kill_group, own_group};
use claude_worker_paths::{expand_home, user_home};

use crate::LoginShell;

/// The most that is read of what a program prints.
const OUTPUT_CAP: u64 = 64 * 1024;
/// Where installers put `claude`, below the home directory.
const PLACES_AT_HOME: [&str; 7] = [
    ".local/bin/claude",
    ".claude/local/claude",
    ".npm-global/bin/claude",
    ".volta/bin/claude",
    ".bun/bin/claude",
    ".local/share/mise/shims/claude",
    ".asdf/shims/claude",
];
/// Where installers put it for all users.
const PLACES: [&str; 3] = ["/usr/local/bin/claude", "/opt/homebrew/bin/claude", "/usr/bin/claude"];

/// A program that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its absolute path.
    pub path: PathBuf,
    /// How it was found.
    pub how: How,
}

/// How a program was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The configuration names it.
    Configured,
    /// It is on the `PATH` of the task or of this process.
    Path,
    /// It is on the `PATH` of the login shell.
    LoginShell,
    /// It is where an installer puts it.
    KnownPlace,
}

impl How {
    /// The end of a sentence: `found in PATH`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Configured => "named in the configuration",
            Self::Path => "found in PATH",
            Self::LoginShell => "found in the PATH of the login shell",
            Self::KnownPlace => "found where its installer puts it",
        }
    }
}

/// Why a program was not found; the message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    /// The configuration names something that cannot be run.
    #[error(
        "agents.claude in the configuration names {}, which {reason}. Correct it, or remove it \
         to have Claude Code looked for", path.display()
    )]
    Configured {
        /// What it names.
        path: PathBuf,
        /// What is wrong with that.
        reason: &'static str,
    },
    /// It is nowhere.
    #[error(
        "Claude Code is not installed, or not where a login shell finds it. Install it with \
         `npm install -g @anthropic-ai/claude-code`, or set agents.claude in the configuration \
         to its path"
    )]
    Missing,
}

/// Finds Claude Code's program: as configured, else on this `PATH`, else on that of the login shell,
/// else where installers put it. Takes no time when it is on `path`, or when the shell was asked before.
///
/// # Errors
/// When it is nowhere, or the configuration names something that cannot be run.
pub fn claude(
    configured: Option<&Path>,
    path: Option<&OsStr>,
    login_shell: &LoginShell,
) -> Result<Found, LocateError> {
    if let Some(path) = configured {
        return self::configured(path);
    }
    let found = |how| move |path| Found { path, how };
    path.and_then(|path| on_path(path, "claude"))
        .map(found(How::Path))
        .or_else(|| from_login_shell(login_shell).map(found(How::LoginShell)))
        .or_else(|| known_place(user_home().as_deref()).map(found(How::KnownPlace)))
        .ok_or(LocateError::Missing)
}

/// The program that the configuration names.
///
/// # Errors
/// When it cannot be run.
pub(crate) fn configured(path: &Path) -> Result<Found, LocateError> {
    let path = expand_home(path, user_home().as_deref());
    match why_not_runnable(&path) {
        None => Ok(Found { path, how: How::Configured }),
        Some(reason) => Err(LocateError::Configured { path, reason }),
    }
}

/// Finds a shell by its name: on this `PATH`, else on that of this process, else where systems have shells.
///
/// # Errors
/// `invalid_request` when it is not installed.
pub(crate) fn shell(name: &str, path: Option<&OsStr>) -> Result<PathBuf, ApiError> {
    let usual = ["/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
    let usual = usual.map(|place| Path::new(place).join(name));
    path.and_then(|path| on_path(path, name))
        .or_else(|| on_own_path(name))
        .or_else(|| usual.into_iter().find(|program| why_not_runnable(program).is_none()))
        .ok_or_else(|| {
            ApiError::invalid(format!("The shell {name} is not installed on this machine"))
                .hint("Install it, or leave the shell out: then /bin/sh runs the command")
        })
}

/// Finds git: on this `PATH`, else on that of this process, else where systems have programs.
pub(crate) fn git(path: Option<&OsStr>) -> Option<PathBuf> {
    let usual = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    path.and_then(|path| on_path(path, "git"))
        .or_else(|| on_own_path("git"))
        .or_else(|| in_directories(usual.into_iter(), "git"))
}

/// What a program prints on standard output, at most 64 KiB of it; `None` when it cannot be
/// started, fails, or takes longer than `limit`, after which it is killed.
#[must_use]
pub fn output_within(mut command: Command, limit: Duration) -> Option<String> {
    let deadline = Instant::now() + limit;
    // A process group of its own, so that what it started ends with it.
    own_group(&mut command).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = without_own_variables(&mut command).spawn().ok()?;
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    // A thread, because a child that hangs can hold the pipe open for ever; it ends when the
    // group is killed.
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.take(OUTPUT_CAP).read_to_end(&mut bytes);
        let _ = sender.send(read.map(|_| bytes));
    });
    let bytes = receiver.recv_timeout(limit).ok().and_then(Result::ok);
    let mut succeeded = false;
    while bytes.is_some() && Instant::now() < deadline {
        if let Ok(Some(status)) = child.try_wait() {
            succeeded = status.success();
            break;
        }
        // It has closed its output and is about to exit.
        thread::sleep(Duration::from_millis(1));
    }
    if !matches!(child.try_wait(), Ok(Some(_))) {
        kill_group(&mut child);
        let _ = child.wait();
    }
    bytes.filter(|_| succeeded).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Where an npm installs programs for all directories. `path` is the `PATH` on which it finds node.
pub(crate) fn npm_prefix(npm: &Path, path: Option<&str>, limit: Duration) -> Option<PathBuf> {
    let mut command = Command::new(npm);
    command.args(["prefix", "--global"]);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let prefix = PathBuf::from(output_within(command, limit)?.trim());
    prefix.is_absolute().then_some(prefix)
}

/// What a program on this process's `PATH` prints, if it is there and succeeds in time.
pub(crate) fn says(name: &str, arguments: &[&str], limit: Duration) -> Option<String> {
    let mut command = Command::new(on_own_path(name)?);
    command.args(arguments).env("LC_ALL", "C");
    output_within(command, limit)
}

/// The program called `name` on this process's `PATH`.
pub(crate) fn on_own_path(name: &str) -> Option<PathBuf> {
    on_path(&env::var_os("PATH")?, name)
}

/// The first program called `name` in a `PATH`. Relative entries do not count: what they mean
/// depends on where somebody happens to be.
pub(crate) fn on_path(path: &OsStr, name: &str) -> Option<PathBuf> {
    in_directories(env::split_paths(path), name)
}

fn in_directories(directories: impl Iterator<Item = PathBuf>, name: &str) -> Option<PathBuf> {
    directories
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|program| why_not_runnable(program).is_none())
}

fn from_login_shell(login_shell: &LoginShell) -> Option<PathBuf> {
    let answer = login_shell.answer();
    in_directories(answer.environment()?.directories().iter().cloned(), "claude")
}

fn known_place(home: Option<&Path>) -> Option<PathBuf> {
    let at_home = home.into_iter().flat_map(|home| {
        PLACES_AT_HOME.iter().map(|place| home.join(place)).chain(node_versions(home))
    });
    at_home
        .chain(PLACES.iter().map(PathBuf::from))
        .find(|program| why_not_runnable(program).is_none())
}

/// Where nvm keeps global programs: one directory per Node version, the newest file first.
fn node_versions(home: &Path) -> Vec<PathBuf> {
    let mut programs: Vec<_> = fs::read_dir(home.join(".nvm/versions/node"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin/claude"))
        .filter_map(|program| Some((fs::metadata(&program).ok()?.modified().ok()?, program)))
        .collect();
    programs.sort();
    programs.into_iter().rev().map(|(_, program)| program).collect()
}

fn why_not_runnable(path: &Path) -> Option<&'static str> {
    if !path.is_absolute() {
        return Some("is not an absolute path");
    }
    match fs::metadata(path) {
        Err(_) => Some("does not exist"),
        Ok(found) if !found.is_file() => Some("is not a file"),
        Ok(found) if !is_executable(&found) => Some("is not executable"),
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(directory: &Path, name: &str) -> PathBuf {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn the_first_runnable_one_on_the_path_counts() {
        let here = tempfile::tempdir().unwrap();
        let (first, second) = (here.path().join("a"), here.path().join("b"));
        let not_executable = program(&first, "claude");
        fs::set_permissions(&not_executable, fs::Permissions::from_mode(0o644)).unwrap();
        let claude = program(&second, "claude");
        let path = env::join_paths([Path::new("relative"), &first, &second]).unwrap();
        assert_eq!(on_path(&path, "claude"), Some(claude));
        assert_eq!(on_path(&path, "no-such-program"), None);
    }

    #[test]
    fn a_configured_path_is_used_or_explained() {
        let here = tempfile::tempdir().unwrap();
        let path = program(here.path(), "claude");
        let look = |path: &Path| claude(Some(path), None, &LoginShell::default());
        let found = look(&path).unwrap();
        assert_eq!(found, Found { path, how: How::Configured });
        let error = look(&here.path().join("missing")).unwrap_err().to_string();
        assert!(error.contains("does not exist. Correct it"), "{error}");
        let error = look(here.path()).unwrap_err().to_string();
        assert!(error.contains("is not a file"), "{error}");
    }

    #[test]
    fn known_places_are_looked_at_below_the_home() {
        let home = tempfile::tempdir().unwrap();
        let nvm = program(home.path(), ".nvm/versions/node/v24.1.0/bin/claude");
        assert_eq!(known_place(Some(home.path())), Some(nvm));
        let local = program(home.path(), ".local/bin/claude");
        assert_eq!(known_place(Some(home.path())), Some(local));
    }

    #[test]
    fn output_is_read_and_a_program_that_hangs_is_ended() {
        let shell = |script: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            command
        };
        let long = Duration::from_secs(30);
        assert_eq!(output_within(shell("echo hello"), long).as_deref(), Some("hello\n"));
        assert_eq!(output_within(shell("echo no; exit 1"), long), None);
        assert_eq!(output_within(Command::new("/no/such/program"), long), None);
        let begin = Instant::now();
        assert_eq!(output_within(shell("sleep 60 & sleep 60"), Duration::from_millis(200)), None);
        assert!(begin.elapsed() < long, "it waited for the program");
    }
}
