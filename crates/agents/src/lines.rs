//! Splits an agent's output into lines, in bounded memory whatever the agent prints.

mod filter;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::text::omission;
use filter::Filter;

/// One line of output: valid UTF-8 (invalid bytes are replaced by U+FFFD), without its line end
/// (`\n` or `\r\n`), without a byte order mark before the first line, and of bounded size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where the line begins in the output, in bytes.
    pub offset: u64,
    /// Where the next one begins, in bytes.
    pub end: u64,
    /// The line. A shortened one has the marker `… [N bytes more]` where something is missing. A
    /// JSON object stays valid JSON, unless it is too large even with every long string shortened.
    pub text: Cow<'a, str>,
    /// Whether something was left out.
    pub shortened: bool,
}

/// Output, one line or many at once.
#[derive(Debug)]
pub enum Piece<'a> {
    /// Whole lines, each with its line end, none of which would be shortened.
    Lines(&'a [u8]),
    /// One line.
    Line(Line<'a>),
}

/// How much is kept, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Of a line that is not a JSON object.
    pub(crate) plain: usize,
    /// Of any one string in a JSON object.
    pub(crate) string: usize,
    /// Of the string that is the value of an object's own `result`.
    pub(crate) result: usize,
    /// Of a JSON object as a whole. One larger than this is treated as a plain line.
    pub(crate) object: usize,
}

const BOUNDS: Bounds = Bounds {
    plain: 64 * 1024,
    string: 64 * 1024,
    // With the marker, the whole stays below 1 MiB.
    result: 1024 * 1024 - 64,
    // Leaves room for the last marker.
    object: 2 * 1024 * 1024 - 64,
};

/// The byte order mark in UTF-8, which some programs write before their first line.
const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// The capacity that the buffer keeps between lines. A power of two, so that it grows to exactly
/// 2 MiB.
const IDLE_CAPACITY: usize = 64 * 1024;

/// Cuts bytes, arriving in pieces of any size, into [`Line`]s. Needs at most about 2 MiB.
#[derive(Debug)]
pub struct Lines {
    bounds: Bounds,
    /// Where the current line begins.
    start: u64,
    /// The offset of the next byte.
    position: u64,
    /// The part of the current line that is kept so far.
    buffer: Vec<u8>,
    state: State,
    /// How many bytes of a possible byte order mark have arrived.
    mark: Option<usize>,
}

/// The kind of the current line, as far as it has arrived.
#[derive(Debug)]
enum State {
    /// No byte has arrived.
    Empty,
    /// Not a JSON object.
    Plain,
    /// A plain line that has reached its bound: more bytes are only counted.
    Full {
        /// The last byte that arrived, which may belong to the line end.
        last: u8,
    },
    /// A JSON object, by its first byte.
    Object(Filter),
}

impl Lines {
    /// Begins at `start_offset` of the output, which must be the beginning of a line.
    #[must_use]
    pub const fn new(start_offset: u64) -> Self {
        Self::with_bounds(start_offset, BOUNDS)
    }

    pub(crate) const fn with_bounds(start_offset: u64, bounds: Bounds) -> Self {
        Self {
            bounds,
            start: start_offset,
            position: start_offset,
            buffer: Vec::new(),
            state: State::Empty,
            mark: if start_offset == 0 { Some(0) } else { None },
        }
    }

