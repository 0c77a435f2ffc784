//! A private world for one test.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use claude_worker_api::RUN_MARKER;
use serde_json::Value;
use tempfile::TempDir;

/// How long anything in a test may take. Far more than it does, because machines are shared.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A data directory with everything around it.
pub(crate) struct Home {
    root: TempDir,
    variables: Vec<(String, String)>,
}

impl Home {
    /// A fresh one, with the default configuration.
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("cw-").tempdir().unwrap();
        for name in ["home", "tmp", "work"] {
            std::fs::create_dir(root.path().join(name)).unwrap();
        }
        let path = |name: &str| root.path().join(name).display().to_string();
        let variables = vec![
            ("HOME".to_owned(), path("home")),
            ("TMPDIR".to_owned(), path("tmp")),
            ("CLAUDE_WORKER_HOME".to_owned(), path("data")),
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            // No shell is asked for its PATH before the first run.
            ("SHELL".to_owned(), "/usr/sbin/nologin".to_owned()),
        ];
        Self { root, variables }
    }

    /// A fresh one with this `config.toml`.
    pub(crate) fn with_config(config: &str) -> Self {
        let home = Self::new();
        home.make_data();
        std::fs::write(home.data().join("config.toml"), config).unwrap();
        home
    }

    /// Makes the data directory before an engine does, and as private as an engine would.
    pub(crate) fn make_data(&self) {
        std::fs::DirBuilder::new().mode(0o700).create(self.data()).unwrap();
    }

    /// The same, with a variable more (or another value) in the environment of every command.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// The data directory. It exists once an engine has started.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// A directory for tasks to work in.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// A place of the test's own.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The environment of every command.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    /// The program, ready to be given arguments, working in [`Home::work`].
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claude-worker"));
        command
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program and waits for it.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(&self.command().args(arguments).output().unwrap())
    }

    /// Runs the program with this standard input.
    pub(crate) fn run_with_input<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Ran {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that refuses early does not read it all.
        drop(child.stdin.take().unwrap().write_all(input));
        Ran::of(&child.wait_with_output().unwrap())
    }

    /// Runs the program with `--json`, expects it to succeed, and reads what it said.
    pub(crate) fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Value {
        let ran = Ran::of(&self.command().args(arguments).arg("--json").output().unwrap());
        ran.ok();
        serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {ran:?}"))
    }

    /// Queues a shell command and returns the task's id.
    pub(crate) fn shell(&self, command: &str) -> i64 {
        self.json(["run", "--agent", "shell", command])["id"].as_i64().unwrap()
    }

    /// Waits until a task is finished; returns it as `status --json` shows it.
    pub(crate) fn finished(&self, id: i64) -> Value {
        let id = id.to_string();
        let ran = self.run(["wait", &id, "--timeout", "60s"]);
        assert_ne!(ran.code, 124, "task {id} did not end: {:?}", self.json(["status", &id]));
        self.json(["status", &id])
    }

    /// Waits until a task is in this status.
    pub(crate) fn until_status(&self, id: i64, status: &str) -> Value {
        let mut last = Value::Null;
        until(&format!("task {id} is {status}"), || {
            last = self.json(["status", &id.to_string()]);
            last["status"] == status
        });
        last
    }

    /// The engine's process.
    pub(crate) fn engine_pid(&self) -> u32 {
        let pid = self.json(["server", "health"])["pid"].as_u64().unwrap();
        u32::try_from(pid).unwrap()
    }

    /// Kills the engine without a word, and waits until it is gone.
    pub(crate) fn kill_engine(&self) {
        kill(self.engine_pid());
    }

    /// The directory of a task's newest run.
    pub(crate) fn run_directory(&self, id: i64) -> PathBuf {
        let task = self.json(["status", &id.to_string()]);
        let run = task["run_history"].as_array().unwrap().last().expect("a run").clone();
        self.data().join("runs").join(run["id"].as_str().unwrap())
    }

    /// Processes that carry a run's marker of this home, and its engine.
    pub(crate) fn processes(&self) -> BTreeSet<u32> {
        let own = format!("CLAUDE_WORKER_HOME={}", self.data().display());
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
            if environment.split(|byte| *byte == 0).any(|variable| variable == own.as_bytes())
                && !is_gone(pid)
            {
                found.insert(pid);
            }
        }
        found
    }

    /// Processes that belong to runs of this home.
    pub(crate) fn agents(&self) -> BTreeSet<u32> {
        let marked = |pid: &u32| {
            std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|variable| variable.starts_with(format!("{RUN_MARKER}=").as_bytes()))
            })
        };
        self.processes().into_iter().filter(marked).collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let stopped = self.run(["server", "stop", "--cancel-running"]);
        if std::thread::panicking() {
            eprintln!("engine log:\n{}", read(&self.data().join("engine.log")));
            for pid in self.processes() {
                kill(pid);
            }
            return;
        }
        // 5: there was none to stop. 8: another user's socket is in its place.
        assert!(matches!(stopped.code, 0 | 5 | 8), "{stopped:?}");
        let deadline = Instant::now() + PATIENCE;
        while !self.processes().is_empty() {
            let left: Vec<_> = self
                .processes()
                .into_iter()
                .map(|pid| read(Path::new(&format!("/proc/{pid}/cmdline"))).replace('\0', " "))
                .collect();
            if Instant::now() > deadline {
                self.processes().into_iter().for_each(kill);
                panic!("left behind: {left:?}");
            }
            std::thread::yield_now();
        }
    }
}

/// The program of a shell, or another program that tests are about. A test without it fails, because it
/// would check nothing.
#[track_caller]
pub(crate) fn shell(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|directory| directory.join(name));
    places
        .find(|place| place.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: cargo xtask setup installs it"))
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; for a process that a signal ended, its negative number.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: ExitStatusExt::signal(&output.status)
                .map_or_else(|| output.status.code().unwrap_or(i32::MIN), |signal| -signal),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Expects success.
    #[track_caller]
    pub(crate) fn ok(&self) -> &Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Expects this exit code and a message that contains these words, and that it panicked
    /// nowhere.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "\"{word}\" is missing: {self:?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self
    }
}

/// Waits until something is true, looking again and again.
#[track_caller]
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "it never came true that {what}");
        std::thread::yield_now();
    }
}

/// Kills a process and waits until it is gone.
pub(crate) fn kill(pid: u32) {
    signal(pid, rustix::process::Signal::KILL);
    until(&format!("process {pid} is gone"), || is_gone(pid));
}

/// Sends a signal to a process, if it is there.
pub(crate) fn signal(pid: u32, signal: rustix::process::Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Whether a process has ended; one that nobody has reaped yet counts as gone.
pub(crate) fn is_gone(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => {
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']))
        }
        Err(_) => true,
    }
}

/// A file's text; empty when it is not there.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

/// A process that is ended when the test is over.
pub(crate) struct Kept(pub(crate) Child);

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
