//! Lines of standard output that are only worth something while they are new: pieces of a text that the agent
//! prints as a whole afterwards.
//!
//! They go into a file of their own, `live`, which is emptied again and again. What is kept for good has none of
//! them, so that they take no room and no reader of the output has to pass over them.

use std::fs::File;
use std::io::Write;

/// The file is emptied before a line that is kept, once it has this many bytes: the line may be from another part
/// of the agent, whose pieces are not complete.
const WORTH_EMPTYING: u64 = 64 * 1024;

/// The file is emptied, whatever comes, once it has this many bytes.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Where the bytes of a line go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// So many of its bytes were seen, and are those of the prefix.
    Begun(usize),
    Kept,
    Live,
}

/// Takes live lines out of the bytes that an agent prints.
#[derive(Debug)]
pub(crate) struct LiveLines {
    /// How live lines begin. Not empty.
    prefix: Vec<u8>,
    file: LiveFile,
    line: Line,
}

impl LiveLines {
    /// Lines that begin with `prefix` go into `file`. None for an empty prefix.
    pub(crate) fn new(prefix: &str, file: File) -> Option<Self> {
        let prefix = prefix.as_bytes().to_vec();
        (!prefix.is_empty()).then_some(Self {
            prefix,
            file: LiveFile { file, length: 0 },
            line: Line::Begun(0),
        })
    }

    /// How much room [`Self::take`] needs before the bytes.
    pub(crate) const fn room(&self) -> usize {
        self.prefix.len()
    }

    /// Takes the live lines out of the bytes from [`Self::room`] on. What is kept is then at the beginning of the
    /// buffer; returns how many bytes that are.
    pub(crate) fn take(&mut self, buffer: &mut [u8]) -> usize {
        let mut kept = 0;
        let mut at = self.room();
        while at < buffer.len() {
            match self.line {
                Line::Begun(seen) if buffer[at] == self.prefix[seen] => {
                    at += 1;
                    self.line = Line::Begun(seen + 1);
                    if seen + 1 == self.prefix.len() {
                        self.file.write(&self.prefix);
                        self.line = Line::Live;
                    }
                }
                Line::Begun(seen) => {
                    buffer[kept..kept + seen].copy_from_slice(&self.prefix[..seen]);
                    kept += seen;
                    self.file.before_kept_line();
                    self.line = Line::Kept;
                }
                Line::Kept | Line::Live => {
                    let rest = &buffer[at..];
                    let end = rest.iter().position(|&byte| byte == b'\n');
                    let length = end.map_or(rest.len(), |end| end + 1);
                    if self.line == Line::Live {
                        self.file.write(&rest[..length]);
                    } else {
                        buffer.copy_within(at..at + length, kept);
                        kept += length;
                    }
                    at += length;
                    if end.is_some() {
                        self.line = Line::Begun(0);
                    }
                }
            }
        }
        kept
    }

    /// The output is over: puts the beginning of a line that was not decided on at the beginning of the buffer;
    /// returns how many bytes that are.
    pub(crate) fn finish(&mut self, buffer: &mut [u8]) -> usize {
        let Line::Begun(seen) = std::mem::replace(&mut self.line, Line::Kept) else { return 0 };
        buffer[..seen].copy_from_slice(&self.prefix[..seen]);
        seen
    }
}

/// What cannot be written is left out: nothing depends on it.
#[derive(Debug)]
struct LiveFile {
    file: File,
    length: u64,
}

impl LiveFile {
    fn write(&mut self, bytes: &[u8]) {
        if self.length >= MOST_BYTES {
            self.empty();
        }
        if self.file.write_all(bytes).is_ok() {
            self.length += bytes.len() as u64;
        }
    }

    fn before_kept_line(&mut self) {
        if self.length >= WORTH_EMPTYING {
            self.empty();
        }
    }

    fn empty(&mut self) {
        if self.file.set_len(0).is_ok() {
            self.length = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is kept and what is live of bytes that come in pieces of this size.
    fn split(output: &[u8], size: usize) -> (Vec<u8>, Vec<u8>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let append = std::fs::OpenOptions::new().append(true).open(file.path()).unwrap();
        let mut lines = LiveLines::new("{live", append).unwrap();
        let mut kept = Vec::new();
        let mut buffer = vec![0; lines.room() + size];
        for piece in output.chunks(size) {
            let (room, end) = (lines.room(), lines.room() + piece.len());
            buffer[room..end].copy_from_slice(piece);
            let count = lines.take(&mut buffer[..end]);
            kept.extend_from_slice(&buffer[..count]);
        }
        let count = lines.finish(&mut buffer);
        kept.extend_from_slice(&buffer[..count]);
        (kept, std::fs::read(file.path()).unwrap())
    }

    #[test]
    fn live_lines_are_taken_out_however_the_bytes_come() {
        let output = b"one\n{live 1}\n\n{li\n{live 2}\n{\xff{live}\n{live";
        for size in 1..=output.len() {
            let (kept, live) = split(output, size);
            assert_eq!(kept, b"one\n\n{li\n{\xff{live}\n", "{size}");
            assert_eq!(live, b"{live 1}\n{live 2}\n{live", "{size}");
        }
        assert_eq!(split(b"a\n{liv", 2).0, b"a\n{liv", "the beginning of a line is not lost");
        assert_eq!(split(b"a\nb", 1).0, b"a\nb");
    }

    #[test]
    fn the_file_stays_small() {
        let live = [b"{live".as_slice(), &[b'x'; 1000], b"\n"].concat();
        let many = live.repeat(100);
        let (kept, file) = split(&[many.as_slice(), b"kept\n", &live].concat(), 4096);
        assert_eq!((kept.as_slice(), file.len()), (b"kept\n".as_slice(), live.len()));
        let (_, file) = split(&live.repeat(10_000), 4096);
        assert!(file.len() as u64 <= MOST_BYTES + 8192);
    }
}
