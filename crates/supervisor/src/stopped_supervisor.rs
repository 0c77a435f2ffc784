//! Supervisors that were stopped by SIGSTOP.
//!
//! A stopped supervisor does nothing, so that a request to end its run would wait for ever. The lock
//! file that it holds names its process: as long as the lock is held, that is no other process, even
//! where process ids are used again.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use claude_worker_os::process::process;
use serde::{Deserialize, Serialize};

use crate::{RunDir, SupervisorError, SupervisorProcess};

/// What the lock file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    /// As the system counts: with the pid it names one process for ever.
    started: u64,
}

/// What to do about a supervisor that is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Let it go on, so that it can do what it was asked for.
    Continue,
    /// Kill it. Its run is lost then, and its tree is for [`crate::end_leftovers`].
    Kill,
}

/// Writes which process this is into the lock that it holds. A full disk is no reason to fail.
pub(crate) fn write_holder(mut lock: &File) {
    let Some(me) = process(std::process::id()) else { return };
    let holder = Holder { pid: me.pid, started: me.started };
    let _ = serde_json::to_vec(&holder).map_err(io::Error::from).and_then(|json| {
        lock.seek(SeekFrom::Start(0))?;
        lock.set_len(0)?;
        lock.write_all(&json)
    });
}

impl RunDir {
    /// What the supervisor that holds the lock wrote into it.
    fn recorded_holder(&self) -> Result<Option<Holder>, SupervisorError> {
        if !self.is_locked()? {
            return Ok(None);
        }
        match self.read::<Holder>(&self.lock_path()) {
            // It was not written: there was no room for it.
            Err(SupervisorError::Damaged { .. }) => Ok(None),
            other => other,
        }
    }

    pub(crate) fn holder(&self) -> Result<Option<SupervisorProcess>, SupervisorError> {
        Ok(self.recorded_holder()?.map(|holder| SupervisorProcess::new(holder.pid, holder.started)))
    }

    /// Helps a supervisor that lives and is stopped; says whether there was one. One that does
    /// anything at all, be it to wait for room on a full disk, is left alone.
    ///
    /// # Errors
    /// [`SupervisorError::Io`].
    pub fn help_stopped_supervisor(&self, remedy: Remedy) -> Result<bool, SupervisorError> {
        Ok(self.holder()?.is_some_and(|supervisor| supervisor.help_if_stopped(remedy)))
    }
}
