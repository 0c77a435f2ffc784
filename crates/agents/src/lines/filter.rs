//! Shortens the long strings of a JSON object while it arrives, so that it stays valid JSON.
//!
//! The filter does not parse. It tracks where strings begin and end, where they can be cut (between
//! characters, never inside an escape, a surrogate pair or a UTF-8 sequence), and, at the top level of
//! the object, whether a string is a key or a value.

use super::Bounds;
use crate::text::omission;

/// The object is larger than its bound, even shortened.
#[derive(Debug)]
pub(super) struct TooLarge;

/// The state of reading one object.
#[derive(Debug)]
pub(super) struct Filter {
    place: Place,
    /// How many brackets are open.
    depth: u32,
    /// Whether the next string directly in the object is a key.
    expects_key: bool,
    /// Whether the last such key was `result`.
    key_is_result: bool,
    shortened: bool,
}

#[derive(Debug)]
enum Place {
    /// Between strings.
    Outside,
    /// In a string that is within its bound so far.
    Kept(Kept),
    /// In the rest of a string, which is left out.
    LeftOut {
        /// How many of its bytes were left out so far.
        missing: u64,
        /// Whether the next byte belongs to an escape.
        escaped: bool,
    },
}

/// A string that is within its bound so far.
#[derive(Debug)]
struct Kept {
    /// Where its content begins in the buffer.
    start: usize,
    /// How many bytes of content may be kept.
    limit: usize,
    /// The length of the buffer after the last complete character.
    whole: usize,
    unit: Unit,
    is_key: bool,
}

/// The part of a character that comes next in a string.
#[derive(Debug, Clone, Copy)]
enum Unit {
    /// Its beginning.
    Start,
    /// A continuation of a UTF-8 sequence.
    Sequence {
        /// How many are left, including this one.
        left: u8,
    },
    /// What follows a backslash.
    Escape,
    /// A digit of a `\u` escape.
    Digits {
        /// How many are left, including this one.
        left: u8,
        /// The value of the digits so far.
        value: u16,
    },
    /// The backslash that begins the second half of a surrogate pair, after its first half.
    Pair,
}

impl Filter {
    pub(super) const fn new() -> Self {
        Self {
            place: Place::Outside,
            depth: 0,
            expects_key: false,
            key_is_result: false,
            shortened: false,
        }
    }

    /// Appends the part of `bytes` that is kept to `buffer`. After an error, the buffer is full.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        buffer: &mut Vec<u8>,
        bounds: &Bounds,
    ) -> Result<(), TooLarge> {
        while let Some((&byte, rest)) = bytes.split_first() {
            bytes = rest;
            // Checked before the byte is added, because one too many would double the capacity.
            if buffer.len() >= bounds.object {
                return Err(TooLarge);
            }
            match &mut self.place {
                Place::Outside => {
                    buffer.push(byte);
                    self.outside(byte, buffer.len(), bounds);
                }
                Place::Kept(kept) => {
                    if byte == b'"' && !matches!(kept.unit, Unit::Escape) {
                        if kept.is_key {
                            self.key_is_result = &buffer[kept.start..] == b"result";
                        }
                        buffer.push(byte);
                        self.place = Place::Outside;
                    } else {
                        buffer.push(byte);
                        kept.advance(byte, buffer.len());
                        if buffer.len() - kept.start > kept.limit {
                            let missing = (buffer.len() - kept.whole) as u64;
                            let escaped = matches!(kept.unit, Unit::Escape);
                            buffer.truncate(kept.whole);
                            if kept.is_key {
                                self.key_is_result = false;
                            }
                            self.place = Place::LeftOut { missing, escaped };
                            self.shortened = true;
                        }
                    }
                }
                Place::LeftOut { escaped: escaped @ true, missing } => {
                    *escaped = false;
                    *missing += 1;
                }
                Place::LeftOut { missing, .. } if byte == b'"' => {
                    buffer.extend_from_slice(omission(*missing).as_bytes());
                    buffer.push(byte);
                    self.place = Place::Outside;
                }
                Place::LeftOut { escaped, missing } => {
                    *escaped = byte == b'\\';
                    *missing += 1;
                    if !*escaped {
                        let skipped = bytes
                            .iter()
                            .position(|&b| matches!(b, b'"' | b'\\'))
                            .unwrap_or(bytes.len());
                        *missing += skipped as u64;
                        bytes = &bytes[skipped..];
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends the line, which may be inside a string if it is not JSON. Returns whether something was left
    /// out.
    pub(super) fn finish(self, buffer: &mut Vec<u8>) -> bool {
        if let Place::LeftOut { missing, .. } = self.place {
            buffer.extend_from_slice(omission(missing).as_bytes());
        }
        self.shortened
    }

    /// Tracks a byte between strings; `length` is the length of the buffer including it.
    fn outside(&mut self, byte: u8, length: usize, bounds: &Bounds) {
        match byte {
            b'"' => {
                let own = self.depth == 1;
                let is_result = own && !self.expects_key && self.key_is_result;
                self.place = Place::Kept(Kept {
                    start: length,
                    limit: if is_result { bounds.result } else { bounds.string },
                    whole: length,
                    unit: Unit::Start,
                    is_key: own && self.expects_key,
                });
            }
            b'{' | b'[' => {
                self.expects_key |= self.depth == 0;
                self.depth = self.depth.saturating_add(1);
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b',' if self.depth == 1 => self.expects_key = true,
            b':' if self.depth == 1 => self.expects_key = false,
            _ => {}
        }
    }
}

impl Kept {
    /// Tracks a byte of a string; `length` is the length of the buffer including it.
    fn advance(&mut self, byte: u8, length: usize) {
        self.unit = match (self.unit, byte) {
            (Unit::Sequence { left: 1 }, 0x80..=0xBF) => Unit::Start,
            (Unit::Sequence { left }, 0x80..=0xBF) => Unit::Sequence { left: left - 1 },
            (Unit::Escape, b'u') => Unit::Digits { left: 4, value: 0 },
            (Unit::Escape, _) => Unit::Start,
            (Unit::Digits { left, value }, _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0) as u16;
                let value = value << 4 | digit;
                match left {
                    1 if (0xD800..0xDC00).contains(&value) => Unit::Pair,
                    1 => Unit::Start,
                    _ => Unit::Digits { left: left - 1, value },
                }
            }
            // An incomplete character, and the beginning of the next one.
            (_, b'\\') => {
                if !matches!(self.unit, Unit::Pair) {
                    self.whole = length - 1;
                }
                Unit::Escape
            }
            (_, 0xC2..=0xDF) => self.begin(length, 1),
            (_, 0xE0..=0xEF) => self.begin(length, 2),
            (_, 0xF0..=0xF4) => self.begin(length, 3),
            _ => Unit::Start,
        };
        if matches!(self.unit, Unit::Start) && length - self.start <= self.limit {
            self.whole = length;
        }
    }

    /// Begins a UTF-8 sequence, whose first byte is already in the buffer.
    const fn begin(&mut self, length: usize, left: u8) -> Unit {
        self.whole = length - 1;
        Unit::Sequence { left }
    }
}
