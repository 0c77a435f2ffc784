//! One pass over JSON text that copies nothing.
//!
//! A log of a gigabyte is read line by line, and most of each line is one long string. The scanner
//! accepts exactly the texts that `serde_json` accepts, and its caller can read the fields of inner
//! objects during the same pass.
//!
//! Why not a library: `RawValue` of `serde_json` scans each level again, which took 1.22 times as long
//! on recorded transcripts and 2.85 times as long on long tool results; `jiter` took 1.34 and 0.90
//! times as long. One pass with visitors (1.08 and 1.16) cannot look at a value's type before it
//! decodes the value, so that one unpaired surrogate would make the whole line unreadable.

use std::borrow::Cow;

/// Reads JSON text from its beginning. Every function returns `None` if the text is not JSON; the
/// scanner must not be used after that.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Skips a value and returns its text.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let start = self.at;
        // The closing brackets that are due. No recursion, because the nesting has no limit.
        let mut open = Vec::new();
        let mut next = first;
        loop {
            match next {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    let close = if next == b'{' { b'}' } else { b']' };
                    self.at += 1;
                    next = self.peek()?;
                    if next != close {
                        open.push(close);
                        if close == b'}' {
                            self.key()?;
                            next = self.peek()?;
                        }
                        continue;
                    }
                    self.at += 1;
                }
                b'n' => self.word("null")?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'-' | b'0'..=b'9' => self.number()?,
                _ => return None,
            }
            loop {
                let Some(&close) = open.last() else { return Some(&self.text[start..self.at]) };
                match self.peek()? {
                    b',' => {
                        self.at += 1;
                        if close == b'}' {
                            self.key()?;
                        }
                        next = self.peek()?;
                        break;
                    }
                    byte if byte == close => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return None,
                }
            }
        }
    }

    /// Reads an object. `field` gets each key, as JSON text, and must read the value.
    pub(crate) fn object(
        &mut self,
        mut field: impl FnMut(&mut Self, &'a str) -> Option<()>,
    ) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? != b'}' {
            loop {
                let key = self.key()?;
                field(self, key)?;
                if self.peek()? != b',' {
                    break;
                }
                self.at += 1;
            }
        }
        self.take(b'}')
    }

    /// Reads a list. `element` must read each value.
    pub(crate) fn list(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        if self.peek()? != b']' {
            loop {
                element(self)?;
                if self.peek()? != b',' {
                    break;
                }
                self.at += 1;
            }
        }
        self.take(b']')
    }

    /// Checks that only white space is left.
    pub(crate) fn end(&mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }

    /// The text since `start`, the position of a value.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// The position of the byte that [`Self::peek`] returned.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        if self.peek()? != expected {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn key(&mut self) -> Option<&'a str> {
        if self.peek()? != b'"' {
            return None;
        }
        let key = self.string()?;
        self.take(b':')?;
        Some(key)
    }

    /// Skips a string, whose first quote is the next byte.
    fn string(&mut self) -> Option<&'a str> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        self.at += 1;
        loop {
            self.at += plain(&bytes[self.at..]);
            match bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(&self.text[start..self.at]);
                }
                b'\\' => {
                    match bytes.get(self.at + 1)? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' => drop(hex(bytes.get(self.at + 2..)?)?),
                        _ => return None,
                    }
                    self.at += 2;
                }
                _ => return None,
            }
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.as_bytes()[self.at..].starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        self.skip_if(|byte| byte == b'-');
        if self.skip_if(|byte| byte == b'0') {
            if self.skip_if(|byte| byte.is_ascii_digit()) {
                return None;
            }
        } else {
            self.digits()?;
        }
        if self.skip_if(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.skip_if(|byte| matches!(byte, b'e' | b'E')) {
            self.skip_if(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.skip_if(|byte| byte.is_ascii_digit()) {}
        (self.at > start).then_some(())
    }

    fn skip_if(&mut self, matches: impl Fn(u8) -> bool) -> bool {
        let found = self.text.as_bytes().get(self.at).is_some_and(|byte| matches(*byte));
        self.at += usize::from(found);
        found
    }
}

/// The text of a JSON string, if `json` is one. An unpaired surrogate (which JavaScript writes when
/// it cuts a text inside an emoji) is replaced.
pub(crate) fn string(json: &str) -> Option<Cow<'_, str>> {
    unescape(json, |text| {
        // One for each byte that the surrogate would have in UTF-8.
        text.push_str("\u{fffd}\u{fffd}\u{fffd}");
        Some(())
    })
}

/// The text of a JSON string, if `json` is one and has no unpaired surrogate.
pub(crate) fn whole_string(json: &str) -> Option<Cow<'_, str>> {
    unescape(json, |_| None)
}

fn unescape(json: &str, unpaired: impl Fn(&mut String) -> Option<()>) -> Option<Cow<'_, str>> {
    let mut rest = json.strip_prefix('"')?.strip_suffix('"')?;
    let Some(mut length) = memchr::memchr(b'\\', rest.as_bytes()) else {
        return Some(Cow::Borrowed(rest));
    };
    let mut text = String::with_capacity(rest.len());
    loop {
        text.push_str(&rest[..length]);
        let Some(escape) = rest.as_bytes().get(length + 1) else {
            return Some(Cow::Owned(text));
        };
        let mut used = length + 2;
        match escape {
            b'n' => text.push('\n'),
            b't' => text.push('\t'),
            b'r' => text.push('\r'),
            b'b' => text.push('\u{8}'),
            b'f' => text.push('\u{c}'),
            b'u' => {
                let unit = hex(&rest.as_bytes()[used..])?;
                used += 4;
                let next = rest.as_bytes()[used..].strip_prefix(b"\\u").and_then(hex);
                let pair = [unit, next.unwrap_or(0)];
                match char::decode_utf16(pair).next()? {
                    Ok(c) => {
                        text.push(c);
                        used += if c.len_utf16() == 2 { 6 } else { 0 };
                    }
                    Err(_) => unpaired(&mut text)?,
                }
            }
            b'"' | b'\\' | b'/' => text.push(char::from(*escape)),
            _ => return None,
        }
        rest = &rest[used..];
        length = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
    }
}

