//! The state of a live run, and the signals to its thread.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};

use claude_worker_api::{LogItem, Timestamp};
use claude_worker_os::files::Identity;
use claude_worker_supervisor::{RunDir, SupervisorProcess, WakeupReason};
use tokio::sync::watch;

use super::lock;

/// What a run's thread waits for.
pub(super) enum Signal {
    /// The supervisor sent a wakeup.
    Wakeup(WakeupReason),
    /// The supervisor has been asked to end the run.
    EndRequested,
    /// The supervisor process is gone.
    Gone,
    /// Its directory is not there any more, or another one is in its place.
    DirectoryGone,
}

/// What others may know and ask of a live run.
pub(crate) struct LiveRun {
    pub(super) dir: RunDir,
    pub(super) signals: mpsc::Sender<Signal>,
    /// Rises with every byte printed: wakes those who follow the log.
    pub(super) grown: watch::Sender<u64>,
    pub(super) last_output_at: AtomicI64,
    pub(super) output_bytes: AtomicU64,
    /// What the agent is writing.
    pub(super) live_text: Mutex<LiveSnapshot>,
    pub(super) end_request: Mutex<EndRequest>,
    /// What its directory was when this engine made or found it.
    pub(super) identity: OnceLock<Identity>,
    /// Its supervisor, once it is known.
    pub(super) supervisor: OnceLock<SupervisorProcess>,
    pub(super) directory_gone: AtomicBool,
    /// Its task is to be removed.
    pub(super) to_remove: AtomicBool,
}

/// What an agent is writing, at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct LiveSnapshot {
    /// Rises with every change; 0 is nothing.
    pub(crate) version: u64,
    /// How many bytes of standard output had been read then.
    pub(crate) stdout_bytes: u64,
    pub(crate) items: Vec<LogItem>,
}

/// A request to end may come before there is a directory to write it into.
pub(super) enum EndRequest {
    NoDirectoryYet { wanted: bool },
    DirectoryIsThere,
}

impl LiveRun {
    /// Passes on the request to end: through the run's directory, or to the supervisor's process
    /// when the way through it is gone.
    pub(super) fn ask_to_end(&self) {
        if let Err(error) = self.dir.request_end() {
            tracing::error!(%error, "a request to end a run could not be stored");
        }
        if let Some(supervisor) = self.supervisor.get()
            && !self.dir.has_listener()
        {
            supervisor.terminate();
        }
    }

    pub(super) fn has_lost_its_directory(&self) -> bool {
        let Some(known) = self.identity.get() else { return false };
        self.dir.identity().is_ok_and(|now| now != Some(*known))
    }

    /// When the agent last printed something, if it has since this engine launched or adopted the run.
    pub(crate) fn last_output_at(&self) -> Option<Timestamp> {
        match self.last_output_at.load(Ordering::Relaxed) {
            0 => None,
            millis => Some(Timestamp::from_millis(millis)),
        }
    }

    /// What the agent is writing now.
    pub(crate) fn live_text(&self) -> LiveSnapshot {
        lock(&self.live_text).clone()
    }

    /// Wakes whenever the agent prints something.
    pub(crate) fn grown(&self) -> watch::Receiver<u64> {
        self.grown.subscribe()
    }
}
