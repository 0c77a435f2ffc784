//! The newest event for which a notification was shown, stored in a small file.

use std::io;
use std::path::PathBuf;

use claude_worker_os::files::{Replace, replace};

/// The file with the sequence number of the newest event for which a notification was shown.
#[derive(Debug, Clone)]
pub struct EventCursor {
    file: PathBuf,
}

impl EventCursor {
    /// A cursor stored in this file. The file is not read yet.
    #[must_use]
    pub const fn at(file: PathBuf) -> Self {
        Self { file }
    }

    /// The stored sequence number; `None` if there is none, or the file cannot be read.
    #[must_use]
    pub fn read(&self) -> Option<i64> {
        std::fs::read_to_string(&self.file).ok()?.trim().parse().ok()
    }

    /// Stores a sequence number atomically, in a file that only this user can read.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, seq: i64) -> io::Result<()> {
        replace(&self.file, seq.to_string().as_bytes(), &Replace::default()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_sequence_number_is_stored_in_a_private_file() {
        let directory = tempfile::tempdir().unwrap();
        let cursor = EventCursor::at(directory.path().join("told"));
        assert_eq!(cursor.read(), None);
        cursor.write(41).unwrap();
        cursor.write(42).unwrap();
        assert_eq!(cursor.read(), Some(42));
        let mode = std::fs::metadata(directory.path().join("told")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(directory.path().join("told"), "what").unwrap();
        assert_eq!(cursor.read(), None);
    }
}
