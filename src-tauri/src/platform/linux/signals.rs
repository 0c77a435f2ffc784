//! Signals that ask the app to quit.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask this process to quit. They no longer kill it once this exists.
pub(crate) struct QuitSignals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl QuitSignals {
    /// SIGINT, SIGTERM and SIGHUP: Ctrl-C, and the end of the session.
    ///
    /// # Errors
    /// A handler cannot be installed.
    pub(crate) fn for_desktop() -> io::Result<Self> {
        Ok(Self { hangup: Some(signal(SignalKind::hangup())?), ..Self::for_headless()? })
    }

    /// SIGINT and SIGTERM.
    ///
    /// # Errors
    /// A handler cannot be installed.
    pub(crate) fn for_headless() -> io::Result<Self> {
        let (interrupt, terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, hangup: None })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }
}
