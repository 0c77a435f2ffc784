//! Lines as a terminal leaves them: a carriage return and backspaces move back, and what follows
//! overwrites what was there. That is how programs draw progress.
//!
//! [`Overwrites`] does it in a stream of bytes. Output without such characters, which is most of it,
//! passes unchanged and is not copied. One line is kept at a time, and no more of it than [`COLUMNS`].

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use super::text::{escape_sequence, printable_ascii};

/// How many columns of a line that is overwritten are kept: more than any terminal has.
const COLUMNS: usize = 16 * 1024;
/// How many bytes of an incomplete line are held back, in case something overwrites it. A longer one
/// passes as it is.
const HELD: usize = 64 * 1024;
/// How long an incomplete escape sequence may be.
const LONGEST_SEQUENCE: usize = 256;
const BACKSPACE: u8 = 8;
const TAB_STOPS: usize = 8;

/// One line, as a terminal leaves it.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    let text = text.trim_end_matches('\r');
    if !has_moves(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut line = Line::default();
    line.push(text.as_bytes());
    Cow::Owned(line.finish())
}

/// Several lines, as a terminal leaves them.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    if !has_moves(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<_> = text.lines().map(line).collect();
    Cow::Owned(lines.join("\n"))
}

/// The bytes up to the carriage returns at their end.
fn without_returns(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    &bytes[..end]
}

fn has_moves(bytes: &[u8]) -> bool {
    memchr::memchr2(b'\r', BACKSPACE, bytes).is_some()
}

/// A line that is being written: its columns and the cursor.
#[derive(Debug, Default)]
struct Line {
    cells: Vec<Cell>,
    cursor: usize,
    /// Bytes whose meaning depends on what follows: part of a character or of an escape sequence.
    rest: Vec<u8>,
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq)]
enum Cell {
    /// Nothing was written there.
    #[default]
    Blank,
    /// A character with the marks on it.
    Char(char, Option<Box<str>>),
    /// The second column of the character before.
    Second,
}

impl Line {
    fn push(&mut self, bytes: &[u8]) {
        let joined;
        let bytes = if self.rest.is_empty() {
            bytes
        } else {
            joined = [std::mem::take(&mut self.rest).as_slice(), bytes].concat();
            &joined
        };
        let mut at = 0;
        while at < bytes.len() {
            let plain = printable_ascii(&bytes[at..]);
            self.write_ascii(&bytes[at..][..plain]);
            at += plain;
            if at < bytes.len() {
                match self.next(&bytes[at..], false) {
                    0 => break,
                    length => at += length,
                }
            }
        }
        self.rest.extend_from_slice(&bytes[at..]);
    }

    /// Writes what `bytes` begin with and returns how many bytes that were; 0 when more bytes are needed,
    /// which there are not at the `end`.
    fn next(&mut self, bytes: &[u8], end: bool) -> usize {
        match bytes[0] {
            b'\r' => self.cursor = 0,
            BACKSPACE => self.cursor = self.cursor.saturating_sub(1),
            b'\t' => self.cursor = ((self.cursor / TAB_STOPS + 1) * TAB_STOPS).min(COLUMNS),
            0x1b => {
                let window = &bytes[..bytes.len().min(LONGEST_SEQUENCE)];
                let text = String::from_utf8_lossy(window);
                let length = escape_sequence(&text);
                if length > 0 {
                    self.obey(&window[..length.min(window.len())]);
                    return length.min(window.len());
                }
                if !end && window.len() < LONGEST_SEQUENCE {
                    return 0;
                }
                self.write('\u{1b}');
            }
            byte @ 0x20..0x7f => self.write(char::from(byte)),
            _ => {
                let window = &bytes[..bytes.len().min(4)];
                let (c, length) = match std::str::from_utf8(window) {
                    Ok(text) => first_char(text),
                    Err(error) if error.valid_up_to() > 0 => {
                        let valid = &window[..error.valid_up_to()];
                        first_char(std::str::from_utf8(valid).unwrap_or_default())
                    }
                    Err(error) => match error.error_len() {
                        None if !end => return 0,
                        length => (char::REPLACEMENT_CHARACTER, length.unwrap_or(window.len())),
                    },
                };
                self.write(c);
                return length;
            }
        }
        1
    }

