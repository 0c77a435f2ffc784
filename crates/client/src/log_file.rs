//! The engine's log, whose length is limited.
//!
//! A client that starts an engine renames a long log (see [`open_log`]). Because an engine may run for
//! months, [`LogFile`] renames it too, when it has grown too long.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use claude_worker_os::descriptor::{duplicate_stderr, replace_stderr};
use claude_worker_os::files::{Identity, private, without_waiting};

/// A log that is longer than this, in bytes, is renamed.
pub(crate) const MAX_LOG_BYTES: u64 = 5 * 1024 * 1024;

/// How many bytes are written until the length of the log is read again.
const CHECKED_EACH: usize = 64 * 1024;

/// Opens the engine's log for appending. A long log is first renamed to `….old`, replacing the
/// previous one.
///
/// # Errors
/// When it cannot be renamed or opened.
pub fn open_log(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > MAX_LOG_BYTES) {
        rotate(path)?;
    }
    append(path)
}

fn rotate(path: &Path) -> io::Result<()> {
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    std::fs::rename(path, old)
}

fn append(path: &Path) -> io::Result<File> {
    // If there is a named pipe without a reader at `path`, opening it must not block.
    without_waiting(private(OpenOptions::new().create(true).append(true))).open(path)
}

/// A writer of the engine's log that limits its length.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    is_stderr: bool,
    /// Bytes that were written since the length of the file was last read.
    unchecked: usize,
}

impl LogFile {
    /// The log at `path`, opened with [`open_log`] or for appending.
    #[must_use]
    pub fn new(path: &Path, file: File) -> Self {
        Self { path: path.to_owned(), file, is_stderr: false, unchecked: CHECKED_EACH }
    }

    /// The log at `path`, if standard error of this process is that file. Standard error then follows
    /// to each new file, so that other output (a panic message) ends up in it too.
    #[must_use]
    pub fn behind_stderr(path: &Path) -> Option<Self> {
        let file = duplicate_stderr().ok()?;
        let log = Self { path: path.to_owned(), file, is_stderr: true, unchecked: CHECKED_EACH };
        log.is_at_path().then_some(log)
    }

    fn is_at_path(&self) -> bool {
        let ours = self.file.metadata().and_then(|found| Identity::of(&found));
        matches!((ours, Identity::at(&self.path)), (Ok(ours), Ok(now)) if ours == now)
    }

    /// Continues in a new file. If another process has already renamed the log, only opens the new
    /// one.
    fn reopen(&mut self) -> io::Result<()> {
        if self.is_at_path() {
            rotate(&self.path)?;
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
        // The length is read because other processes write to the file too.
        if self.unchecked >= CHECKED_EACH {
            self.unchecked = 0;
            let found = self.file.metadata();
            if found.is_ok_and(|found| found.is_file() && found.len() > MAX_LOG_BYTES) {
                // If this fails, the log keeps growing.
                drop(self.reopen());
            }
        }
        let written = self.file.write(line)?;
        self.unchecked += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_is_renamed_when_it_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.log");
        let old = directory.path().join("engine.log.old");
        drop(open_log(&path).unwrap());
        File::options().write(true).open(&path).unwrap().set_len(MAX_LOG_BYTES).unwrap();
        drop(open_log(&path).unwrap());
        assert!(!old.exists());
        File::options().write(true).open(&path).unwrap().set_len(MAX_LOG_BYTES + 1).unwrap();
        drop(open_log(&path).unwrap());
        assert_eq!(std::fs::metadata(&old).unwrap().len(), MAX_LOG_BYTES + 1);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    }

    #[test]
    fn a_log_that_is_written_for_long_stays_short_and_has_only_whole_lines() {
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
            let bound = MAX_LOG_BYTES + CHECKED_EACH as u64 + 10_000;
            assert!(text.len() as u64 <= bound, "{}", text.len());
            assert!(text.lines().all(|line| line.len() == 9_999));
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
        // A log that was removed is created again at the next rotation.
        std::fs::remove_file(&path).unwrap();
        for _ in 0..600 {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert!(path.exists());
    }
}