    /// Where the first incomplete line begins. A new reader can start here.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.start
    }

    /// Adds bytes, and calls `each` with every line that they complete.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Line<'_>)) {
        while let (Some(seen), Some(first)) = (self.mark, bytes.first()) {
            if *first == MARK[seen] {
                bytes = &bytes[1..];
                self.mark = Some(seen + 1).filter(|seen| *seen < MARK.len());
                if self.mark.is_none() {
                    self.position += MARK.len() as u64;
                }
            } else {
                self.keep_partial_mark();
            }
        }
        let never_shortened = self.never_shortened();
        while let Some(length) = memchr::memchr(b'\n', bytes) {
            let line = &bytes[..length];
            bytes = &bytes[length + 1..];
            if matches!(self.state, State::Empty) && length <= never_shortened {
                self.position += length as u64 + 1;
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                each(Line {
                    offset: self.start,
                    end: self.position,
                    text: text(line),
                    shortened: false,
                });
                self.start = self.position;
            } else {
                self.take(line);
                self.position += 1;
                self.emit(1, &mut each);
            }
        }
        self.take(bytes);
    }

    /// Like [`Self::push`], for a reader that can use many lines at once: `each` returns whether it has
    /// used them. If not, it gets them again one by one.
    pub fn push_pieces(&mut self, mut bytes: &[u8], mut each: impl FnMut(Piece<'_>) -> bool) {
        if self.mark.is_some() || !matches!(self.state, State::Empty) {
            let length = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |length| length + 1);
            self.push(&bytes[..length], |line| _ = each(Piece::Line(line)));
            bytes = &bytes[length..];
        }
        let (whole, rest) = bytes.split_at(self.whole_lines(bytes));
        if !whole.is_empty() && each(Piece::Lines(whole)) {
            self.position += whole.len() as u64;
            self.start = self.position;
            bytes = rest;
        }
        self.push(bytes, |line| _ = each(Piece::Line(line)));
    }

    /// The length up to which a complete line is never shortened.
    fn never_shortened(&self) -> usize {
        self.bounds.plain.min(self.bounds.string)
    }

    /// The length of the complete lines at the beginning that are never shortened.
    fn whole_lines(&self, bytes: &[u8]) -> usize {
        let mut length = 0;
        loop {
            let rest = &bytes[length..];
            let near = &rest[..rest.len().min(self.never_shortened() + 1)];
            match memchr::memrchr(b'\n', near) {
                Some(last) => length += last + 1,
                None => return length,
            }
        }
    }

    /// Calls `each` with the last line if the output ended without a line end. Call it only when there
    /// is no more output.
    pub fn finish(&mut self, mut each: impl FnMut(Line<'_>)) {
        self.keep_partial_mark();
        if matches!(self.state, State::Empty) {
            // A byte order mark without a line after it.
            self.start = self.position;
        } else {
            self.emit(0, &mut each);
        }
    }

    /// Adds what looked like a byte order mark to the first line.
    fn keep_partial_mark(&mut self) {
        if let Some(seen) = self.mark.take() {
            self.take(&MARK[..seen]);
        }
    }

    /// Adds bytes to the current line.
    fn take(&mut self, bytes: &[u8]) {
        let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return };
        self.position += bytes.len() as u64;
        if matches!(self.state, State::Empty) {
            self.state = if first == b'{' { State::Object(Filter::new()) } else { State::Plain };
        }
        match &mut self.state {
            State::Empty => {}
            State::Plain => {
                let room = self.bounds.plain + 1 - self.buffer.len();
                self.buffer.extend_from_slice(&bytes[..bytes.len().min(room)]);
                if self.buffer.len() > self.bounds.plain {
                    self.fill_up(last);
                }
            }
            State::Full { last: before } => *before = last,
            State::Object(filter) => {
                if filter.push(bytes, &mut self.buffer, &self.bounds).is_err() {
                    self.fill_up(last);
                }
            }
        }
    }

    /// Treats the current line as a plain one that has reached its bound.
    fn fill_up(&mut self, last: u8) {
        self.buffer.truncate(whole_characters(&self.buffer, self.bounds.plain));
        self.state = State::Full { last };
    }

    /// Calls `each` with the current line; `line_end` is the number of bytes of its `\n`.
    fn emit(&mut self, line_end: u64, each: &mut impl FnMut(Line<'_>)) {
        let shortened = match std::mem::replace(&mut self.state, State::Empty) {
            State::Full { last } => {
                let carriage_return = u64::from(last == b'\r');
                let length = self.position - self.start - line_end - carriage_return;
                let missing = length.saturating_sub(self.buffer.len() as u64);
                if missing > 0 {
                    self.buffer.extend_from_slice(omission(missing).as_bytes());
                }
                missing > 0
            }
            State::Object(filter) => {
                self.strip_carriage_return();
                filter.finish(&mut self.buffer)
            }
            State::Empty | State::Plain => {
                self.strip_carriage_return();
                false
            }
        };
        each(Line { offset: self.start, end: self.position, text: text(&self.buffer), shortened });
        self.start = self.position;
        self.buffer.clear();
        self.buffer.shrink_to(IDLE_CAPACITY);
    }

    fn strip_carriage_return(&mut self) {
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
    }
}

/// The text of a line. Most lines are valid UTF-8, and checking that takes a fraction of the time of a
/// conversion that replaces invalid bytes.
fn text(line: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed)
}

/// The largest length up to `max` at which `bytes` (longer than `max`) can be cut without
/// cutting a UTF-8 sequence.
fn whole_characters(bytes: &[u8], max: usize) -> usize {
    let is_continuation = |b: u8| b & 0b1100_0000 == 0b1000_0000;
    let mut at = max;
    while at > 0 && max - at < 3 && is_continuation(bytes[at]) {
        at -= 1;
    }
    if bytes[at] >= 0b1100_0000 { at } else { max }
}
