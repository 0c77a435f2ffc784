//! Starting a supervisor, from the engine's side.

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use claude_worker_api::{RUN_MARKER, TASK_MARKER};
use claude_worker_os::environment::without_own_variables;

use crate::{RunDir, SupervisorError};

/// How to start a supervisor: a program that hands its last argument to [`crate::run`], whatever
/// that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupervisorCommand {
    /// The program, for instance `/proc/self/exe`.
    pub program: PathBuf,
    /// Its arguments; one more is appended: the run directory, or a word that lets it wait for one.
    pub args: Vec<String>,
}

/// A supervisor that was started by this process, and must be waited for by it.
#[derive(Debug)]
pub struct Launched {
    child: Child,
}

/// Starts a supervisor for the run in `dir`. It outlives this process.
///
/// Returns as soon as the process exists. Whether and how the agent started is told by a wakeup
/// and the run directory.
///
/// # Errors
/// [`SupervisorError::Io`] when the process could not be made; then nothing has started, and
/// nothing will.
pub fn launch(command: &SupervisorCommand, dir: &RunDir) -> Result<Launched, SupervisorError> {
    let child = process(command)
        .arg(dir.path())
        .spawn()
        .map_err(SupervisorError::io("start the supervisor", &command.program))?;
    Ok(Launched::new(child))
}

/// A supervisor process that is still to be given its argument.
pub(crate) fn process(command: &SupervisorCommand) -> Command {
    let mut process = Command::new(&command.program);
    without_own_variables(&mut process)
        .args(&command.args)
        // An engine may itself have been started from within a task. Its runs are not part of it.
        .env_remove(RUN_MARKER)
        .env_remove(TASK_MARKER)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    process
}

impl Launched {
    pub(crate) const fn new(child: Child) -> Self {
        Self { child }
    }

    /// The supervisor's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Blocks this thread until the supervisor process is gone, and clears it away. What became of
    /// the run is in its directory; the exit status says no more than whether the supervisor did
    /// its work (0), declined to start (see [`crate::run`]) or was killed.
    ///
    /// # Errors
    /// What `waitpid` says.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}
