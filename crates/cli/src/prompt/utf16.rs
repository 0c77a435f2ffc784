//! Recognises UTF-16 text, for a message that says how to convert it.

/// Whether these bytes are UTF-16 text that begins with a byte order mark.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    let (units, rest) = bytes.as_chunks::<2>();
    let unit = match units.first() {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => return false,
    };
    rest.is_empty() && char::decode_utf16(units.iter().map(|pair| unit(*pair))).all(|c| c.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_read_as_utf_16_is_said_to_be_utf_16() {
        for (bytes, is) in [
            (&b"\xff\xfea\0"[..], true),
            (b"\xfe\xff\0a", true),
            (b"\xff\xfe\n", false),
            (b"\xff\xfe\0\xd8", false),
            (b"a\0", false),
        ] {
            assert_eq!(is_utf16(bytes), is, "{bytes:?}");
        }
    }
}