    /// Carries out the escape sequences that move in a line or erase a part of it; others are left out.
    fn obey(&mut self, sequence: &[u8]) {
        let [0x1b, b'[', parameters @ .., command] = sequence else { return };
        let number = std::str::from_utf8(parameters).ok().and_then(|text| text.parse().ok());
        let steps: usize = number.unwrap_or(1).max(1);
        match (command, number.unwrap_or(0)) {
            (b'K', 0) => self.cells.truncate(self.cursor),
            (b'K', 1) => {
                let end = self.cells.len().min(self.cursor + 1);
                self.cells[..end].fill(Cell::Blank);
            }
            (b'K', 2) => self.cells.clear(),
            (b'C', _) => self.cursor = self.cursor.saturating_add(steps).min(COLUMNS),
            (b'D', _) => self.cursor = self.cursor.saturating_sub(steps),
            (b'G', _) => self.cursor = (steps - 1).min(COLUMNS),
            _ => {}
        }
    }

    fn write(&mut self, c: char) {
        // Control characters take a column, because their picture is shown.
        let width = c.width().unwrap_or(1);
        if width == 0 {
            let end = self.cursor.min(self.cells.len());
            let before = self.cells[..end].iter_mut().rev().find(|cell| **cell != Cell::Second);
            if let Some(Cell::Char(_, marks)) = before {
                // A few are an accent, many are an attack on the reader.
                if marks.as_ref().is_none_or(|marks| marks.len() < 32) {
                    let before = marks.take().unwrap_or_default();
                    *marks = Some(format!("{before}{c}").into());
                }
            }
            return;
        }
        let end = self.cursor.saturating_add(width);
        if end > COLUMNS {
            return;
        }
        if self.cells.len() < end {
            self.cells.resize(end, Cell::Blank);
        }
        self.clear_halves(self.cursor);
        self.clear_halves(end - 1);
        self.cells[self.cursor] = Cell::Char(c, None);
        if width == 2 {
            self.cells[self.cursor + 1] = Cell::Second;
        }
        self.cursor = end;
    }

    /// Writes characters of one column each: most of a line, so all of them at once.
    fn write_ascii(&mut self, text: &[u8]) {
        let text = &text[..text.len().min(COLUMNS.saturating_sub(self.cursor))];
        if text.is_empty() {
            return;
        }
        let end = self.cursor + text.len();
        if self.cells.len() < end {
            self.cells.resize(end, Cell::Blank);
        }
        self.clear_halves(self.cursor);
        self.clear_halves(end - 1);
        for (cell, byte) in self.cells[self.cursor..end].iter_mut().zip(text) {
            *cell = Cell::Char(char::from(*byte), None);
        }
        self.cursor = end;
    }

    /// A wide character of which one column is overwritten disappears.
    fn clear_halves(&mut self, at: usize) {
        if matches!(self.cells[at], Cell::Second) && at > 0 {
            self.cells[at - 1] = Cell::Blank;
        }
        if matches!(self.cells.get(at + 1), Some(Cell::Second)) {
            self.cells[at + 1] = Cell::Blank;
        }
    }

    /// What the line looks like now.
    fn text(&self) -> String {
        let mut text = String::with_capacity(self.cells.len());
        for cell in &self.cells {
            match cell {
                Cell::Blank => text.push(' '),
                Cell::Char(c, marks) => {
                    text.push(*c);
                    text.push_str(marks.as_ref().map_or("", |marks| marks));
                }
                Cell::Second => {}
            }
        }
        text.truncate(text.trim_end_matches(' ').len());
        text
    }

    /// What the line looks like at its end.
    fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.rest);
        let mut at = 0;
        while at < rest.len() {
            at += self.next(&rest[at..], true).max(1);
        }
        let text = self.text();
        self.cells.clear();
        self.cursor = 0;
        text
    }
}

fn first_char(text: &str) -> (char, usize) {
    text.chars().next().map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8()))
}

/// A stream of output in which overwritten lines are replaced by what a terminal leaves of them.
#[derive(Debug, Default)]
pub(crate) struct Overwrites {
    state: State,
}

