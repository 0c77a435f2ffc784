//! How far long lines without an end were looked through.
//!
//! Output is only ever added to, so what was found to hold no line end never will. That is true
//! of a file whoever reads it, and so it is remembered for the whole process, by the file's path.
//! Forgetting costs time and nothing else.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shorter lines are read again: that is as quick as knowing better.
const WORTH_IT: u64 = 256 * 1024;
/// How many lines are remembered, the ones asked for last.
const LINES: usize = 64;

static KNOWN: Mutex<Known> = Mutex::new(Known(VecDeque::new()));

/// The lines that are remembered, the newest knowledge last.
struct Known(VecDeque<Unfinished>);

/// A line that has no end before `looked_through`.
struct Unfinished {
    path: PathBuf,
    start: u64,
    looked_through: u64,
}

impl Known {
    fn remember(&mut self, line: Unfinished) {
        if line.looked_through - line.start < WORTH_IT {
            return;
        }
        // One per file is enough: those who follow a file are all at its last line.
        self.0.retain(|other| other.path != line.path);
        self.0.push_back(line);
        if self.0.len() > LINES {
            self.0.pop_front();
        }
    }

    fn looked_through(&self, path: &Path, start: u64) -> Option<u64> {
        let line = self.0.iter().find(|line| line.start == start && line.path == path)?;
        Some(line.looked_through)
    }
}

/// Remembers that the line at `start` of a file has no end before `looked_through`.
pub(super) fn remember(path: &Path, start: u64, looked_through: u64) {
    known().remember(Unfinished { path: path.to_owned(), start, looked_through });
}

/// Whether it is worth while to read the line at `start`: it has an end, or is not known to have
/// none. Reads only what is new. The file is at `start` before and, when the answer is yes,
/// afterwards.
pub(super) fn may_be_complete(path: &Path, start: u64, file: &mut File) -> io::Result<bool> {
    let Some(looked_through) = known().looked_through(path, start) else { return Ok(true) };
    let mut position = file.seek(SeekFrom::Start(looked_through))?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            remember(path, start, position);
            return Ok(false);
        }
        if buffer[..count].contains(&b'\n') {
            file.seek(SeekFrom::Start(start))?;
            return Ok(true);
        }
        position += count as u64;
    }
}

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::*;

    /// A file that is added to and asked about.
    struct Growing {
        _directory: tempfile::TempDir,
        path: PathBuf,
    }

    impl Growing {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            Self { path: directory.path().join("stdout"), _directory: directory }
        }

        fn add(&self, bytes: &[u8]) {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path).unwrap();
            file.write_all(bytes).unwrap();
        }

        /// The answer, and where the file is afterwards.
        fn ask(&self, start: u64) -> (bool, u64) {
            let mut file = File::open(&self.path).unwrap();
            file.seek(SeekFrom::Start(start)).unwrap();
            let answer = may_be_complete(&self.path, start, &mut file).unwrap();
            (answer, file.stream_position().unwrap())
        }
    }

    #[test]
    fn a_line_is_looked_through_once_until_it_ends() {
        let file = Growing::new();
        file.add(b"first\n");
        file.add(&vec![b'x'; WORTH_IT as usize]);
        assert_eq!(file.ask(6), (true, 6), "nothing is known yet");
        remember(&file.path, 6, 6 + WORTH_IT);
        assert_eq!(file.ask(6), (false, 6 + WORTH_IT));
        file.add(&[b'x'; 1000]);
        assert!(!file.ask(6).0);
        assert_eq!(known().looked_through(&file.path, 6), Some(6 + WORTH_IT + 1000));
        file.add(b"x\nmore");
        assert_eq!(file.ask(6), (true, 6));
        // Of any other place nothing is known.
        assert_eq!(file.ask(0), (true, 0));
        assert_eq!(file.ask(7), (true, 7));
    }

    #[test]
    fn it_remembers_few_lines_and_only_long_ones() {
        let mut known = Known(VecDeque::new());
        let mut remember = |name: String, looked_through| {
            known.remember(Unfinished { path: name.into(), start: 0, looked_through });
        };
        for n in 0..3 * LINES {
            remember(n.to_string(), WORTH_IT);
        }
        remember("short".to_owned(), WORTH_IT - 1);
        assert_eq!(known.0.len(), LINES);
        assert_eq!(known.looked_through(Path::new("0"), 0), None);
        assert_eq!(known.looked_through(Path::new("short"), 0), None);
        let newest = (3 * LINES - 1).to_string();
        assert_eq!(known.looked_through(Path::new(&newest), 0), Some(WORTH_IT));
    }
}
