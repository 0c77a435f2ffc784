//! Reaching a supervisor by its process, where its run directory is gone.
//!
//! Everything else between engine and supervisor goes through the run directory. Once that is
//! removed, no request arrives there and no record can be written, but the agent still runs.

use std::thread::sleep;
use std::time::{Duration, Instant};

use claude_worker_os::process::{Process, ProcessState, Signal, process, signal};

use crate::{Remedy, RunDir};

/// Between two looks at a supervisor that is to exit.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// How long a process that was killed may take to be gone.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// One supervisor process, whatever becomes of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupervisorProcess {
    pid: u32,
    started: u64,
}

impl SupervisorProcess {
    /// The process of this number as it is now: only for a child of this process that was not
    /// waited for yet.
    #[must_use]
    pub fn now(pid: u32) -> Option<Self> {
        process(pid).map(|process| Self { pid, started: process.started })
    }

    pub(crate) const fn new(pid: u32, started: u64) -> Self {
        Self { pid, started }
    }

    /// Its number.
    #[must_use]
    pub const fn pid(self) -> u32 {
        self.pid
    }

    fn alive(self) -> Option<Process> {
        process(self.pid).filter(|process| {
            process.started == self.started && process.state != ProcessState::Dead
        })
    }

    /// Sends it SIGTERM, as a machine that shuts down does: it ends its tree, records nothing and
    /// exits. One that is stopped is continued for that. False when it is gone.
    pub fn terminate(self) -> bool {
        let Some(process) = self.alive() else { return false };
        let sent = signal(&process, Signal::End);
        signal(&process, Signal::Continue);
        sent
    }

    /// Helps it if it is stopped, and says whether it was. A process that does anything at all is
    /// left alone.
    pub fn help_if_stopped(self, remedy: Remedy) -> bool {
        let wanted = match remedy {
            Remedy::Continue => Signal::Continue,
            Remedy::Kill => Signal::Kill,
        };
        self.alive()
            .filter(|process| process.state == ProcessState::Stopped)
            .is_some_and(|process| signal(&process, wanted))
    }

    /// Terminates it, waits for it, and kills it when it has not gone after `patience`. Then its
    /// tree is for [`crate::end_leftovers`]. Blocks this thread.
    pub fn end(self, patience: Duration) {
        if !self.terminate() || self.is_gone_within(patience) {
            return;
        }
        if let Some(process) = self.alive() {
            signal(&process, Signal::Kill);
        }
        self.is_gone_within(KILL_LIMIT);
    }

    fn is_gone_within(self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while self.alive().is_some() {
            if Instant::now() >= until {
                return false;
            }
            sleep(LOOK_INTERVAL);
        }
        true
    }
}

impl RunDir {
    /// The supervisor that holds the lock, as the lock file names it; none when it names none, or the
    /// lock is free.
    #[must_use]
    pub fn supervisor(&self) -> Option<SupervisorProcess> {
        self.holder().ok().flatten()
    }
}
