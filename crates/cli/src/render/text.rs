//! Hostile text made safe, and text fitted to a width.
//!
//! Agents print any text, and names come from prompts. Control characters can make a terminal change its
//! title, overwrite an earlier line, or send input as if the user had typed it, and bidirectional overrides
//! make text look like other text. So text from outside reaches a terminal only through [`clean`] or
//! [`clean_line`].

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

/// Several lines made safe: line ends stay, tabs become spaces, complete escape sequences
/// (colours) disappear, and every other control character becomes its visible picture.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    clean_after(text, safe_length(text))
}

/// Text made safe whose beginning is known to be.
fn clean_after(text: &str, safe: usize) -> Cow<'_, str> {
    if safe == text.len() {
        return Cow::Borrowed(text);
    }
    let (mut kept, mut rest) = text.split_at(safe);
    let mut safe = String::with_capacity(text.len() + text.len() / 8);
    loop {
        safe.push_str(kept);
        let Some(c) = rest.chars().next() else { break };
        let after = &rest[c.len_utf8()..];
        let sequence = if c == '\u{1b}' { escape_sequence(rest) } else { 0 };
        match c {
            _ if sequence > 0 => {}
            '\t' => safe.push_str("    "),
            '\r' if after.starts_with('\n') => {}
            c => safe.push(picture(c)),
        }
        rest = &rest[sequence.max(c.len_utf8())..];
        (kept, rest) = rest.split_at(safe_length(rest));
    }
    Cow::Owned(safe)
}

/// Lines made safe all at once, if that is the same as one by one: an escape sequence must not go on
/// over the end of a line.
pub(super) fn clean_lines(text: &str) -> Option<Cow<'_, str>> {
    let safe = safe_length(text);
    let goes_on = |at: usize| {
        let sequence = &text[safe + at..][..escape_sequence(&text[safe + at..])];
        sequence.contains('\n')
    };
    if memchr::memchr_iter(0x1b, &text.as_bytes()[safe..]).any(goes_on) {
        return None;
    }
    Some(clean_after(text, safe))
}

/// Whether nothing but spaces is left of a line that has no escape sequence in it once it is clean.
pub(super) fn is_blank(line: &str) -> bool {
    line.chars().all(|c| c == '\t' || (c.is_whitespace() && is_harmless(c)))
}

/// One line made safe: like [`clean`], with line ends and runs of spaces as one space each.
#[must_use]
pub fn clean_line(text: &str) -> String {
    let safe = clean(text);
    let mut line = String::with_capacity(safe.len());
    for word in safe.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Text in which an emoji of several characters is the first of them: 👩🏽‍💻 is 👩. Terminals do not agree how many
/// columns the whole takes, so that a table would not be straight, and lines would wrap.
#[must_use]
pub fn single_emoji(text: &str) -> Cow<'_, str> {
    const JOINER: char = '\u{200d}';
    const AS_PICTURE: char = '\u{fe0f}';
    let is_skin_tone = |c: char| matches!(c, '\u{1f3fb}'..='\u{1f3ff}');
    let is_picture = |c: char| matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    if !text.contains(|c| c == JOINER || c == AS_PICTURE || is_skin_tone(c)) {
        return Cow::Borrowed(text);
    }
    let mut single = String::with_capacity(text.len());
    let mut after_picture = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            AS_PICTURE => {}
            c if is_skin_tone(c) && after_picture => {}
            // In other scripts the joiner says how letters look.
            JOINER if after_picture => _ = chars.next_if(|next| is_picture(*next)),
            c => {
                after_picture = is_picture(c);
                single.push(c);
            }
        }
    }
    Cow::Owned(single)
}

/// Each control character as its picture, sequences not interpreted: for raw output on a
/// terminal, where what was printed should be seen.
#[must_use]
pub fn reveal(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || c == '\t' { c } else { picture(c) }).collect()
}

/// JSON in which every character that a terminal would obey, or would not show, is written as its
/// escape: it is the same document, for a program as for a person who looks at it. Whether it goes to
/// a terminal makes no difference, so that what was looked at is what a pipe gets.
#[must_use]
pub fn escape_json(json: &str) -> Cow<'_, str> {
    // JSON has these in its strings only, and there an escape means the same.
    let is_plain = |c: char| is_harmless(c) && !is_invisible(c);
    if is_printable_ascii(json.as_bytes()) || json.chars().all(|c| c == '\n' || is_plain(c)) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        // Outside strings, JSON may have line ends and tabs between its parts.
        if is_plain(c) || c == '\n' || c == '\t' {
            safe.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(safe)
}

/// Format characters that are not shown, beyond those that are not harmless at all.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{2065}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// How many columns a line takes.
#[must_use]
pub fn width(line: &str) -> usize {
    line.width()
}