/// The value of the four digits of a `\u` escape.
fn hex(digits: &[u8]) -> Option<u16> {
    digits.get(..4)?.iter().try_fold(0, |value: u16, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(value << 4 | u16::try_from(digit).ok()?)
    })
}

/// The number of bytes before the next one that has a meaning in a string: a quote, a backslash or a
/// control character. Reads eight bytes at a time.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    for (count, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // A borrow can also set the high bits of later bytes, but the first bit that is set is
        // always right.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let found = (control | quote | backslash) & HIGH;
        if found != 0 {
            return count * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &u8| *byte >= 0x20 && !matches!(byte, b'"' | b'\\');
    words.len() * 8 + rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde::de::IgnoredAny;
    use serde_json::value::RawValue;

    use super::*;

    fn value(json: &str) -> Option<&str> {
        let mut scanner = Scanner::new(json);
        let value = scanner.value()?;
        scanner.end().map(|()| value)
    }

    /// The string as `serde_json` decodes its bytes.
    fn lossy(json: &str) -> Option<String> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = String;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
                Ok(String::from_utf8_lossy(bytes).into_owned())
            }
        }
        let mut json = serde_json::Deserializer::from_str(json);
        serde::Deserializer::deserialize_bytes(&mut json, Bytes).ok()
    }

    fn check(json: &str) {
        let expected = serde_json::from_str::<&RawValue>(json).ok().map(RawValue::get);
        assert_eq!(value(json), expected, "{json:?}");
        if json.starts_with('{') {
            let keys = |json| {
                let mut keys = Vec::new();
                let mut scanner = Scanner::new(json);
                scanner.object(|scanner, key| {
                    keys.push(whole_string(key)?.into_owned());
                    scanner.value().map(drop)
                })?;
                scanner.end().map(|()| keys.len())
            };
            let fields = serde_json::from_str::<Fields>(json).ok().map(|fields| fields.0);
            assert_eq!(keys(json), fields, "{json:?}");
        }
        if let Some(text) = value(json).filter(|text| text.starts_with('"')) {
            assert_eq!(string(text).map(Cow::into_owned), lossy(text), "{json:?}");
            let whole = serde_json::from_str::<String>(text).ok();
            assert_eq!(whole_string(text).map(Cow::into_owned), whole, "{json:?}");
        }
    }

    /// How many fields an object has, including repeated ones.
    struct Fields(usize);

    impl<'de> Deserialize<'de> for Fields {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Count;
            impl<'de> serde::de::Visitor<'de> for Count {
                type Value = Fields;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Fields, A::Error> {
                    let mut count = 0;
                    while map.next_entry::<IgnoredAny, &RawValue>()?.is_some() {
                        count += 1;
                    }
                    Ok(Fields(count))
                }
            }
            deserializer.deserialize_map(Count)
        }
    }

    #[test]
    fn valid_json_is_accepted_and_invalid_json_refused() {
        for json in [
            "",
            " ",
            "null",
            " null ",
            "nul",
            "nulll",
            "true",
            "false",
            "fals",
            "0",
            "-0",
            "00",
            "01",
            "-",
            "-a",
            "1.",
            "1.5",
            ".5",
            "1e",
            "1e+",
            "1e5",
            "1E-05",
            "1.5e3x",
            "[]",
            "[ ]",
            "[,]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1, 2 ]",
            "[1}",
            "{]",
            "{}",
            "{ }",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\" : 1 , \"b\":[{}, [ ]]}",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":1}}",
            "{\"a\":1",
            "\"",
            "\"\"",
            "\"a",
            "\"a\\\"",
            "\"\\\"\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\\u+123\"",
            "\"\\u00E9\\u00e9\"",
            "\"\u{1}\"",
            "\"\u{7f}é日👩\"",
            "\"a\nb\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ud83d\\n\"",
            "\"\\ud83d\\ud83d\\ude00\"",
            "\"\\ude00\\ud83d\"",
            "\"\\ud83dx\"",
            "\"\\ud83d\\u0041\"",
            "{\"\\ud83d\":1}",
            "{\"\\n\":1,\"\\n\":2}",
            "\u{feff}1",
            "\u{a0}1",
            "\u{c}1",
        ] {
            check(json);
        }
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(value(&deep), Some(deep.as_str()));
        assert_eq!(value(&deep[..150_000]), None);
    }

    proptest! {
        #[test]
        fn accepts_the_same_texts_as_serde_json(
            json in "(\\{|\\[|\"|)([\\[\\]{}:, \t\n\"\\\\/0-9.eE+a-fntu-]|null|true|\\\\u[dD][89cC]|\"a\":|\\PC){0,24}(\\}|\\]|\"|)"
        ) {
            check(&json);
        }

        #[test]
        fn decodes_escapes_like_serde_json(
            content in "([a-z\u{1f}\u{7f}é日👩]{0,12}|\\\\[\"\\\\/bfnrtx]|\\\\u(d83d|DE00|00e9|001b|d8)){0,12}"
        ) {
            check(&format!("\"{content}\""));
            check(&format!("{{\"{content}\":[\"{content}\"]}}"));
        }
    }
}
