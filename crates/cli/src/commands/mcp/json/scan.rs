//! Passing over JSON as people write it: with comments, and commas that nothing follows.

use serde_json::Value;

use super::Wrong;

/// How deep values may be nested.
const DEEPEST: usize = 100;

/// A place in a text, moving on.
pub(super) struct Scan<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl Scan<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn wrong(&self, what: &str) -> Wrong {
        let line = self.text[..self.at.min(self.text.len())].matches('\n').count() + 1;
        format!("line {line}: {what}")
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Wrong> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.wrong(&format!("'{}' is missing", char::from(byte))))
    }

    /// Passes over spaces and comments.
    pub(super) fn trivia(&mut self) -> Result<(), Wrong> {
        loop {
            let rest = &self.text[self.at..];
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let end = rest.find("*/").ok_or_else(|| self.wrong("a comment does not end"))?;
                self.at += end + 2;
            } else if rest.starts_with([' ', '\t', '\r', '\n']) {
                self.at += 1;
            } else {
                return Ok(());
            }
        }
    }

    pub(super) fn string(&mut self) -> Result<(), Wrong> {
        self.expect(b'"')?;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.at += 2,
                Some(b'\n') | None => return Err(self.wrong("a text does not end")),
                Some(_) => self.at += 1,
            }
        }
    }

    pub(super) fn value(&mut self, depth: usize) -> Result<(), Wrong> {
        if depth > DEEPEST {
            return Err(self.wrong("it is nested too deeply"));
        }
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => {
                self.at += 1;
                self.sequence(depth, b'}', |scan| {
                    scan.string()?;
                    scan.trivia()?;
                    scan.expect(b':')?;
                    scan.trivia()
                })
            }
            Some(b'[') => {
                self.at += 1;
                self.sequence(depth, b']', |_| Ok(()))
            }
            _ => {
                let rest = &self.text[self.at..];
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c))
                    .unwrap_or(rest.len());
                if serde_json::from_str::<Value>(&rest[..end]).is_err() {
                    return Err(self.wrong("there is no value"));
                }
                self.at += end;
                Ok(())
            }
        }
    }

    fn sequence(
        &mut self,
        depth: usize,
        close: u8,
        before: fn(&mut Self) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        loop {
            self.trivia()?;
            if self.peek() == Some(close) {
                self.at += 1;
                return Ok(());
            }
            before(self)?;
            self.value(depth + 1)?;
            self.trivia()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {}
                _ => return Err(self.wrong("a comma is missing")),
            }
        }
    }
}

/// The text as JSON itself has it.
pub(super) fn without_comments(text: &str) -> String {
    let mut plain = String::new();
    let mut scan = Scan { text, at: 0 };
    while let Some(byte) = scan.peek() {
        let from = scan.at;
        let is_trivia = scan.trivia().is_ok() && scan.at > from;
        if is_trivia {
            plain.push(' ');
            continue;
        }
        if byte == b'"' && scan.string().is_ok() {
            plain += &text[from..scan.at];
            continue;
        }
        scan.at = from + text[from..].chars().next().map_or(1, char::len_utf8);
        // A comma that nothing follows.
        if byte == b',' {
            let mut ahead = Scan { text, at: scan.at };
            let closes = ahead.trivia().is_ok() && matches!(ahead.peek(), Some(b'}' | b']') | None);
            if closes {
                continue;
            }
        }
        plain += &text[from..scan.at];
    }
    plain
}
