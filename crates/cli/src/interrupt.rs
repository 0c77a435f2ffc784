//! Requests to end a command that waits: Ctrl-C, SIGTERM, SIGHUP. The task keeps running.

use std::io::{self, Write};
use std::process::ExitCode;

use claude_worker_os::signal;
pub(crate) use claude_worker_os::signal::Interruption;

use crate::exit::Exit;

/// Completes on a request to end this command. Where no handler can be installed it never completes, and
/// the signal ends the process as usual.
pub(crate) async fn interrupted() -> Interruption {
    signal::interrupted().await
}

/// Ends this process by the signal that ended its command, if one did: a shell breaks a loop off only after a
/// command that died of SIGINT. Returns the exit code for a process that no signal ends.
pub(crate) fn end_as(exit: Exit) -> ExitCode {
    let by = match exit {
        Exit::Interrupted => Interruption::CtrlC,
        Exit::Terminated => Interruption::Terminated,
        Exit::HungUp => Interruption::HungUp,
        _ => return exit.into(),
    };
    // A signal ends the process without writing what is buffered.
    let _ = io::stdout().flush();
    signal::end_by(by);
    exit.into()
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
