//! Signals: not yet.

use std::io::{self, PipeReader};

#[cfg(feature = "tokio")]
use crate::signal::Interruption;
use crate::signal::Received;
use crate::wait::Readable;

#[derive(Debug)]
pub(crate) struct Signals {
    reader: PipeReader,
}

impl Signals {
    pub(crate) fn install() -> io::Result<Self> {
        super::not_yet("tasks cannot be run")
    }

    pub(crate) const fn source(&self) -> &dyn Readable {
        &self.reader
    }

    pub(crate) fn take(&self) -> Received {
        Received::default()
    }
}

#[cfg(feature = "tokio")]
#[derive(Debug)]
pub(crate) struct EndRequests {
    interrupt: tokio::signal::windows::CtrlC,
    close: tokio::signal::windows::CtrlClose,
}

#[cfg(feature = "tokio")]
impl EndRequests {
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_close};
        Ok(Self { interrupt: ctrl_c()?, close: ctrl_close()? })
    }

    pub(crate) fn or_hang_up() -> io::Result<Self> {
        Self::new()
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.close.recv() => {}
        }
    }
}

/// The requests to end that a command waits for.
#[cfg(feature = "tokio")]
#[derive(Debug)]
pub(crate) struct Interruptions {
    interrupt: tokio::signal::windows::CtrlC,
    close: tokio::signal::windows::CtrlClose,
}

#[cfg(feature = "tokio")]
impl Interruptions {
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_close};
        Ok(Self { interrupt: ctrl_c()?, close: ctrl_close()? })
    }

    pub(crate) async fn next(&mut self) -> Interruption {
        tokio::select! {
            _ = self.interrupt.recv() => Interruption::CtrlC,
            _ = self.close.recv() => Interruption::HungUp,
        }
    }
}

pub(crate) const fn end_by(_: Interruption) {}

pub(crate) const fn suspend() {}
