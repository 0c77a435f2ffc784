//! A file that is read as it grows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use claude_worker_agents::Lines;
use claude_worker_os::files::open_regular;

/// A reader that is less far behind reads everything.
const WORTH_A_SKIP: u64 = 256 * 1024;

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
    /// Begins anew with a file that was emptied.
    pub(super) fn notice_emptied(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file
            && file.metadata()?.len() < self.offset
        {
            file.seek(SeekFrom::Start(0))?;
            self.offset = 0;
            self.lines = Lines::new(0);
        }
        Ok(())
    }

    /// Reads what is new; returns how many bytes that were. A file that is not there has none.
    ///
    /// Where only so many bytes at the end are needed, a reader that has fallen behind skips what
    /// is before them: reading everything that a fast writer prints would slow the writer down.
    pub(super) fn read(
        &mut self,
        path: &Path,
        needed_end: Option<u64>,
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
        let mut skipped = false;
        loop {
            // Anew each time: a writer may be as fast as this reader, which then never ends.
            if let Some(needed) = needed_end {
                let length = file.metadata()?.len();
                if length.saturating_sub(self.offset) > WORTH_A_SKIP.max(needed) {
                    self.offset = file.seek(SeekFrom::Start(length - needed))?;
                    self.lines = Lines::new(self.offset);
                    skipped = true;
                }
            }
            match file.read(&mut buffer) {
                Ok(0) => return Ok(self.offset - before),
                Ok(count) => {
                    let begin = self.offset;
                    self.offset += count as u64;
                    let mut bytes = &buffer[..count];
                    if std::mem::take(&mut skipped)
                        && let Some(end) = bytes.iter().position(|byte| *byte == b'\n')
                    {
                        // The end of a line whose beginning was skipped.
                        bytes = &bytes[end + 1..];
                        self.lines = Lines::new(begin + end as u64 + 1);
                    }
                    each(&mut self.lines, bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tail: &mut Tail, path: &Path, needed_end: Option<u64>) -> (u64, Vec<String>) {
        let mut found = Vec::new();
        let bytes = tail
            .read(path, needed_end, |lines, bytes| {
                lines.push(bytes, |line| found.push(line.text.into_owned()));
            })
            .unwrap();
        (bytes, found)
    }

    fn numbered(numbers: std::ops::Range<u64>) -> String {
        numbers.map(|n| format!("line {n:09}\n")).collect()
    }

    #[test]
    fn a_reader_that_is_behind_skips_what_is_not_needed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stdout");
        let (mut whole, mut end) = (Tail::default(), Tail::default());
        std::fs::write(&path, numbered(0..10)).unwrap();
        assert_eq!(read(&mut end, &path, Some(150)), (150, read(&mut whole, &path, None).1));

        std::fs::write(&path, numbered(0..100_000)).unwrap();
        let grown = 15 * (100_000 - 10);
        let (bytes, lines) = read(&mut end, &path, Some(40));
        assert_eq!(bytes, grown);
        assert_eq!(lines, ["line 000099998", "line 000099999"]);
        let (bytes, lines) = read(&mut whole, &path, None);
        assert_eq!((bytes, lines.len()), (grown, 100_000 - 10));
        assert_eq!(end.offset, whole.offset);
    }

    #[test]
    fn after_a_skip_lines_are_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stdout");
        let mut tail = Tail::default();
        std::fs::write(&path, numbered(0..100_000)).unwrap();
        read(&mut tail, &path, Some(40));
        std::fs::write(&path, numbered(0..100_001)).unwrap();
        let mut begins = Vec::new();
        tail.read(&path, Some(40), |lines, bytes| {
            lines.push(bytes, |line| begins.push(line.offset));
        })
        .unwrap();
        assert_eq!(begins, [1_500_000]);
    }

    #[test]
    fn a_reader_keeps_up_with_a_writer_that_is_faster() {
        use std::io::Write;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stdout");
        let mut writer = File::create(&path).unwrap();
        let block = numbered(0..100_000);
        writer.write_all(block.as_bytes()).unwrap();
        let (mut blocks, mut given) = (1, 0);
        let mut tail = Tail::default();
        tail.read(&path, Some(40), |_, bytes| {
            given += bytes.len();
            if blocks < 20 {
                writer.write_all(block.as_bytes()).unwrap();
                blocks += 1;
            }
        })
        .unwrap();
        assert_eq!(tail.offset, 20 * block.len() as u64);
        assert_eq!(given, 20 * 30);
    }
}
