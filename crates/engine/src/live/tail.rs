//! A file that is read as it grows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use claude_worker_agents::Lines;
use claude_worker_supervisor::open_regular;

/// A file that is read as it grows.
pub(super) struct Tail {
    file: Option<File>,
    pub(super) lines: Lines,
    /// How far it has been read, in bytes.
    pub(super) offset: u64,
}

impl Default for Tail {
    fn default() -> Self {
        Self { file: None, lines: Lines::new(0), offset: 0 }
    }
}

impl Tail {
    /// Reads what is new; returns how many bytes that were. A file that is not there has none.
    pub(super) fn read(
        &mut self,
        path: &Path,
        mut each: impl FnMut(&mut Lines, &[u8]),
    ) -> io::Result<u64> {
        let file = match &mut self.file {
            Some(file) => file,
            None => match open_regular(path) {
                Ok(mut file) => {
                    file.seek(SeekFrom::Start(self.offset))?;
                    self.file.insert(file)
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
                Err(error) => return Err(error),
            },
        };
        let before = self.offset;
        let mut buffer = [0; 32 * 1024];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(self.offset - before),
                Ok(count) => {
                    self.offset += count as u64;
                    each(&mut self.lines, &buffer[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
