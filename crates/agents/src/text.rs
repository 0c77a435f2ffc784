//! Shortens texts of agents.

/// The marker for `count` bytes that were left out.
pub(crate) fn omission(count: u64) -> String {
    format!("… [{count} bytes more]")
}

/// The text if it has at most `max` bytes, otherwise its beginning and a marker with the number of
/// bytes that are missing. The marker is not counted in `max`.
pub(crate) fn clip(mut text: String, max: usize) -> String {
    if text.len() > max {
        let kept = (0..=max).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let missing = text.len() - kept;
        text.truncate(kept);
        text.push_str(&omission(missing as u64));
    }
    text
}

/// The text in one line of at most `max` characters: runs of white space become one space,
/// terminal escape sequences and other control characters are removed, and a text that does not fit
/// ends with `…`.
pub(crate) fn one_line(text: &str, max: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    let mut gap = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            skip_escape_sequence(&mut chars);
        } else if c.is_whitespace() {
            gap = count > 0;
        } else if !c.is_control() {
            let needed = 1 + usize::from(gap);
            if count + needed > max {
                // Make room for the ellipsis itself.
                if count == max {
                    line.pop();
                }
                line.push('…');
                return line;
            }
            if gap {
                line.push(' ');
                gap = false;
            }
            line.push(c);
            count += needed;
        }
    }
    line
}

/// Skips what follows an escape character: a control sequence up to its final letter, an
/// operating-system command up to its terminator, or one character.
fn skip_escape_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
        Some(']') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' {
                    break;
                }
                if c == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    break;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clipped_text_names_the_missing_bytes() {
        assert_eq!(clip("short".to_owned(), 5), "short");
        assert_eq!(clip("longer".to_owned(), 4), "long… [2 bytes more]");
        assert_eq!(clip("aé".to_owned(), 2), "a… [2 bytes more]");
    }

    #[test]
    fn one_line_removes_line_breaks_and_escape_sequences() {
        let check = |text: &str, max: usize, expected: &str| {
            assert_eq!(one_line(text, max), expected, "{text:?}");
        };
        check("  a\n\tb  ", 10, "a b");
        check("\u{1b}[1;31mred\u{1b}[0m!", 10, "red!");
        check("\u{1b}]0;title\u{7}x\u{1b}]8;;u\u{1b}\\y", 10, "xy");
        check("a\0b\u{8}c", 10, "abc");
        check("abcdef", 6, "abcdef");
        check("abcdefg", 6, "abcde…");
        check("abcde fg", 6, "abcde…");
        check("", 6, "");
        check("\u{1b}[", 6, "");
    }
}
