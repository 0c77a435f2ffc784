//! An incomplete line at the end of an output that was printed already, and what follows it.

use std::borrow::Cow;

/// What was printed of the incomplete line.
#[derive(Debug, Default)]
pub(crate) struct PartialLine(String);

impl PartialLine {
    /// What to print so that it looks as if only `lines` had been printed after what came before, and then
    /// `unfinished`. The lines begin with the one that was incomplete.
    pub(crate) fn go_on<'a>(&mut self, lines: &'a str, unfinished: &str) -> Cow<'a, str> {
        // Without a line, it is still incomplete; and what overwrites it is printed when it ends.
        if unfinished.is_empty() && (lines.is_empty() || self.0.is_empty()) {
            return lines.into();
        }
        let whole = format!("{lines}{unfinished}");
        let next = match whole.strip_prefix(self.0.as_str()) {
            Some(rest) => rest.to_owned(),
            // It was overwritten.
            None => format!("\n{whole}"),
        };
        unfinished.clone_into(&mut self.0);
        next.into()
    }

    /// Whether something was printed of a line that has not ended.
    pub(crate) const fn is_open(&self) -> bool {
        !self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_is_not_printed_again() {
        let mut line = PartialLine::default();
        let mut printed = String::new();
        for (lines, unfinished) in [
            ("one\n", ""),
            ("", "Continue? "),
            ("", "Continue? [y/N] "),
            ("", "Continue? [y/N] "),
            ("Continue? [y/N] y\ntwo\n", "thr"),
            ("", ""),
            ("three\n", ""),
            ("four\n", ""),
        ] {
            printed += &line.go_on(lines, unfinished);
        }
        assert_eq!(printed, "one\nContinue? [y/N] y\ntwo\nthree\nfour\n");
    }

    #[test]
    fn a_line_that_was_overwritten_is_printed_anew() {
        let mut line = PartialLine::default();
        let printed: String = [("", "10 %"), ("", ""), ("100 %\n", "")]
            .map(|(lines, unfinished)| line.go_on(lines, unfinished))
            .concat();
        assert_eq!(printed, "10 %\n100 %\n");
    }
}
