//! Reads messages as lines of bounded length. `tokio_util`'s `LinesCodec` bounds lines too, but keeps
//! nothing of a line that is too long, and the error answer needs its id.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// The longest line that is read, in bytes: a prompt of maximum length, with room for its escapes and the
/// rest of the message.
pub(crate) const LONGEST: usize = 40 * 1024 * 1024;
/// How many bytes of a line that is too long are kept from each end, to find its id.
const KEPT: usize = 512;

/// A line that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A whole line, without its line end.
    Whole(Vec<u8>),
    /// A line longer than [`LONGEST`]: its first and its last bytes.
    TooLong(Vec<u8>, Vec<u8>),
}

/// A reader of lines. A read that is cancelled keeps what it has read of a line.
pub(crate) struct Lines<R> {
    input: R,
    longest: usize,
    line: Vec<u8>,
    /// The first bytes of a line that is too long; `line` holds its latest ones then.
    beginning: Option<Vec<u8>>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(crate) const fn new(input: R, longest: usize) -> Self {
        Self { input, longest, line: Vec::new(), beginning: None }
    }

    /// The next line that is not empty; none at the end of the input. An incomplete last line was cut off
    /// and is ignored.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let available = self.input.fill_buf().await?;
            if available.is_empty() {
                return Ok(None);
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let piece = &available[..end.unwrap_or(available.len())];
            let taken = piece.len() + usize::from(end.is_some());
            self.line.extend_from_slice(piece);
            self.input.consume(taken);
            if self.beginning.is_some() {
                let excess = self.line.len().saturating_sub(KEPT);
                self.line.drain(..excess);
            } else if self.line.len() > self.longest {
                self.beginning = Some(self.line[..KEPT.min(self.longest)].to_vec());
                // A new buffer, because the old one has grown large.
                self.line = self.line[self.line.len().saturating_sub(KEPT)..].to_vec();
            }
            if end.is_none() {
                continue;
            }
            let mut line = std::mem::take(&mut self.line);
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            match self.beginning.take() {
                Some(beginning) => return Ok(Some(Line::TooLong(beginning, line))),
                None if line.is_empty() => {}
                None => return Ok(Some(Line::Whole(line))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, BufReader, duplex};

    use super::*;

    #[tokio::test]
    async fn lines_are_read_whole_with_any_buffer_size() {
        let text = b"one\r\n\ntwo\nthree is cut off";
        for capacity in 1..8 {
            let mut lines = Lines::new(BufReader::with_capacity(capacity, &text[..]), 100);
            assert_eq!(lines.next().await.unwrap(), Some(Line::Whole(b"one".to_vec())));
            assert_eq!(lines.next().await.unwrap(), Some(Line::Whole(b"two".to_vec())));
            assert_eq!(lines.next().await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_not_buffered_and_the_next_one_is_read() {
        let mut text = b"begin".to_vec();
        text.extend(vec![b'x'; 100_000]);
        text.extend(b"end\nnext\n");
        let mut lines = Lines::new(BufReader::with_capacity(700, &text[..]), 1000);
        let Some(Line::TooLong(beginning, end)) = lines.next().await.unwrap() else {
            panic!("it is too long")
        };
        assert!(beginning.starts_with(b"begin") && beginning.len() <= KEPT);
        assert!(end.ends_with(b"end") && end.len() <= KEPT);
        assert!(lines.line.capacity() < 10_000);
        assert_eq!(lines.next().await.unwrap(), Some(Line::Whole(b"next".to_vec())));
    }

    #[tokio::test]
    async fn a_cancelled_read_loses_nothing() {
        let (mut far, near) = duplex(64);
        let mut lines = Lines::new(BufReader::new(near), 100);
        far.write_all(b"be").await.unwrap();
        for _ in 0..3 {
            tokio::select! {
                biased;
                _ = lines.next() => panic!("there is no line yet"),
                () = std::future::ready(()) => {}
            }
        }
        far.write_all(b"gun\n").await.unwrap();
        assert_eq!(lines.next().await.unwrap(), Some(Line::Whole(b"begun".to_vec())));
    }
}
