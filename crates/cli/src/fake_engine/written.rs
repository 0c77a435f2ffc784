//! A console that keeps what a command writes.

use std::io;

use crate::console::{Console, View};
use crate::render::Paint;
use crate::render::local_time::Zone;
use crate::render::samples::NOW;

/// The output of a command.
pub(crate) struct Written {
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
}

impl Written {
    /// Standard output.
    pub(crate) fn out(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// Standard error.
    pub(crate) fn err(&self) -> &str {
        std::str::from_utf8(&self.err).unwrap()
    }

    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.out).unwrap()
    }

    /// A number in each line of JSON on standard output.
    pub(crate) fn numbers(&self, name: &str) -> Vec<i64> {
        let lines = self.out().lines().map(serde_json::from_str::<serde_json::Value>);
        lines.map(|line| line.unwrap()[name].as_i64().unwrap()).collect()
    }
}

/// The kind of a test's console.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Pipe,
    Terminal,
    Json,
}

impl Written {
    pub(crate) const fn new() -> Self {
        Self { out: Vec::new(), err: Vec::new() }
    }

    /// A console that writes into this.
    pub(crate) fn console(&mut self, look: Look) -> Console<'_> {
        let terminal = look == Look::Terminal;
        Console {
            out: &mut self.out,
            err: &mut self.err,
            view: View { terminal, paint: Paint { colour: false, symbols: terminal } },
            json: look == Look::Json,
            ask: None,
            measure: || 80,
            measure_err: || None,
            measure_rows: || 24,
            now: || NOW,
            zone: || Zone::UTC,
            taskbar: false,
        }
    }
}

/// A standard output whose reader has closed the pipe.
pub(crate) struct Closed;

impl io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
