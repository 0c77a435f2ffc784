//! The end of a log in rows of the width of the screen, and which of them are shown.

use unicode_width::UnicodeWidthChar;

use crate::render::text::width;

/// A log on the screen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LogPage {
    /// The lines; none before they were read.
    lines: Option<Vec<String>>,
    /// The lines, divided so that each fits the width.
    rows: Vec<String>,
    /// How many rows are below those that are shown.
    up: usize,
    /// The columns and rows of the screen that the log has.
    size: (usize, usize),
}

impl LogPage {
    /// Replaces the lines with newer ones.
    pub(super) fn set_lines(&mut self, lines: Vec<String>) {
        self.lines = Some(lines);
        self.divide();
    }

    /// Fits the lines to a part of the screen.
    pub(super) fn fit(&mut self, columns: usize, rows: usize) {
        if self.size != (columns, rows) {
            self.size = (columns, rows);
            self.divide();
        }
    }

    fn divide(&mut self) {
        self.rows.clear();
        for line in self.lines.iter().flatten() {
            divide(line, self.size.0.max(1), &mut self.rows);
        }
        self.up = self.up.min(self.most_up());
    }

    fn most_up(&self) -> usize {
        self.rows.len().saturating_sub(self.size.1)
    }

    /// Scrolls up, or down where `rows` is negative.
    pub(super) fn scroll(&mut self, rows: isize) {
        self.up = self.up.saturating_add_signed(rows).min(self.most_up());
    }

    /// Whether the lines were read.
    pub(super) const fn is_read(&self) -> bool {
        self.lines.is_some()
    }

    /// What is on the screen.
    pub(super) fn shown(&self) -> &[String] {
        let end = self.rows.len() - self.up;
        &self.rows[end.saturating_sub(self.size.1)..end]
    }
}

/// Appends the line in rows of at most so many columns, divided at spaces, and in a word only where it is wider
/// than a row.
fn divide(line: &str, columns: usize, rows: &mut Vec<String>) {
    let mut rest = line;
    while width(rest) > columns {
        let (mut used, mut end, mut word) = (0, rest.len(), None);
        for (at, c) in rest.char_indices() {
            // Characters that are joined take fewer columns than this, never more.
            used += c.width().unwrap_or(0);
            if used > columns && at > 0 {
                end = at;
                break;
            }
            if c == ' ' {
                word = Some(at);
            }
        }
        if rest[end..].starts_with(' ') {
            word = Some(end);
        }
        // An indent is not a place to divide at.
        let word = word.filter(|at| !rest[..*at].trim_start().is_empty());
        let (row, next) = match word {
            Some(at) => (&rest[..at], rest[at..].trim_start_matches(' ')),
            None => rest.split_at(end),
        };
        rows.push(row.trim_end().to_owned());
        rest = next;
        if rest.is_empty() {
            return;
        }
    }
    rows.push(rest.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(line: &str, columns: usize) -> Vec<String> {
        let mut rows = Vec::new();
        divide(line, columns, &mut rows);
        rows
    }

    #[test]
    fn long_lines_are_divided_at_words_and_long_words_anywhere() {
        assert_eq!(divided("one two three", 7), ["one two", "three"]);
        assert_eq!(divided("one two three", 8), ["one two", "three"]);
        assert_eq!(divided("    let  a = 1;", 10), ["    let  a", "= 1;"]);
        assert_eq!(divided("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(divided("  abcdefghij", 4), ["  ab", "cdef", "ghij"]);
        assert_eq!(divided("翻訳を 更新する", 6), ["翻訳を", "更新す", "る"]);
        assert_eq!(divided("翻訳", 1), ["翻", "訳"]);
        assert_eq!(divided("", 4), [""]);
        assert_eq!(divided("word     ", 4), ["word"]);
    }

    #[test]
    fn scrolling_counts_rows_and_ends_at_the_first() {
        let mut page = LogPage::default();
        page.fit(5, 2);
        page.set_lines(vec!["one two three four".to_owned(), "five".to_owned()]);
        assert_eq!(page.shown(), ["four", "five"]);
        page.scroll(1);
        assert_eq!(page.shown(), ["three", "four"]);
        page.scroll(isize::MAX);
        assert_eq!(page.shown(), ["one", "two"]);
        page.scroll(-1);
        assert_eq!(page.shown(), ["two", "three"]);
        page.fit(80, 2);
        assert_eq!(page.shown(), ["one two three four", "five"]);
    }
}
