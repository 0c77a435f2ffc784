//! The supervisor's own log, `supervisor.log` in the run directory.
//!
//! A few lines for a person who wants to know what became of a run: when supervisor and agent were
//! started, why the run was ended, and every error with its causes. No decision depends on it. So
//! nothing is flushed to disk, and a line that cannot be written (the disk is full, the directory
//! was removed) is left out.
//!
//! Nothing is written before the agent runs: until then lines wait in memory, and the start of an
//! agent costs no system call more. (A `tracing` subscriber would cost every supervisor memory and a
//! part of its start, for these few lines.)

use std::error::Error;
use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use claude_worker_api::Timestamp;
use claude_worker_os::files::without_waiting_or_links_private;

/// The log is no longer than this, in bytes.
const LONGEST: usize = 16 * 1024;

/// A line is no longer than this, in bytes.
const LONGEST_LINE: usize = 1024;

#[derive(Debug)]
pub(crate) struct RunLog {
    path: PathBuf,
    file: Option<File>,
    /// Lines that are not written yet.
    waiting: String,
    /// How many more bytes may be logged.
    room: usize,
}

impl RunLog {
    /// A log at `path`. Nothing is opened yet.
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path, file: None, waiting: String::new(), room: LONGEST }
    }

    /// Adds a line, and does not write it yet.
    pub(crate) fn add(&mut self, text: impl fmt::Display) {
        let mut line = format!("{} {text}", Timestamp::now());
        // One line for each event, whatever an error message contains.
        line.retain(|c| !c.is_control());
        let end = (0..=LONGEST_LINE).rev().find(|end| line.is_char_boundary(*end));
        line.truncate(end.unwrap_or(0));
        if line.len() < self.room {
            self.room -= line.len() + 1;
            let _ = writeln!(self.waiting, "{line}");
        }
    }

    /// Writes the lines that wait; creates the file if it is missing.
    pub(crate) fn write(&mut self) {
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            options.create(true).append(true);
            self.file = without_waiting_or_links_private(&mut options).open(&self.path).ok();
        }
        self.write_if_open();
    }

    /// Writes the lines that wait, if there is a file already: once the end of a run is recorded, its
    /// directory may be deleted at any moment, and must not get new files.
    pub(crate) fn write_if_open(&mut self) {
        if let Some(file) = &mut self.file {
            // Not tried again: a later line would come before an earlier one.
            let _ = file.write_all(self.waiting.as_bytes());
            self.waiting.clear();
        }
    }

    /// Adds a line and writes it.
    pub(crate) fn note(&mut self, text: impl fmt::Display) {
        self.add(text);
        self.write();
    }

    /// Adds an error with its causes, and writes it.
    pub(crate) fn error(&mut self, error: &dyn Error) {
        self.note(format_args!("error: {}", Chain(error)));
    }
}

/// An error with its causes. One that repeats its cause in its own message is not followed by it.
struct Chain<'a>(&'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !said.contains(&text) {
                write!(f, ": {text}")?;
                said = text;
            }
            next = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::SupervisorError;

    #[test]
    fn nothing_is_written_before_it_is_asked_for_and_lines_stay_lines() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("log");
        let mut log = RunLog::new(path.clone());
        log.add("one\ntwo");
        log.write_if_open();
        assert!(!path.exists());
        log.note("three");
        log.add("four");
        log.write_if_open();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        assert_eq!(lines, ["onetwo", "three", "four"]);
    }

    #[test]
    fn however_much_is_logged_it_stays_short() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("log");
        let mut log = RunLog::new(path.clone());
        for _ in 0..100 {
            log.note("ü".repeat(10_000));
        }
        let length = std::fs::metadata(&path).unwrap().len();
        assert!(length <= LONGEST as u64 && length > LONGEST as u64 / 2, "{length}");
    }

    #[test]
    fn an_error_is_logged_with_its_cause_and_without_room_nothing_fails() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("log");
        let error = SupervisorError::io("lock", &path)(io::Error::other("no locks left"));
        let mut log = RunLog::new(path.clone());
        log.error(&error);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("no locks left").count(), 1, "{text}");
        let mut log = RunLog::new("/dev/full".into());
        log.note("one");
        let mut log = RunLog::new(here.path().join("no/such/directory"));
        log.note("one");
    }
}
