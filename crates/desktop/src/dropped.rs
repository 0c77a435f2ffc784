//! Files that a person dropped on the window.
//!
//! The pages may read these, and no others: whatever the window shows is not trusted with the
//! file system.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use claude_worker_api::ApiError;

/// The longest text that is taken from a file, in bytes.
const LONGEST: u64 = 512 * 1024;
/// How many dropped files are remembered.
const REMEMBERED: usize = 64;

/// What was dropped lately.
#[derive(Debug, Default)]
pub struct Dropped {
    paths: VecDeque<PathBuf>,
}

impl Dropped {
    /// Remembers files that were dropped.
    pub fn add(&mut self, paths: &[PathBuf]) {
        self.paths.extend(paths.iter().cloned());
        while self.paths.len() > REMEMBERED {
            self.paths.pop_front();
        }
    }

    /// Whether this very file was dropped.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        self.paths.iter().any(|known| known == path)
    }
}

/// The text of a file, to become a prompt.
///
/// # Errors
/// `invalid_request` when it cannot be read, is too long, or is not text.
pub fn read_text(path: &Path) -> Result<String, ApiError> {
    let name = path.file_name().unwrap_or_default().display().to_string();
    let refuse = |why: &str| {
        ApiError::invalid(format!("{name} {why}"))
            .hint("Drop a text file, or write the file's path into the prompt")
    };
    let found =
        std::fs::metadata(path).map_err(|error| refuse(&format!("cannot be read: {error}")))?;
    if !found.is_file() {
        return Err(refuse("is not a file"));
    }
    if found.len() > LONGEST {
        return Err(refuse(&format!("is longer than {} kB", LONGEST / 1024)));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| refuse(&format!("cannot be read: {error}")))?;
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(refuse("is not a text file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_of_bounded_length_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        assert_eq!(read_text(&file("a.md", "Fix ß".as_bytes())).unwrap(), "Fix ß");
        let refused = |path: &Path| read_text(path).unwrap_err().message;
        assert_eq!(refused(&file("a.png", b"\x89PNG")), "a.png is not a text file");
        assert_eq!(refused(&file("zero", b"\0")), "zero is not a text file");
        assert_eq!(refused(directory.path()), {
            let name = directory.path().file_name().unwrap().display().to_string();
            format!("{name} is not a file")
        });
        let long = file("long", &vec![b'x'; LONGEST as usize + 1]);
        assert_eq!(refused(&long), "long is longer than 512 kB");
        assert!(refused(&directory.path().join("none")).contains("cannot be read"));
    }

    #[test]
    fn what_was_not_dropped_is_not_known() {
        let mut dropped = Dropped::default();
        dropped.add(&["/a".into()]);
        assert!(dropped.has(Path::new("/a")));
        assert!(!dropped.has(Path::new("/a/../etc/shadow")));
        dropped.add(&vec![PathBuf::from("/b"); REMEMBERED]);
        assert!(!dropped.has(Path::new("/a")));
    }
}
