//! Makes texts of agents and users fit for a menu or a notification.

/// The text as one line of at most `longest` characters. Control characters and line ends become
/// spaces, several spaces become one, and an ellipsis marks a text that was cut.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c)) {
        if word.is_empty() {
            continue;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        for c in word.chars() {
            if length == longest {
                while line.chars().count() >= longest {
                    line.pop();
                }
                let end = line.trim_end().len();
                line.truncate(end);
                line.push('…');
                return line;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

/// Whether a character changes the writing direction: it could make one name look like another.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Escapes the characters that a notification daemon or a tooltip may interpret as markup.
pub(crate) fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `1 task`, `3 tasks`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// A running clock: `0:07`, `4:12`, `1:04:12`.
pub(crate) fn clock(millis: u64) -> String {
    let seconds = millis / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_one_line_of_bounded_length() {
        assert_eq!(one_line("a\n b\t\u{1b}[31mc ", 40), "a b [31mc");
        assert_eq!(one_line("\u{202e}evil", 40), "evil");
        assert_eq!(one_line("", 3), "");
        assert_eq!(one_line("abc", 3), "abc");
        assert_eq!(one_line("abcd", 3), "ab…");
        assert_eq!(one_line("äöü ß", 4), "äöü…");
        assert_eq!(one_line(&"x".repeat(1000), 10).chars().count(), 10);
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape_markup("<b>&</b>"), "&lt;b&gt;&amp;&lt;/b&gt;");
    }

    #[test]
    fn a_clock_shows_hours_only_if_there_are_any() {
        assert_eq!(clock(7_900), "0:07");
        assert_eq!(clock(252_000), "4:12");
        assert_eq!(clock(3_852_000), "1:04:12");
    }
}
