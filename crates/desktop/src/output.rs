//! Cuts raw output between characters.

/// How many of these bytes are complete characters: all except an incomplete character at the end.
/// Bytes that are not UTF-8 count as complete, because no following byte would complete them.
#[must_use]
pub fn whole_characters(bytes: &[u8]) -> usize {
    // A character has at most four bytes, so an incomplete one begins within the last three.
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
    fn an_incomplete_character_is_not_counted() {
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
    fn bytes_that_are_not_utf8_count_as_complete() {
        assert_eq!(whole_characters(&[b'a', 0xff]), 2);
        assert_eq!(whole_characters(&[0x80, 0x80, 0x80, 0x80]), 4);
        assert_eq!(whole_characters(&[0xc3, b'a']), 2);
    }
}