/// The line, cut to `max` columns with `…` when it is longer.
#[must_use]
pub fn truncate(line: &str, max: usize) -> Cow<'_, str> {
    if line.len() <= max && is_printable_ascii(line.as_bytes()) {
        return Cow::Borrowed(line);
    }
    // Characters without width (combining marks) are bounded too: a kilobyte of them on one
    // letter is an attack on the reader.
    let bound = max.saturating_mul(4).saturating_add(16);
    let crowded = line.chars().nth(bound).is_some();
    if !crowded && width(line) <= max {
        return Cow::Borrowed(line);
    }
    let mut end = 0;
    for (count, (at, c)) in line.char_indices().enumerate() {
        let next = at + c.len_utf8();
        if count >= bound || width(&line[..next]) > max.saturating_sub(1) {
            break;
        }
        end = next;
    }
    if max == 0 {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!("{}…", line[..end].trim_end()))
}

/// The line in exactly `columns` columns: cut, or filled with spaces on the right.
#[must_use]
pub fn fit(line: &str, columns: usize) -> String {
    let cut = truncate(line, columns);
    let missing = columns.saturating_sub(width(&cut));
    format!("{cut}{:missing$}", "")
}

/// The line in at least `columns` columns, filled with spaces on the left.
#[must_use]
pub fn right(line: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(line));
    format!("{:missing$}{line}", "")
}

/// Bytes of the complete escape sequence that `text` begins with; 0 when there is none.
pub(super) fn escape_sequence(text: &str) -> usize {
    // Bounded, so that a sequence that is never closed does not swallow the text after it.
    const LONGEST: usize = 1024;
    let bytes = &text.as_bytes()[..text.len().min(LONGEST)];
    match bytes.get(1) {
        Some(b'[') => bytes[2..]
            .iter()
            .position(|b| !(0x20..=0x3f).contains(b))
            .filter(|at| (0x40..=0x7e).contains(&bytes[2 + at]))
            .map_or(0, |at| at + 3),
        Some(b']' | b'P' | b'_' | b'^') => {
            let bell = bytes.iter().position(|b| *b == 0x07).map(|at| at + 1);
            let string_end = bytes[2..].windows(2).position(|w| w == b"\x1b\\").map(|at| at + 4);
            match (bell, string_end) {
                (Some(a), Some(b)) => a.min(b),
                (a, b) => a.or(b).unwrap_or(0),
            }
        }
        Some(b'(' | b')') if bytes.len() > 2 && bytes[2].is_ascii_alphanumeric() => 3,
        _ => 0,
    }
}

/// Whether each byte is a character that can be seen, or a space.
fn is_printable_ascii(bytes: &[u8]) -> bool {
    printable_ascii(bytes) == bytes.len()
}

/// How many bytes at the beginning are characters that can be seen, or spaces.
pub(super) fn printable_ascii(bytes: &[u8]) -> usize {
    printable(bytes, |word| word, |byte| byte)
}

/// How many bytes at the beginning stay as they are in clean text of several lines.
fn safe_length(text: &str) -> usize {
    let mut length = 0;
    loop {
        length += printable(&text.as_bytes()[length..], lines_as_text, |byte| match byte {
            b'\n' => b' ',
            byte => byte,
        });
        match text[length..].chars().next() {
            Some(c) if c == '\n' || is_harmless(c) => length += c.len_utf8(),
            _ => return length,
        }
    }
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// How many bytes at the beginning are characters that can be seen, or spaces, when eight bytes are
/// what `each` makes of them, and one is what `last` makes of it. Most text is only such, and is
/// recognised eight bytes at a time.
fn printable(bytes: &[u8], each: impl Fn(u64) -> u64, last: impl Fn(u8) -> u8) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (count, word) in words.iter().enumerate() {
        let word = each(u64::from_le_bytes(*word));
        // The high bit of a byte is set in the first where the byte is over 0x7e (a carry comes from
        // such bytes only), and in the second where it is under 0x20 (a borrow likewise). So the
        // lowest of these bits is right.
        let other = (word | word.wrapping_add(ONES) | word.wrapping_sub(0x20 * ONES)) & HIGH;
        if other != 0 {
            return count * 8 + other.trailing_zeros() as usize / 8;
        }
    }
    let is_other = |byte: &u8| !(0x20..0x7f).contains(&last(*byte));
    words.len() * 8 + rest.iter().position(is_other).unwrap_or(rest.len())
}

/// Eight bytes with something that can be seen in place of each line end.
const fn lines_as_text(word: u64) -> u64 {
    let line_end_is_zero = word ^ (ONES * b'\n' as u64);
    // The high bit of each byte that is zero, without a carry into the next one.
    let zero = !(((line_end_is_zero & !HIGH) + !HIGH) | line_end_is_zero) & HIGH;
    word | (zero >> 2)
}

fn is_harmless(c: char) -> bool {
    picture(c) == c
}

