//! Lines that fit the page: divided at spaces, but not inside a command that a person would copy.

use super::text::{clean, width};

/// The line in lines of at most `max` columns; what follows the first is indented like it. A word or command that
/// is wider stays whole.
#[must_use]
pub fn wrap(line: &str, max: usize) -> String {
    hanging(line, 0, line.len() - line.trim_start_matches(' ').len(), max)
}

/// Each line of the text, wrapped.
#[must_use]
pub fn wrap_lines(text: &str, max: usize) -> String {
    text.split('\n').map(|line| wrap(line, max)).collect::<Vec<_>>().join("\n")
}

/// The rest of a line of which `used` columns are written, in lines of at most `max` columns; what follows the
/// first is indented by `indent` columns.
#[must_use]
pub fn hanging(text: &str, used: usize, indent: usize, max: usize) -> String {
    let mut wrapped = String::with_capacity(text.len());
    let mut column = used;
    for (n, Piece { gap, word }) in pieces(text).into_iter().enumerate() {
        let wide = width(&clean(word));
        if n > 0 && column + width(gap) + wide > max {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            column = indent + wide;
        } else {
            wrapped += gap;
            column += width(gap) + wide;
        }
        wrapped += word;
    }
    wrapped
}

/// A part of a line that stays in one line, and the white space before it.
struct Piece<'a> {
    gap: &'a str,
    word: &'a str,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let mut pieces = Vec::with_capacity(words.len());
    let (mut at, mut from) = (0, 0);
    while let Some(first) = words.get(at) {
        at = end(&words, at);
        let last = words[at - 1];
        let (start, stop) = (place(first), place(last) + last.len());
        pieces.push(Piece { gap: &text[from..start], word: &text[start..stop] });
        from = stop;
    }
    pieces
}

/// What may follow a command in a sentence.
const MARKS: [char; 5] = [',', '.', ';', ':', ')'];

/// The end of what begins with this word and must stay in one line: a text in backticks, a command, a short remark
/// in parentheses, or the word.
fn end(words: &[&str], at: usize) -> usize {
    let first = words[at];
    if first.starts_with('(') && words.get(at + 1).is_some_and(|next| next.ends_with(')')) {
        return at + 2;
    }
    if let Some(rest) = first.strip_prefix('`')
        && !rest.contains('`')
    {
        let closing = words[at + 1..].iter().position(|word| word.contains('`'));
        return closing.map_or(at + 1, |further| at + further + 2);
    }
    let mut end = at + 1;
    if first != "claude-worker" {
        return end;
    }
    // How many words may follow that name the command, and not one of its arguments.
    let mut names = 1;
    while let Some(word) = words.get(end) {
        let before = words[end - 1];
        if before.ends_with(MARKS) {
            break;
        }
        let is_value = before.starts_with("--") && !before.contains('=');
        if let Some(length) = quoted(&words[end..]) {
            end += length;
            names = 0;
            continue;
        }
        if names > 0 && word.starts_with(|c: char| c.is_ascii_lowercase()) {
            names = u32::from(["server", "token", "mcp", "config", "get", "set"].contains(word));
        } else if is_argument(word) || is_value {
            names = 0;
        } else {
            break;
        }
        end += 1;
    }
    end
}

/// How many words the quoted text has that begins here.
fn quoted(words: &[&str]) -> Option<usize> {
    let quote = words[0].chars().next().filter(|first| ['"', '\''].contains(first))?;
    let is_end = |(n, word): (usize, &&str)| {
        let word = word.trim_end_matches(MARKS);
        word.ends_with(quote) && (n > 0 || word.len() > 1)
    };
    words.iter().enumerate().position(is_end).map(|last| last + 1)
}

/// Whether this is written like an argument, and not like a word of the sentence around the command.
fn is_argument(word: &str) -> bool {
    let word = word.trim_end_matches(MARKS);
    let is_placeholder = word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
    word.starts_with(|c: char| c.is_ascii_digit() || "-#/~$".contains(c))
        || is_placeholder
        || ["last", "all"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_divided_at_spaces() {
        assert_eq!(wrap("  one two three", 9), "  one two\n  three");
        assert_eq!(wrap("  one two three", 15), "  one two three");
        assert_eq!(wrap("/a/long/path is here", 8), "/a/long/path\nis here");
        assert_eq!(wrap("日本 日本 x", 6), "日本\n日本 x");
        assert_eq!(wrap("", 6), "");
        assert_eq!(wrap("04:13:20 (30m ago)", 13), "04:13:20\n(30m ago)");
        assert_eq!(wrap("\u{1b}[2mone two\u{1b}[0m", 7), "\u{1b}[2mone two\u{1b}[0m");
        assert_eq!(wrap_lines("one two\n\n  three\n", 5), "one\ntwo\n\n  three\n");
        assert_eq!(hanging("  just now  it failed", 8, 2, 20), "  just now\n  it failed");
    }

    #[test]
    fn commands_stay_in_one_line() {
        for (line, expected) in [
            (
                "The queue is paused: claude-worker unpause",
                "The queue is paused:\nclaude-worker unpause",
            ),
            (
                "Name them: claude-worker cancel 12, or 3-7,9, or last; claude-worker list shows the numbers",
                "Name them: claude-worker cancel 12, or\n3-7,9, or last; claude-worker list\nshows the numbers",
            ),
            (
                "Send it: claude-worker run \"Write tests for src/parser.rs\" now",
                "Send it:\nclaude-worker run \"Write tests for src/parser.rs\"\nnow",
            ),
            (
                "Install it with `npm install -g @anthropic-ai/claude-code`, or set agents.claude",
                "Install it with\n`npm install -g @anthropic-ai/claude-code`,\nor set agents.claude",
            ),
            (
                "Say how many: claude-worker config set workers 8 and so on",
                "Say how many:\nclaude-worker config set workers 8 and\nso on",
            ),
            (
                "Wait again with it: claude-worker wait 12 13 --timeout 5m",
                "Wait again with it:\nclaude-worker wait 12 13 --timeout 5m",
            ),
        ] {
            assert_eq!(wrap(line, 38), expected);
        }
    }
}
