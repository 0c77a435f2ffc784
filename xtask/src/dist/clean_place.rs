//! A place in which nothing is installed but the package under test.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use super::VERSION;
use crate::processes;
use crate::step::{output, run};

/// The directories of every system.
const SYSTEM: &str = "/usr/bin:/bin";

/// A home directory of its own, and a short `PATH`. Dropping it stops its engine.
pub(super) struct CleanPlace {
    root: TempDir,
    /// Directories in `PATH` before those of the system.
    path: Vec<PathBuf>,
}

impl CleanPlace {
    /// An empty one.
    pub(super) fn new() -> Result<Self> {
        let root = tempfile::Builder::new().prefix("cw-").tempdir()?;
        for name in ["home", "project", "tmp"] {
            std::fs::create_dir(root.path().join(name))?;
        }
        Ok(Self { root, path: Vec::new() })
    }

    /// A path in it.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Programs in this directory are found.
    pub(super) fn add_to_path(&mut self, directory: PathBuf) {
        self.path.push(directory);
    }

    /// Any program, with nothing of the caller's environment.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let directories = self.path.iter().map(|directory| directory.display().to_string());
        let path: Vec<_> = directories.chain([SYSTEM.to_owned()]).collect();
        let mut command = Command::new("/usr/bin/env");
        command
            .env_clear()
            .env("HOME", self.at("home"))
            .env("TMPDIR", self.at("tmp"))
            .env("PATH", path.join(":"))
            .env("LANG", "C.UTF-8")
            .current_dir(self.at("project"))
            .stdin(Stdio::null())
            // The child looks the program up in its own PATH.
            .arg(program);
        command
    }

    /// Uses an installed package as a person would: the version, a task from submission to result, the
    /// MCP server, the engine's end.
    pub(super) fn use_programs(&self, worker: &str, mcp: &str) -> Result<()> {
        let version = output(self.command(worker).arg("--version"))?;
        ensure!(version.trim().ends_with(VERSION), "{worker} --version says {version}");
        self.do_a_task(worker)?;
        self.ask_mcp_server(mcp)?;
        run(self.command(worker).args(["server", "stop"]).stdout(Stdio::null()))?;
        let left = processes::with_environment("HOME", &self.at("home"))?;
        let left = processes::outliving(left, std::time::Duration::from_secs(5));
        ensure!(left.is_empty(), "these processes are left: {left:?}");
        Ok(())
    }

    fn do_a_task(&self, worker: &str) -> Result<()> {
        let task = ["run", "--agent", "shell", "--wait", "--json", "echo it works"];
        let submitted = output(self.command(worker).args(task))?;
        let task: serde_json::Value = serde_json::from_str(&submitted)?;
        let id = task["id"].as_i64().with_context(|| format!("no task: {submitted}"))?;
        let shown = output(self.command(worker).args(["status", &id.to_string(), "--json"]))?;
        let detail: serde_json::Value = serde_json::from_str(&shown)?;
        ensure!(detail["result"] == "it works", "the task's result is another one: {shown}");
        Ok(())
    }

    /// Begins a session with the MCP server, which answers with its version.
    fn ask_mcp_server(&self, mcp: &str) -> Result<()> {
        let hello = serde_json::json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": { "name": "check", "version": "1" },
            },
        });
        let mut server = self.command(mcp);
        let mut server = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut input = server.stdin.take().context("there is no pipe")?;
        writeln!(input, "{hello}")?;
        drop(input);
        let answer = String::from_utf8(server.wait_with_output()?.stdout)?;
        ensure!(
            answer.contains("serverInfo") && answer.contains(VERSION),
            "{mcp} answers {answer}"
        );
        Ok(())
    }

    /// Fails unless a command fails and says this.
    pub(super) fn refuses(command: &mut Command, words: &str) -> Result<()> {
        let ended = command.stderr(Stdio::piped()).stdout(Stdio::piped()).output()?;
        let said = String::from_utf8_lossy(&ended.stderr);
        if ended.status.success() || !said.contains(words) {
            bail!("it should have failed with {words:?}, ended with {}: {said}", ended.status);
        }
        Ok(())
    }

    /// Whether a path exists in it.
    pub(super) fn has(&self, path: impl AsRef<Path>) -> bool {
        self.root.path().join(path).exists()
    }
}

impl Drop for CleanPlace {
    fn drop(&mut self) {
        // After a failure an engine may still run; it is the only process with this home that matters.
        for process in processes::with_environment("HOME", &self.at("home")).unwrap_or_default() {
            drop(Command::new("kill").arg("-9").arg(process.pid.to_string()).status());
        }
    }
}
