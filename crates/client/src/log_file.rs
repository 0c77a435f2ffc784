//! The engine's log, which grows no longer than it may.
//!
//! A client that starts an engine puts a long log aside (see [`open_log`]), but an engine may run
//! for months. So whoever writes the log puts it aside too, when it has grown too long.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use claude_worker_os::descriptor::{duplicate_stderr, replace_stderr};
use claude_worker_os::files::{Identity, private, without_waiting};

/// A log that is longer than this, in bytes, is put aside.
pub(crate) const LONGEST_LOG: u64 = 5 * 1024 * 1024;

/// Opens the engine's log to go on with it, or with a new one when it has grown long. Only the
/// last long one is kept.
///
/// # Errors
/// When it can be neither renamed nor opened.
pub fn open_log(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > LONGEST_LOG) {
        put_aside(path)?;
    }
    append(path)
}

fn put_aside(path: &Path) -> io::Result<()> {
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    std::fs::rename(path, old)
}

fn append(path: &Path) -> io::Result<File> {
    // A pipe in its place that nobody reads would be waited at.
    without_waiting(private(OpenOptions::new().create(true).append(true))).open(path)
}

/// The engine's log as it is written.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    is_stderr: bool,
}

impl LogFile {
    /// The log at `path`, opened with [`open_log`] or for appending.
    #[must_use]
    pub fn new(path: &Path, file: File) -> Self {
        Self { path: path.to_owned(), file, is_stderr: false }
    }

    /// The log at `path`, if that is where standard error of this process leads: what is printed
    /// there by others, a panic say, goes into the same file from then on.
    #[must_use]
    pub fn behind_stderr(path: &Path) -> Option<Self> {
        let file = duplicate_stderr().ok()?;
        let log = Self { path: path.to_owned(), file, is_stderr: true };
        log.is_in_place().then_some(log)
    }

    fn is_in_place(&self) -> bool {
        let ours = self.file.metadata().map(|found| Identity::of(&found));
        matches!((ours, Identity::at(&self.path)), (Ok(ours), Ok(now)) if ours == now)
    }

    /// Goes on in a new file. One that has been put aside by somebody else stays there.
    fn begin_anew(&mut self) -> io::Result<()> {
        if self.is_in_place() {
            put_aside(&self.path)?;
        }
        let file = append(&self.path)?;
        if self.is_stderr {
            replace_stderr(&file)?;
        }
        self.file = file;
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Looked up each time, because others write there too; lines are rare.
        if self.file.metadata().is_ok_and(|found| found.is_file() && found.len() > LONGEST_LOG) {
            // A log that cannot be put aside grows on.
            drop(self.begin_anew());
        }
        self.file.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_is_put_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.log");
        let old = directory.path().join("engine.log.old");
        drop(open_log(&path).unwrap());
        File::options().write(true).open(&path).unwrap().set_len(LONGEST_LOG).unwrap();
        drop(open_log(&path).unwrap());
        assert!(!old.exists());
        File::options().write(true).open(&path).unwrap().set_len(LONGEST_LOG + 1).unwrap();
        drop(open_log(&path).unwrap());
        assert_eq!(std::fs::metadata(&old).unwrap().len(), LONGEST_LOG + 1);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    }

    #[test]
    fn however_long_an_engine_writes_its_log_stays_short_and_no_line_is_torn() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.log");
        let mut log = LogFile::new(&path, open_log(&path).unwrap());
        let line = format!("{}\n", "x".repeat(9_999));
        for _ in 0..3_000 {
            log.write_all(line.as_bytes()).unwrap();
        }
        let files = ["engine.log", "engine.log.old"].map(|name| directory.path().join(name));
        for file in &files {
            let text = std::fs::read_to_string(file).unwrap();
            assert!(text.len() as u64 <= LONGEST_LOG + 10_000, "{}", text.len());
            assert!(text.lines().all(|line| line.len() == 9_999));
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
        // One that was removed is made anew, and one that others have put aside is left there.
        std::fs::remove_file(&path).unwrap();
        for _ in 0..600 {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert!(path.exists());
    }
}
