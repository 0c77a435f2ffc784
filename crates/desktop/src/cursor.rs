//! How far in the event stream a person has been told, in a small file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file with the number of the newest event that was told of.
#[derive(Debug, Clone)]
pub struct Cursor {
    file: PathBuf,
}

impl Cursor {
    /// The cursor at this place. Nothing is read yet.
    #[must_use]
    pub const fn at(file: PathBuf) -> Self {
        Self { file }
    }

    /// The stored number; none when nothing has ever been told, or the file says nothing of use.
    #[must_use]
    pub fn read(&self) -> Option<i64> {
        std::fs::read_to_string(&self.file).ok()?.trim().parse().ok()
    }

    /// Stores a number, for this user only, whole or not at all.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, seq: i64) -> io::Result<()> {
        replace(&self.file, seq.to_string().as_bytes())
    }
}

/// Puts a file in the place of another, whole or not at all. It need not survive a power cut.
pub(crate) fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(".new");
    let mut out =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft)?;
    out.write_all(content)?;
    drop(out);
    std::fs::rename(&draft, file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_number_is_kept_for_this_user_only() {
        let directory = tempfile::tempdir().unwrap();
        let cursor = Cursor::at(directory.path().join("told"));
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
