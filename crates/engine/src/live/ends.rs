//! Having live runs ended, and noticing those whose directories are gone.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use claude_worker_api::RunId;
use claude_worker_os::disk::free_at;

use super::live_run::{EndRequest, LiveRun, Signal};
use super::{Runs, lock, thread};

/// With less room than this, in bytes, a supervisor may find none to record an end.
const SCARCE: u64 = 256 * 1024;

impl Runs {
    /// Asks a live run's supervisor to end its process tree.
    pub(crate) fn request_end(&self, run: &RunId) {
        let Some(live) = self.find(run) else { return };
        if let EndRequest::NoDirectoryYet { wanted } = &mut *lock(&live.end_request) {
            *wanted = true;
            return;
        }
        let request = {
            let live = Arc::clone(&live);
            move || {
                live.ask_to_end();
                drop(live.signals.send(Signal::EndRequested));
            }
        };
        // On a thread of its own, because the request is synced to disk; here when there is none.
        if thread("end", request.clone()).is_err() {
            request();
        }
    }

    /// Asks the supervisors of all live runs to end them. The requests are stored when this returns,
    /// so that the engine may be gone the next moment.
    pub(crate) fn request_all_ends(&self) {
        let all: Vec<Arc<LiveRun>> = lock(&self.live).values().cloned().collect();
        for live in all {
            if let EndRequest::NoDirectoryYet { wanted } = &mut *lock(&live.end_request) {
                *wanted = true;
            } else {
                live.ask_to_end();
            }
        }
    }

    /// Tells the supervisors of all live runs to end them and to go. Nothing is recorded: for an
    /// engine whose run directories or database are gone, so that no other one will ever know of
    /// these runs.
    pub(crate) fn abandon_all(&self) {
        for live in lock(&self.live).values() {
            if let Some(supervisor) = live.supervisor.get() {
                supervisor.terminate();
            }
        }
    }

    /// Looks whether the live runs still have their directories, and tells those that do not. What
    /// cannot be checked just now is left alone.
    pub(crate) fn look_at_directories(&self) {
        let all: Vec<Arc<LiveRun>> = lock(&self.live).values().cloned().collect();
        for live in all {
            if live.has_lost_its_directory() && !live.directory_gone.swap(true, Ordering::Relaxed) {
                drop(live.signals.send(Signal::DirectoryGone));
            }
        }
    }

    /// The task of this live run is to be removed, so that its output is of no more use. Where the
    /// disk is full it goes before the run has ended, because a supervisor needs room to record the
    /// end.
    pub(crate) fn mark_for_removal(&self, run: &RunId) {
        if let Some(live) = self.find(run) {
            live.to_remove.store(true, Ordering::Relaxed);
        }
    }

    /// Deletes the output of runs whose tasks are to be removed, if the disk is full.
    pub(crate) fn drop_output_of_removed(&self) {
        let to_remove = |live: &&Arc<LiveRun>| live.to_remove.load(Ordering::Relaxed);
        let all: Vec<Arc<LiveRun>> = lock(&self.live).values().filter(to_remove).cloned().collect();
        if all.is_empty() || free_at(&self.paths.runs).is_none_or(|free| free >= SCARCE) {
            return;
        }
        for live in all {
            live.dir.drop_output();
        }
    }
}
