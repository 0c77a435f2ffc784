//! A page that is redrawn in place on a terminal that stays in its normal mode.
//!
//! Each line is overwritten and only its rest erased, and a frame is one write, so that nothing flickers.
//! A crash leaves nothing to restore, and the last frame stays on the screen.

use std::fmt::Write as _;

use crate::console::Console;
use crate::error::CliError;

/// Terminals that know it show what is between these at once; the others ignore it.
const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";
const ERASE_REST_OF_LINE: &str = "\u{1b}[K";
const ERASE_BELOW: &str = "\u{1b}[J";
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

/// What is on the screen.
#[derive(Debug, Default)]
pub(crate) struct Redraw {
    /// How many lines the last frame had.
    lines: usize,
    /// The size of the terminal at the last frame.
    size: Option<(usize, usize)>,
}

impl Redraw {
    /// Replaces the last frame. The lines must not be wider than the page; what does not fit into the
    /// height is replaced by its number.
    pub(crate) fn draw(&mut self, console: &mut Console<'_>, text: &str) -> Result<(), CliError> {
        let size = (console.width(), console.rows());
        let frame = self.frame(text, size);
        console.print(&frame)
    }

    fn frame(&mut self, text: &str, size: (usize, usize)) -> String {
        let mut frame = BEGIN.to_owned();
        match self.size.replace(size) {
            // The terminal has wrapped or cut what was there.
            Some(last) if last != size => frame += CLEAR,
            Some(_) if self.lines > 0 => _ = write!(frame, "\r\u{1b}[{}A", self.lines),
            _ => {}
        }
        // The cursor is below the last line.
        let room = size.1.saturating_sub(1).max(2);
        let all: Vec<&str> = text.lines().collect();
        let shown = if all.len() > room { &all[..room - 1] } else { &all[..] };
        for line in shown {
            let _ = write!(frame, "{line}{ERASE_REST_OF_LINE}\r\n");
        }
        self.lines = shown.len();
        if all.len() > shown.len() {
            let more = all.len() - shown.len();
            let _ = write!(frame, "… {more} more lines{ERASE_REST_OF_LINE}\r\n");
            self.lines += 1;
        }
        frame + ERASE_BELOW + END
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_overwrites_the_one_before() {
        let mut page = Redraw::default();
        let size = (80, 24);
        let first = page.frame("a\nb\n", size);
        assert_eq!(first, "\u{1b}[?2026ha\u{1b}[K\r\nb\u{1b}[K\r\n\u{1b}[J\u{1b}[?2026l");
        let second = page.frame("c\n", size);
        assert_eq!(second, "\u{1b}[?2026h\r\u{1b}[2Ac\u{1b}[K\r\n\u{1b}[J\u{1b}[?2026l");
        assert!(page.frame("d\n", (40, 24)).contains("\u{1b}[H\u{1b}[2Jd"), "after a resize");
    }

    #[test]
    fn a_frame_is_never_higher_than_the_terminal() {
        let text: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let mut page = Redraw::default();
        let frame = page.frame(&text, (80, 10));
        assert_eq!(frame.matches('\n').count(), 9);
        assert!(frame.contains("8\u{1b}[K\r\n… 12 more lines"), "{frame:?}");
        assert_eq!(page.lines, 9);
    }
}