/// The character itself, or what is shown in its place when a terminal would obey it.
fn picture(c: char) -> char {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        // C1 controls; bidirectional embeddings, overrides and isolates; deprecated format
        // characters; line and paragraph separators; tags; the byte order mark.
        '\u{80}'..='\u{9f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{206f}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{e0000}'..='\u{e007f}'
        | '\u{feff}' => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn controls_become_pictures_and_sequences_vanish() {
        let check = |text: &str, expected: &str| assert_eq!(clean(text), expected, "{text:?}");
        check("plain\ntext", "plain\ntext");
        check("\u{1b}[31mred\u{1b}[0m", "red");
        check("\u{1b}]0;new title\u{7}x", "x");
        check("\u{1b}]8;;http://a\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link");
        check("a\u{1b}c", "a␛c");
        check("never closed \u{1b}]0;abc", "never closed ␛]0;abc");
        check("\u{9b}31m", "\u{fffd}31m");
        check("back\u{8}space\u{7f}", "back␈space␡");
        check("gpj.\u{202e}exe", "gpj.\u{fffd}exe");
        check("dos\r\nunix\rmac", "dos\nunix␍mac");
        check("a\tb", "a    b");
        check("שלום عالم", "שלום عالم");
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(clean_line("  one\n\n two\tthree "), "one two three");
    }

    #[test]
    fn raw_output_shows_what_was_printed() {
        assert_eq!(reveal("\u{1b}[1mx\n"), "␛[1mx\n");
    }

    #[test]
    fn json_has_nothing_that_a_terminal_obeys_or_hides() {
        let value = serde_json::json!({
            "c1": "\u{9b}31m\u{7f}", "bidi": "gpj.\u{202e}exe\u{200f}\u{61c}", "bom": "\u{feff}",
            "tag": "\u{e0041}", "zero": "a\u{200b}b\u{2060}\u{ad}", "kept": "שלום 日本語 é\t\n",
        });
        let json = value.to_string();
        let safe = escape_json(&json);
        assert!(safe.contains("\\u009b31m\\u007f"), "{safe}");
        assert!(safe.contains("gpj.\\u202eexe\\u200f\\u061c"), "{safe}");
        assert!(safe.contains("\\udb40\\udc41"), "{safe}");
        assert!(safe.contains("שלום 日本語 é\\t\\n"), "{safe}");
        assert!(safe.chars().all(|c| is_harmless(c) && !is_invisible(c)), "{safe:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        assert!(matches!(escape_json("{\"plain\":\n1}"), Cow::Borrowed(_)));
    }

    #[test]
    fn cutting_respects_wide_characters() {
        let check = |text: &str, max: usize, expected: &str| {
            assert_eq!(truncate(text, max), expected, "{text}");
        };
        check("short", 5, "short");
        check("longer", 5, "long…");
        check("日本語", 6, "日本語");
        check("日本語", 5, "日本…");
        check("日本語", 4, "日…");
        check("anything", 0, "");
        check("anything", 1, "…");
        check("a 👩‍👩‍👧 b", 4, "a…");
    }

    #[test]
    fn joined_emoji_are_the_first_of_them() {
        let check = |text: &str, expected: &str| assert_eq!(single_emoji(text), expected, "{text}");
        check("a 👨‍👩‍👧‍👦 b", "a 👨 b");
        check("👩🏽‍💻 🧑‍⚕️ ❤️", "👩 🧑 ❤");
        check("🇩🇪 日本", "🇩🇪 日本");
        check("می\u{200d}خ 🏽", "می\u{200d}خ 🏽");
    }

    #[test]
    fn stacked_marks_are_bounded() {
        let zalgo = format!("x{}", "\u{301}".repeat(10_000));
        assert!(truncate(&zalgo, 10).chars().count() < 100);
    }

    #[test]
    fn printable_text_is_recognised_byte_by_byte() {
        for byte in 0..=255 {
            for at in 0..9 {
                let mut text = *b"a ~ 12345";
                text[at] = byte;
                let printable = (0x20..0x7f).contains(&byte);
                assert_eq!(is_printable_ascii(&text), printable, "{byte:#x} at {at}");
                text[at] = byte;
                let expected = if printable || byte == b'\n' { 9 } else { at };
                let Ok(text) = std::str::from_utf8(&text) else { continue };
                assert_eq!(safe_length(text), expected, "{byte:#x} at {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_dangerous_passes(text in "\\PC*|[\\x00-\\x20\\x7f-\\x9f\\[\\]m;\u{202e}a]*") {
            let safe = clean(&text);
            prop_assert!(safe.chars().all(|c| c == '\n' || is_harmless(c)));
            prop_assert_eq!(clean(&safe), safe.clone());
            prop_assert!(!clean_line(&text).contains('\n'));
        }

        #[test]
        fn escaped_json_means_the_same(text in "\\PC*|[\\x00-\\x20\\x7f-\\x9f\"\\\\\u{202e}\u{200d}\u{e0001}a]*") {
            let json = serde_json::to_string(&text).unwrap();
            let safe = escape_json(&json);
            prop_assert!(safe.chars().all(|c| is_harmless(c) && !is_invisible(c)));
            prop_assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }

        #[test]
        fn what_is_fitted_has_that_width(text in "\\PC*", columns in 1usize..60) {
            let line = clean_line(&text);
            prop_assert_eq!(width(&fit(&line, columns)), columns);
        }
    }
}
