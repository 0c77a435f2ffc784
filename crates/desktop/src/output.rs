//! Raw output, cut where characters end.

/// How many of these bytes are whole characters: all, but for the beginning of one at the end.
/// Bytes that are no text at all count as whole: nothing that follows would complete them.
#[must_use]
pub fn whole_characters(bytes: &[u8]) -> usize {
    // A character has at most four bytes, so that its beginning is among the last three.
    for back in 1..=bytes.len().min(3) {
        let start = bytes.len() - back;
        let length = match bytes[start] {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if length > back { start } else { bytes.len() };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_not_cut() {
        for text in ["", "a", "aß", "a€", "a🦀"] {
            assert_eq!(whole_characters(text.as_bytes()), text.len());
        }
        for text in ["ß", "€", "🦀"] {
            for cut in 1..text.len() {
                let bytes = [b"ab", &text.as_bytes()[..cut]].concat();
                assert_eq!(whole_characters(&bytes), 2, "{text} {cut}");
            }
        }
    }

    #[test]
    fn what_is_no_text_is_not_waited_for() {
        assert_eq!(whole_characters(&[b'a', 0xff]), 2);
        assert_eq!(whole_characters(&[0x80, 0x80, 0x80, 0x80]), 4);
        assert_eq!(whole_characters(&[0xc3, b'a']), 2);
    }
}
