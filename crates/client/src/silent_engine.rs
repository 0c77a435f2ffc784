//! An engine of this machine that does not answer: which process it is, and what to type next.

use claude_worker_os::lock::LockHolder;
use claude_worker_os::process::{self, Process, ProcessState, Signal};
use claude_worker_paths::Paths;

/// The process of an engine that does not answer.
#[derive(Debug, Clone)]
pub struct SilentEngine {
    process: Process,
}

impl SilentEngine {
    /// The process that holds the engine's lock now; `None` when none does, or the system does not tell.
    #[must_use]
    pub fn of(paths: &Paths) -> Option<Self> {
        let holder = || match LockHolder::of(&paths.lock) {
            Ok(LockHolder::Engine(pid)) => pid,
            _ => None,
        };
        let process = process::process(holder()?)?;
        // It may have ended before its row was read, and another process may have its number.
        (holder() == Some(process.pid)).then_some(Self { process })
    }

    /// Its process id.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.process.pid
    }

    /// Whether it does nothing until it is continued (SIGSTOP, Ctrl-Z, a debugger).
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.process.state == ProcessState::Stopped
    }

    /// What to type next.
    #[must_use]
    pub fn advice(&self) -> String {
        let kill = "`claude-worker server restart --kill` ends it and starts a new one; running tasks keep running";
        if self.is_stopped() {
            format!("It is stopped; `kill -CONT {}` lets it go on. {kill}", self.pid())
        } else {
            format!("{kill}. Its log: `claude-worker server logs`")
        }
    }

    /// Kills it (SIGKILL). Its queue is durable, and its tasks keep running under their supervisors. Returns false
    /// when it has ended already, or is out of reach.
    #[must_use]
    pub fn kill(&self) -> bool {
        process::signal(&self.process, Signal::Kill)
    }
}