/// What has become of the incomplete line at the end of the stream.
#[derive(Debug)]
enum State {
    /// It is held back; nothing overwrites it so far.
    Held(Vec<u8>),
    /// Something overwrites it.
    Overwritten(Line),
    /// It is so long that its beginning has passed.
    Passed,
}

impl Default for State {
    fn default() -> Self {
        Self::Held(Vec::new())
    }
}

impl Overwrites {
    /// Adds bytes; `each` gets bytes that together are the stream as a terminal shows it.
    pub(crate) fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        let is_plain = matches!(&self.state, State::Held(held) if !held.ends_with(b"\r"));
        if is_plain && !has_moves(bytes) {
            let whole = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
            let (lines, rest) = bytes.split_at(whole);
            if !lines.is_empty() {
                self.release(&mut each);
                each(lines);
            }
            self.add(rest, &mut each);
            return;
        }
        let mut rest = bytes;
        while let Some(length) = memchr::memchr(b'\n', rest) {
            let end = &rest[..length];
            rest = &rest[length + 1..];
            // One right before the line end belongs to it.
            let (text, line_end) = match end.strip_suffix(b"\r") {
                Some(text) => (text, &b"\r\n"[..]),
                None => (end, &b"\n"[..]),
            };
            self.add(text, &mut each);
            self.end_line(&mut each);
            each(line_end);
        }
        if !rest.is_empty() {
            self.add(rest, &mut each);
        }
    }

    /// The end of the stream.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(&[u8])) {
        self.end_line(&mut each);
    }

    /// What the incomplete line looks like now, if something has overwritten it.
    pub(crate) fn current(&self) -> Option<String> {
        match &self.state {
            State::Overwritten(line) => Some(line.text()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// The text of the incomplete line that stays whatever follows, while nothing has overwritten it.
    pub(crate) fn unfinished(&self) -> Option<&str> {
        let State::Held(held) = &self.state else { return None };
        if held.ends_with(b"\r") {
            return None;
        }
        let mut text = match std::str::from_utf8(held) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&held[..error.valid_up_to()]).unwrap_or_default(),
        };
        let mut at = 0;
        while let Some(escape) = text[at..].find('\u{1b}') {
            at += escape;
            match escape_sequence(&text[at..]) {
                0 => text = &text[..at],
                length => at += length,
            }
        }
        (!text.is_empty()).then_some(text)
    }

    /// Adds a part of a line.
    fn add(&mut self, bytes: &[u8], each: &mut impl FnMut(&[u8])) {
        match &mut self.state {
            State::Passed => each(bytes),
            State::Overwritten(line) => line.push(bytes),
            State::Held(held) => {
                // Carriage returns at the end may belong to the line end.
                let text = without_returns(bytes);
                let moves = has_moves(text) || held.ends_with(b"\r") && !text.is_empty();
                if moves {
                    let mut line = Line::default();
                    line.push(held);
                    line.push(bytes);
                    self.state = State::Overwritten(line);
                } else if held.len() + bytes.len() > HELD {
                    self.release(each);
                    each(bytes);
                    self.state = State::Passed;
                } else {
                    held.extend_from_slice(bytes);
                }
            }
        }
    }

    /// Gives away what is held back, unchanged.
    fn release(&mut self, each: &mut impl FnMut(&[u8])) {
        if let State::Held(held) = &mut self.state
            && !held.is_empty()
        {
            each(held);
            held.clear();
        }
    }

    fn end_line(&mut self, each: &mut impl FnMut(&[u8])) {
        match &mut self.state {
            State::Held(held) => {
                // Those that were held back belong to the line end.
                held.truncate(without_returns(held).len());
                self.release(each);
            }
            State::Overwritten(line) => {
                each(line.finish().as_bytes());
                self.state = State::default();
            }
            State::Passed => self.state = State::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_as_a_terminal_leaves_them() {
        let check = |text: &str, expected: &str| assert_eq!(line(text), expected, "{text:?}");
        check("plain", "plain");
        check("10%\r50%\r100%", "100%");
        check("100%\r5%", "5%0%");
        check("downloading\r\u{1b}[Kdone", "done");
        check("downloading\u{1b}[2K\rdone", "done");
        check("abc\u{8}\u{8}X", "aXc");
        check("working |\u{8}/\u{8}-\u{8} \u{8}", "working");
        check("\u{8}\u{8}a", "a");
        check("日本\rx", "x 本");
        check("日本\u{8}x", "日 x");
        check("e\u{301}a\rx", "xa");
        check("ab\re\u{301}", "e\u{301}b");
        check("a\tb\rc", "c       b");
        check("\u{1b}[32m####\u{1b}[0m    \r\u{1b}[32m#####", "#####");
        check("\u{8}12345\u{1b}[3D\u{1b}[1Gx\u{1b}[2Cy", "x23y5");
        check("a\u{1b}\r\r", "a\u{1b}");
        check("one\r", "one");
        check("x\r\u{1b}]0;title\u{7}y", "y");
    }

    #[test]
    fn an_unfinished_line_is_known_as_far_as_it_stays() {
        let check = |text: &[u8], expected: Option<&str>| {
            let mut stream = Overwrites::default();
            stream.push(text, |_| {});
            assert_eq!(stream.unfinished(), expected, "{text:?}");
        };
        check(b"one\nContinue? [y/N] ", Some("Continue? [y/N] "));
        for text in [&b"one\n"[..], b"\r50%", b"50%\r", b"\x1b]0;title"] {
            check(text, None);
        }
        check(b"a\xc3", Some("a"));
        check(b"\x1b[1ma\x1b[", Some("\x1b[1ma"));
    }

    fn folded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut stream = Overwrites::default();
        let mut folded = Vec::new();
        for piece in pieces {
            stream.push(piece, |bytes| folded.extend_from_slice(bytes));
        }
        stream.finish(|bytes| folded.extend_from_slice(bytes));
        folded
    }

    #[test]
    fn an_endless_line_of_progress_costs_no_memory() {
        let mut stream = Overwrites::default();
        let update = "\r".to_owned() + &"#".repeat(70) + " 日本 50 %";
        for _ in 0..100_000 {
            stream.push(update.as_bytes(), |_| panic!("the line has not ended"));
        }
        let State::Overwritten(line) = &stream.state else { panic!("{:?}", stream.state) };
        assert!(line.cells.capacity() < 1000 && line.rest.capacity() < 1000);
        assert_eq!(stream.current().as_deref(), Some(update.trim()));
        // Without anything that overwrites it, a long line passes.
        let mut stream = Overwrites::default();
        let mut passed = 0;
        for _ in 0..1000 {
            stream.push(&[b'x'; 10_000], |bytes| passed += bytes.len());
        }
        assert!(passed > 9_900_000);
    }

    #[test]
    fn a_line_has_an_end_however_far_the_cursor_goes() {
        let mut line = Line::default();
        for _ in 0..10 {
            line.push(b"\x1b[999999999C\tx\r\x1b[18446744073709551615C1");
        }
        assert!(line.cells.len() <= COLUMNS);
    }

    proptest! {
        #[test]
        fn where_the_stream_is_cut_makes_no_difference(
            text in "([a-cé日\u{301}]{0,4}(\r|\u{8}|\n|\r\n|\t|\u{1b}\\[K|\u{1b}\\[2K|\u{1b}\\[3D|\u{1b})){0,20}",
            size in 1usize..7,
        ) {
            let shown = |folded: Vec<u8>| String::from_utf8(folded).unwrap().replace("\r\n", "\n");
            let whole = shown(folded([text.as_bytes()]));
            prop_assert_eq!(&shown(folded(text.as_bytes().chunks(size))), &whole);
            let lines: Vec<&str> = text.split('\n').collect();
            let by_line: Vec<_> = lines
                .iter()
                .map(|text| line(text).into_owned())
                .collect();
            prop_assert_eq!(whole, by_line.join("\n"));
        }

        #[test]
        fn bytes_without_moves_pass_unchanged(bytes: Vec<u8>, size in 1usize..50) {
            let plain: Vec<u8> =
                bytes.into_iter().filter(|byte| *byte != b'\r' && *byte != BACKSPACE).collect();
            prop_assert_eq!(folded(plain.chunks(size)), plain);
        }
    }
}
