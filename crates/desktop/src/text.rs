//! Texts of agents and people, made fit for a menu or a notification.

/// One line of at most `longest` characters: control characters and line ends become spaces, runs
/// of spaces one, and what is cut off an ellipsis.
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

/// Characters that turn the direction of what follows: they could make a name read as another.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with the characters escaped that a notification daemon or tooltip would take for
/// markup.
pub(crate) fn no_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `1 task`, `3 tasks`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_bounded() {
        assert_eq!(one_line("a\n b\t\u{1b}[31mc ", 40), "a b [31mc");
        assert_eq!(one_line("\u{202e}evil", 40), "evil");
        assert_eq!(one_line("", 3), "");
        assert_eq!(one_line("abc", 3), "abc");
        assert_eq!(one_line("abcd", 3), "ab…");
        assert_eq!(one_line("äöü ß", 4), "äöü…");
        assert_eq!(one_line(&"x".repeat(1000), 10).chars().count(), 10);
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(no_markup("<b>&</b>"), "&lt;b&gt;&amp;&lt;/b&gt;");
    }
}
