//! Listening to the supervisors' bell.

use std::io;
use std::sync::Arc;

use claude_worker_os::files::Identity;
use claude_worker_supervisor::WakeupPipe;

use super::live_run::Signal;
use super::{Runs, lock, thread};
use crate::EngineError;

/// How many bells are listened to, each with a thread.
const MOST_BELLS: usize = 4;

impl Runs {
    /// Makes the bell anew when it was removed. Supervisors that have opened the one before go on
    /// with that, so that both are listened to.
    pub(crate) fn keep_the_bell(self: &Arc<Self>) {
        let path = &self.paths.bell;
        if !matches!(Identity::at(path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            return;
        }
        let Some(_permission) = self.may_start() else { return };
        match WakeupPipe::open(path).map_err(EngineError::io("cannot open the bell")) {
            Ok(bell) => {
                tracing::warn!(path = %path.display(), "the bell was removed; made anew");
                drop(self.listen(bell));
            }
            Err(error) => tracing::debug!(%error, "the bell was removed"),
        }
    }

    /// Listens to the supervisors' bell, on a thread of its own, until [`Runs::close`].
    pub(crate) fn listen(self: &Arc<Self>, mut bell: WakeupPipe) -> Result<(), EngineError> {
        let runs = Arc::clone(self);
        {
            let mut bells = lock(&self.bells);
            bells.push(bell.closer());
            if bells.len() > MOST_BELLS {
                // Supervisors that have it open find that it has no listener, and open the newest.
                bells.remove(0).close();
            }
        }
        thread("bell", move || {
            loop {
                match bell.next() {
                    Ok(ring) => {
                        if let Some(live) = runs.find(&ring.run) {
                            drop(live.signals.send(Signal::Rang(ring.reason)));
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return,
                    Err(error) => {
                        tracing::error!(%error, "the bell failed; runs are seen only at their end");
                        return;
                    }
                }
            }
        })
    }
}
