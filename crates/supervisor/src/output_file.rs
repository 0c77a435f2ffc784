//! A file for an agent's output, which leaves the last room on the disk to what matters more.
//!
//! On a full disk a run can still be ended and its task removed, because that takes only a little
//! room: for the record of the end, and for a commit. Several agents that print without end would
//! take even that, and what is freed as well. So output is held back before the disk is full.

use std::fs::File;
use std::io::{self, Write};

use claude_worker_os::disk::free_at_file;

/// So many bytes are left free by output. Some hundred times a record and a commit, because several
/// supervisors may find the same room and write up to 256 KiB each.
const LAST_ROOM: u64 = 2 << 20;

/// An output file that is written to from its end.
#[derive(Debug)]
pub(crate) struct OutputFile {
    file: File,
    last_room_too: bool,
}

impl OutputFile {
    pub(crate) const fn new(file: File) -> Self {
        Self { file, last_room_too: false }
    }

    /// From now on the last room is used, too: for the little that an agent which has ended left in
    /// its pipes.
    pub(crate) const fn use_last_room(&mut self) {
        self.last_room_too = true;
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.last_room_too && is_scarce(free_at_file(&self.file), bytes.len()) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Whether so many more bytes would take of the last room. A file system that does not tell what is
/// free counts as having room: the write itself will tell.
fn is_scarce(free: Option<u64>, bytes: usize) -> bool {
    free.is_some_and(|free| free < LAST_ROOM.saturating_add(bytes as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_leaves_the_last_room() {
        assert!(!is_scarce(Some(LAST_ROOM + 10), 10));
        assert!(is_scarce(Some(LAST_ROOM + 9), 10));
        assert!(is_scarce(Some(0), 0));
        assert!(!is_scarce(None, 10));
    }

    #[test]
    fn a_file_is_written_to_where_there_is_room() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut output = OutputFile::new(file.reopen().unwrap());
        assert!(free_at_file(&output.file).is_some_and(|free| free > LAST_ROOM));
        output.write_all(b"one").unwrap();
        output.use_last_room();
        output.write_all(b" two").unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), b"one two");
    }
}
