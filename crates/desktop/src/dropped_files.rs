//! Files that the user dropped on the window.
//!
//! The pages may read these files and no others, because the window shows untrusted text and must not
//! get access to the file system.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use claude_worker_api::ApiError;

/// The largest file that is read, in bytes.
const MAX_SIZE: u64 = 512 * 1024;
/// How many dropped files are kept; the oldest is forgotten first.
const MAX_FILES: usize = 64;

/// The files that were dropped last.
#[derive(Debug, Default)]
pub struct DroppedFiles {
    paths: VecDeque<PathBuf>,
}

impl DroppedFiles {
    /// Adds files that were dropped.
    pub fn add(&mut self, paths: &[PathBuf]) {
        self.paths.extend(paths.iter().cloned());
        while self.paths.len() > MAX_FILES {
            self.paths.pop_front();
        }
    }

    /// Whether this exact path was dropped.
    #[must_use]
    pub fn contains(&self, path: &Path) -> bool {
        self.paths.iter().any(|known| known == path)
    }
}

/// Reads the text of a file, for use as a prompt.
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
    if found.len() > MAX_SIZE {
        return Err(refuse(&format!("is longer than {} kB", MAX_SIZE / 1024)));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut bytes))
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
    fn only_text_files_of_bounded_size_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        assert_eq!(read_text(&file("a.md", "Fix ß".as_bytes())).unwrap(), "Fix ß");
        let error = |path: &Path| read_text(path).unwrap_err().message;
        assert_eq!(error(&file("a.png", b"\x89PNG")), "a.png is not a text file");
        assert_eq!(error(&file("zero", b"\0")), "zero is not a text file");
        assert_eq!(error(directory.path()), {
            let name = directory.path().file_name().unwrap().display().to_string();
            format!("{name} is not a file")
        });
        let long = file("long", &vec![b'x'; MAX_SIZE as usize + 1]);
        assert_eq!(error(&long), "long is longer than 512 kB");
        assert!(error(&directory.path().join("none")).contains("cannot be read"));
    }

    #[test]
    fn only_dropped_paths_are_contained_and_the_oldest_are_forgotten() {
        let mut dropped = DroppedFiles::default();
        dropped.add(&["/a".into()]);
        assert!(dropped.contains(Path::new("/a")));
        assert!(!dropped.contains(Path::new("/a/../etc/shadow")));
        dropped.add(&vec![PathBuf::from("/b"); MAX_FILES]);
        assert!(!dropped.contains(Path::new("/a")));
    }
}
