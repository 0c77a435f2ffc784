//! Signal handlers that write into a pipe.

use std::io::{self, PipeReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::SigSet;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::{flag, low_level};

use crate::signal::Received;
use crate::wait::Readable;

#[derive(Debug)]
pub(crate) struct Signals {
    reader: PipeReader,
    asked_to_end: Arc<AtomicBool>,
}

impl Signals {
    pub(crate) fn install() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        crate::descriptor::never_block(&reader);
        let asked_to_end = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            // Before the pipe's handler: a reader that is woken by that one finds the flag set.
            flag::register(signal, Arc::clone(&asked_to_end))?;
            low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        low_level::pipe::register(SIGCHLD, writer)?;
        // SIGXFSZ would kill where a failing write is what we want; SIGPIPE is ignored already. A
        // handler without effect, because programs that are started do not inherit it.
        let unused = Arc::new(AtomicBool::new(false));
        for signal in [SIGXFSZ, SIGQUIT] {
            flag::register(signal, Arc::clone(&unused))?;
        }
        // The process that started this one may have blocked signals, and a mask is inherited.
        SigSet::empty().thread_set_mask()?;
        Ok(Self { reader, asked_to_end })
    }

    pub(crate) const fn source(&self) -> &dyn Readable {
        &self.reader
    }

    pub(crate) fn take(&self) -> Received {
        let mut bytes = [0; 64];
        let mut child_changed = false;
        while matches!((&self.reader).read(&mut bytes), Ok(1..)) {
            // Every byte counts as a child's: looking once too often is cheap.
            child_changed = true;
        }
        Received { child_changed, asked_to_end: self.asked_to_end.load(Ordering::Relaxed) }
    }
}

#[cfg(feature = "tokio")]
#[derive(Debug)]
pub(crate) struct EndRequests {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(feature = "tokio")]
impl EndRequests {
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
