//! Requests to end a command that waits: Ctrl-C, SIGTERM, SIGHUP. The task keeps running.

use claude_worker_os::signal;
pub(crate) use claude_worker_os::signal::Interruption;

use crate::exit::Exit;

/// Completes on a request to end this command. Where no handler can be installed it never completes, and
/// the signal ends the process as usual.
pub(crate) async fn interrupted() -> Interruption {
    signal::interrupted().await
}

impl From<Interruption> for Exit {
    /// The code that a shell gives a command which this signal has ended.
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::CtrlC => Self::Interrupted,
            Interruption::Terminated => Self::Terminated,
            Interruption::HungUp => Self::HungUp,
        }
    }
}
