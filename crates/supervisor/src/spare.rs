//! A supervisor that was started before it is needed.
//!
//! To start a process takes longer than all that a supervisor does before its agent runs. So an
//! engine keeps one that has started, left everything behind that it came with, and waits at a
//! pipe to be told its run: the path of the run directory, ended by a zero byte. From there on it
//! is a supervisor like any other. End of file without a path means that the engine has gone; the
//! spare then ends, having touched nothing. No other process holds the pipe's other end, so that not
//! even `kill -9` of an engine leaves a spare behind.
//!
//! What becomes of a path that was written and never read is no case of its own: the run directory
//! says that nothing has started, just as when a fresh supervisor dies early.

use std::io::{self, BufRead, PipeWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Child;

use claude_worker_os::files::{FileVersion, path_from_bytes, path_to_bytes};

use crate::launch::{self, Launched, SupervisorCommand};
use crate::{RunDir, SupervisorError};

/// The argument of a supervisor, in place of a run directory, that makes it wait for one.
pub(crate) const STAND_BY: &str = "--spare";

/// A pipe takes up to so many bytes in one piece, at the least, on every system.
const LONGEST_MESSAGE: usize = 512;

/// A supervisor process of this one's that waits for its run. Dropping it ends the process and
/// clears it away.
#[derive(Debug)]
pub struct Spare {
    /// Always there, but for the moment in which the process is given away.
    waiting: Option<Waiting>,
    program: PathBuf,
    version: Option<FileVersion>,
}

#[derive(Debug)]
struct Waiting {
    child: Child,
    pipe: PipeWriter,
}

impl Spare {
    /// Starts a supervisor that waits. Returns as soon as the process exists.
    ///
    /// # Errors
    /// [`SupervisorError::Io`] when the process or its pipe could not be made.
    pub fn start(command: &SupervisorCommand) -> Result<Self, SupervisorError> {
        let failed = || SupervisorError::io("start a spare supervisor with", &command.program);
        // Looked at first: should the program be replaced meanwhile, the spare is taken for an old
        // one without need, and never the other way round.
        let version = FileVersion::at(&command.program);
        let (reader, pipe) = io::pipe().map_err(failed())?;
        let child = launch::process(command).arg(STAND_BY).stdin(reader).spawn();
        let child = child.map_err(failed())?;
        let waiting = Some(Waiting { child, pipe });
        Ok(Self { waiting, program: command.program.clone(), version })
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.waiting.as_ref().map(|waiting| waiting.child.id())
    }

    /// Gives it the run in `dir`: the same as [`crate::launch()`], without waiting for a process
    /// to start. None when it cannot take it, because it has died, or its program has been
    /// replaced since it started; nothing has happened to the run then.
    #[must_use]
    pub fn take_on(mut self, dir: &RunDir) -> Option<Launched> {
        if FileVersion::at(&self.program) != self.version {
            return None;
        }
        // It has left the directory in which it was started.
        let path = std::path::absolute(dir.path()).ok()?;
        let mut message = path_to_bytes(&path)?;
        message.push(0);
        if message.len() > LONGEST_MESSAGE {
            return None;
        }
        let mut waiting = self.waiting.take()?;
        if waiting.pipe.write_all(&message).is_err() {
            self.waiting = Some(waiting);
            return None;
        }
        Some(Launched::new(waiting.child))
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        let Some(Waiting { mut child, pipe }) = self.waiting.take() else { return };
        drop(pipe);
        // It would end by itself, but not if it was stopped by a signal. It holds nothing.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Waits at standard input for the run directory; none when the engine has gone.
pub(crate) fn wait_for_a_run() -> io::Result<Option<PathBuf>> {
    let mut message = Vec::new();
    // Nothing else reads it, so that the lock delays nothing.
    io::stdin().lock().take(LONGEST_MESSAGE as u64).read_until(0, &mut message)?;
    if message.pop() != Some(0) {
        return Ok(None);
    }
    Ok(path_from_bytes(&message))
}

/// Whether a supervisor's argument asks it to wait.
pub(crate) fn is_asked_to_stand_by(argument: &Path) -> bool {
    argument == Path::new(STAND_BY)
}
