//! Whether files are being dragged over the window.
//!
//! The toolkit reports that files have entered once it knows what is dragged, and then each movement. It may report
//! a leave in between, or no entry at all after one, so every report counts and only changes are told.

/// A report of the toolkit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DragReport {
    /// Files have entered the window, or move over it.
    Over,
    /// They have left it, or the drag was cancelled.
    Left,
    /// They were dropped.
    Dropped,
}

/// Whether files are over the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DragHover {
    over: bool,
}

impl DragHover {
    /// Takes a report; returns what to tell the pages, if it is something new.
    pub const fn report(&mut self, report: DragReport) -> Option<bool> {
        let over = matches!(report, DragReport::Over);
        let is_new = over != self.over;
        self.over = over;
        if is_new { Some(over) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_once() {
        use DragReport::{Dropped, Left, Over};
        let mut hover = DragHover::default();
        let told = [Left, Over, Over, Left, Over, Over, Dropped, Left, Over]
            .map(|report| hover.report(report));
        // A movement after a leave counts as an entry.
        let expected =
            [None, Some(true), None, Some(false), Some(true), None, Some(false), None, Some(true)];
        assert_eq!(told, expected);
    }
}
