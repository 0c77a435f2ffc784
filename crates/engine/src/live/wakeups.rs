//! Reads the wakeups that supervisors write into the named pipe of the engine.

use std::io;
use std::sync::Arc;

use claude_worker_os::files::Identity;
use claude_worker_supervisor::WakeupPipe;

use super::live_run::Signal;
use super::{Runs, lock, thread};
use crate::EngineError;

/// How many pipes are read at most, each on a thread.
const MAX_PIPES: usize = 4;

impl Runs {
    /// Makes the wakeup pipe again when its file was removed. Supervisors that have the removed pipe
    /// open go on writing into it, so that both are read.
    pub(crate) fn restore_wakeup_pipe(self: &Arc<Self>) {
        let path = &self.paths.wakeup_pipe;
        if !matches!(Identity::at(path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            return;
        }
        let Some(_permission) = self.may_start() else { return };
        match WakeupPipe::open(path).map_err(EngineError::io("cannot open the wakeup pipe")) {
            Ok(pipe) => {
                tracing::warn!(path = %path.display(), "the wakeup pipe was removed; made it again");
                if let Err(error) = self.read_wakeups(pipe) {
                    tracing::error!(%error, "cannot read the new wakeup pipe");
                }
            }
            Err(error) => tracing::debug!(%error, "the wakeup pipe was removed"),
        }
    }

    /// Reads wakeups from `pipe` on a thread of its own, until [`Runs::close`].
    pub(crate) fn read_wakeups(self: &Arc<Self>, mut pipe: WakeupPipe) -> Result<(), EngineError> {
        let runs = Arc::clone(self);
        {
            let mut pipes = lock(&self.wakeup_pipes);
            pipes.push(pipe.closer());
            if pipes.len() > MAX_PIPES {
                // Supervisors that have it open find that it has no reader, and open the newest.
                pipes.remove(0).close();
            }
        }
        thread("wakeups", move || {
            loop {
                match pipe.next() {
                    Ok(wakeup) => {
                        if let Some(live) = runs.find(&wakeup.run) {
                            drop(live.signals.send(Signal::Wakeup(wakeup.reason)));
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return,
                    Err(error) => {
                        tracing::error!(
                            %error,
                            "the wakeup pipe failed; output of runs is only read when they end"
                        );
                        return;
                    }
                }
            }
        })
    }
}
