//! An isolated environment for one engine: temporary home, data and project directories, and none
//! of the caller's environment variables.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use scripted_api::claude;
use tempfile::TempDir;

use crate::processes;
use crate::step::{output, run};

/// The directories and the environment. Dropping it ends its engine and every task.
pub(crate) struct Sandbox {
    root: TempDir,
    program: PathBuf,
    api_url: String,
    variables: Vec<(String, OsString)>,
}

/// An address at which no server listens, for sandboxes whose tasks need no model.
pub(crate) const NO_API: &str = "http://127.0.0.1:9";

impl Sandbox {
    /// A new sandbox for this `claude-worker` program, whose Claude Code tasks run `agent` with the
    /// API at this address. `config` is the text of `config.toml`, without tables.
    pub(crate) fn new(program: &Path, agent: &Path, api_url: &str, config: &str) -> Result<Self> {
        let root = tempfile::Builder::new().prefix("claude-worker-").tempdir()?;
        for name in ["home", "tmp", "data", "project"] {
            fs::create_dir(root.path().join(name))?;
        }
        let sandbox = Self {
            root,
            program: program.to_owned(),
            api_url: api_url.to_owned(),
            variables: Vec::new(),
        };
        let agent = agent.to_str().context("the path of claude is not UTF-8")?;
        let text = format!("{config}\n[agents]\nclaude = {agent:?}\n[caps]\n{CAPS}");
        fs::write(sandbox.root.path().join("data/config.toml"), text)?;
        Ok(sandbox)
    }

    /// Adds an environment variable for every program that is started from now on.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// The directory in which tasks work.
    pub(crate) fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// The engine's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// A path in the sandbox.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Any program, with the sandbox's environment and the project as its directory.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let (home, tmp) = (self.path("home"), self.path("tmp"));
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(claude::environment(&home, &tmp, &self.api_url))
            .env("CLAUDE_WORKER_HOME", self.data())
            .envs(self.variables.iter().cloned())
            .current_dir(self.project())
            .stdin(Stdio::null());
        command
    }

    /// The command line under test.
    pub(crate) fn worker(&self, args: &[&str]) -> Command {
        let mut command = self.command(&self.program);
        command.args(args);
        command
    }

    /// Submits a task and returns its id.
    pub(crate) fn submit(&self, args: &[&str]) -> Result<String> {
        let id = output(self.worker(&["run"]).args(args))?;
        Ok(id.trim().to_owned())
    }

    /// Waits until these tasks have finished, however they ended.
    pub(crate) fn wait(&self, ids: &[String]) -> Result<()> {
        let mut command = self.worker(&["wait"]);
        let status = command.args(ids).stdout(Stdio::null()).status()?;
        // The exit code reflects the tasks' verdicts; only a signal or a usage error is a failure here.
        match status.code() {
            Some(0 | 10..) => Ok(()),
            _ => bail!("`claude-worker wait` ended with {status}"),
        }
    }

    /// Starts the engine, so that the next measurement does not include its start.
    pub(crate) fn start_engine(&self) -> Result<()> {
        run(self.worker(&["server", "start"]).stdout(Stdio::null()))
    }

    /// Stops the engine and its tasks, and checks that no process is left.
    pub(crate) fn stop(&self) -> Result<()> {
        run(self.worker(&["server", "stop", "--cancel-running"]).stdout(Stdio::null()))?;
        self.nothing_runs()
    }

    /// Checks that no process is left; the error lists those that are.
    pub(crate) fn nothing_runs(&self) -> Result<()> {
        let found = processes::with_environment("CLAUDE_WORKER_HOME", &self.data())?;
        // The engine no longer answers, but its process may not have ended yet.
        let left = processes::outliving(found, Duration::from_secs(5));
        if !left.is_empty() {
            bail!("these processes are left: {left:?}");
        }
        Ok(())
    }
}

/// Room for the benchmark's log of one gigabyte, and for its submissions.
const CAPS: &str = "output_per_run = \"2GB\"\nqueued = 10000000\n";

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Usually the engine has already been stopped, so errors are ignored.
        let mut stop = self.worker(&["server", "stop", "--cancel-running"]);
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
