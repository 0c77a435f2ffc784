//! JSON texts with half of a surrogate pair (`\ud83d`) in them. JavaScript and Python write one when
//! a text was cut in the middle of a character. Everything else in such a text is good, but a
//! parser refuses all of it.

/// The escape of U+FFFD. It is as long as the one it replaces.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// The same JSON with each unpaired surrogate replaced by U+FFFD, or none if it has no unpaired
/// surrogate. The length stays, and so do the offsets of everything else.
#[must_use]
pub fn replace_unpaired_surrogates(json: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::with_capacity(json.len());
    let mut found = false;
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, escape) = rest.split_at(at);
        whole.extend_from_slice(before);
        let length = match unit(escape) {
            Some(0xd800..=0xdbff) => match unit(&escape[6..]) {
                Some(0xdc00..=0xdfff) => 12,
                _ => 0,
            },
            Some(0xdc00..=0xdfff) => 0,
            Some(_) => 6,
            // The next byte does not begin an escape of its own, as in `\\ud800`.
            None => escape.len().min(2),
        };
        if length == 0 {
            found = true;
            whole.extend_from_slice(REPLACEMENT);
            rest = &escape[6..];
        } else {
            whole.extend_from_slice(&escape[..length]);
            rest = &escape[length..];
        }
    }
    whole.extend_from_slice(rest);
    found.then_some(whole)
}

/// The number of a `\u` escape that `text` begins with.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&str>) {
        let repaired = replace_unpaired_surrogates(line.as_bytes());
        let repaired = repaired.map(|line| String::from_utf8(line).unwrap());
        assert_eq!(repaired.as_deref(), expected, "{line}");
        if let Some(repaired) = &repaired {
            assert_eq!(repaired.len(), line.len());
            serde_json::from_str::<serde_json::Value>(repaired).unwrap();
        }
    }

    #[test]
    fn unpaired_surrogates_are_replaced_and_pairs_stay() {
        check(r#""\ud800""#, Some(r#""\ufffd""#));
        check(r#""a\uD83D b""#, Some(r#""a\ufffd b""#));
        check(r#""\udc00\ud800""#, Some(r#""\ufffd\ufffd""#));
        check(r#""\ud83d\ud83d\ude00""#, Some(r#""\ufffd\ud83d\ude00""#));
        check(r#""\ud83d\n\ude00""#, Some(r#""\ufffd\n\ufffd""#));
        for good in
            [r#""\ud83d\ude00 \u00e4""#, r#""\\ud800""#, r#""x""#, r#""\\\\""#, "\"\\", r#""\u12"#]
        {
            check(good, None);
        }
        check(r#""\\\ud800""#, Some(r#""\\\ufffd""#));
    }
}
