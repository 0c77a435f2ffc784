//! Repairs JSON texts that contain half of a surrogate pair (`\ud83d`). JavaScript and Python write
//! one when a text was cut in the middle of a character. The rest of such a text is valid, but a
//! parser refuses all of it.

/// The escape of U+FFFD. It is as long as the escape it replaces.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// The same JSON with each unpaired surrogate replaced by U+FFFD; `None` if it has no unpaired
/// surrogate. Length and offsets stay the same.
#[must_use]
pub fn replace_unpaired_surrogates(json: &[u8]) -> Option<Vec<u8>> {
    let mut repaired = Vec::with_capacity(json.len());
    let mut found = false;
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, escape) = rest.split_at(at);
        repaired.extend_from_slice(before);
        let length = match unit(escape) {
            Some(0xd800..=0xdbff) => match unit(&escape[6..]) {
                Some(0xdc00..=0xdfff) => 12,
                _ => 0,
            },
            Some(0xdc00..=0xdfff) => 0,
            Some(_) => 6,
            // Skip both bytes: the second one does not begin an escape, as in `\\ud800`.
            None => escape.len().min(2),
        };
        if length == 0 {
            found = true;
            repaired.extend_from_slice(REPLACEMENT);
            rest = &escape[6..];
        } else {
            repaired.extend_from_slice(&escape[..length]);
            rest = &escape[length..];
        }
    }
    repaired.extend_from_slice(rest);
    found.then_some(repaired)
}

/// The code unit of the `\u` escape at the beginning of `text`.
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
