//! The signals that this process gets.

use std::io;
#[cfg(feature = "tokio")]
use std::time::{Duration, Instant};

use crate::system::signal as system;
use crate::wait::Readable;

/// What came since the last [`Signals::take`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Received {
    /// A child may have ended (or stopped): looking once too often is cheap.
    pub child_changed: bool,
    /// This process was asked to end, now or at any time before.
    pub asked_to_end: bool,
}

/// Signals as something to wait for: each puts a byte into a pipe.
#[derive(Debug)]
pub struct Signals(system::Signals);

impl Signals {
    /// From now on, the end of a child and requests to end this process (SIGTERM, SIGINT, SIGHUP)
    /// are noted and do nothing else, and signals that must not kill it (SIGQUIT, SIGXFSZ) do
    /// nothing. Once per process.
    ///
    /// # Errors
    /// What the system says.
    pub fn install() -> io::Result<Self> {
        system::Signals::install().map(Self)
    }

    /// What to wait for.
    #[must_use]
    pub const fn source(&self) -> &dyn Readable {
        self.0.source()
    }

    /// What came since the last call.
    #[must_use]
    pub fn take(&self) -> Received {
        self.0.take()
    }
}

/// How long after a request to end more signals count as the same request. One request often sends several
/// signals at once: `kill` of a process group, a wrapper that passes them on, systemd.
#[cfg(feature = "tokio")]
const SAME_REQUEST: Duration = Duration::from_millis(500);

/// Requests of a person or of the system to end this process: Ctrl-C, SIGTERM. For programs with a
/// runtime; a supervisor uses [`Signals`].
#[cfg(feature = "tokio")]
#[derive(Debug)]
pub struct EndRequests {
    signals: system::EndRequests,
    last: Option<Instant>,
}

#[cfg(feature = "tokio")]
impl EndRequests {
    /// From now on Ctrl-C and SIGTERM no longer end this process by themselves.
    ///
    /// # Errors
    /// What the system says.
    pub fn new() -> io::Result<Self> {
        Ok(Self { signals: system::EndRequests::new()?, last: None })
    }

    /// As [`EndRequests::new`], and also SIGHUP, unless the starting program (`nohup`) ignores it: the end
    /// of the session.
    ///
    /// # Errors
    /// What the system says.
    pub fn or_hang_up() -> io::Result<Self> {
        Ok(Self { signals: system::EndRequests::or_hang_up()?, last: None })
    }

    /// Waits for the next request. Signals in quick succession are one request.
    pub async fn next(&mut self) {
        loop {
            self.signals.next().await;
            if self.last.is_none_or(|last| last.elapsed() >= SAME_REQUEST) {
                break;
            }
        }
        self.last = Some(Instant::now());
    }
}

/// A request to end a command that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// Ctrl-C (SIGINT).
    CtrlC,
    /// SIGTERM: from `kill`, `timeout`, systemd or a container.
    Terminated,
    /// SIGHUP: the terminal was closed.
    HungUp,
}

/// Waits for a request to end this process, which until then does not end by it. Once this wait is over or
/// dropped, such a request ends the process as usual.
///
/// A signal that the starting program told this process to ignore stays ignored: `nohup` ignores SIGHUP, and
/// a shell script ignores SIGINT in what it starts with `&`.
#[cfg(feature = "tokio")]
pub async fn interrupted() -> Interruption {
    match system::Interruptions::new() {
        Ok(mut interruptions) => interruptions.next().await,
        // The signal ends the process as usual.
        Err(_) => std::future::pending().await,
    }
}

/// Ends this process by the signal of the interruption. A shell that runs a loop goes on after a command that
/// exits with a code, even with 130, and breaks off after one that SIGINT has ended.
///
/// It returns where the signal does not end the process: the first process of a container has no default action.
pub fn end_by(interruption: Interruption) {
    system::end_by(interruption);
}

/// Stops this process as Ctrl-Z does, and returns once it goes on.
pub fn suspend() {
    system::suspend();
}
