//! A run's log as text for a model, with long parts shortened.

use claude_worker_api::{LogEntry, LogItem, ToolOutcome};

use crate::task_text::line;

/// The maximum length of one entry, in bytes; reasoning and results of tools have lower limits.
const LONGEST_TEXT: usize = 4000;
const LONGEST_ASIDE: usize = 800;

/// A piece of a log: all entries of one line of output. It is never split.
pub(crate) struct Piece {
    /// Its offset in the output, in bytes.
    pub(crate) offset: u64,
    pub(crate) text: String,
}

/// The entries as pieces, in order.
pub(crate) fn pieces(entries: &[LogEntry]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for entry in entries {
        let text = entry_text(&entry.item);
        match pieces.last_mut() {
            Some(piece) if piece.offset == entry.offset => piece.text += &text,
            _ => pieces.push(Piece { offset: entry.offset, text }),
        }
    }
    pieces
}

fn entry_text(item: &LogItem) -> String {
    match item {
        LogItem::Started { model, .. } => match model {
            Some(model) => format!("[session began, {}]\n", line(model, 100)),
            None => "[session began]\n".to_owned(),
        },
        LogItem::Text { text } => format!("{}\n", cut(text.trim(), LONGEST_TEXT)),
        LogItem::Thinking { text } => format!("[thinks] {}\n", cut(text.trim(), LONGEST_ASIDE)),
        LogItem::ToolCall { tool, summary, .. } => {
            format!("[calls] {} {}\n", line(tool, 100), line(summary, 400))
        }
        LogItem::ToolResult { outcome, text, .. } => {
            let outcome = match outcome {
                ToolOutcome::Ok => "gave",
                ToolOutcome::Error => "failed",
                ToolOutcome::Denied => "was denied",
                ToolOutcome::Unknown(outcome) => outcome.as_str(),
            };
            format!("[tool {outcome}] {}\n", cut(text.trim_end(), LONGEST_ASIDE))
        }
        LogItem::Retry { attempt, max_attempts, reason, .. } => {
            format!("[retry {attempt} of {max_attempts}] {}\n", line(reason, 400))
        }
        LogItem::Note { text } => format!("[note] {}\n", line(text, 400)),
        LogItem::Result { is_error, text, .. } => {
            let what = if *is_error { "error" } else { "answer" };
            format!("[{what}] {}\n", cut(text.trim(), LONGEST_TEXT))
        }
        LogItem::Output { text, .. } => format!("{}\n", cut(text, LONGEST_TEXT)),
        LogItem::Unknown(item) => {
            format!("[{}] {}\n", item.name, line(item.text("text").unwrap_or_default(), 400))
        }
    }
}

/// The text, or its beginning with a note on how much is missing.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let kept = &text[..floor(text, most)];
    format!("{kept}… [{} bytes more]", text.len() - kept.len())
}

/// The last start of a character in `text` at or before `at`.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(offset: u64, text: &str) -> LogEntry {
        LogEntry { offset, at: None, item: LogItem::Text { text: text.to_owned() } }
    }

    #[test]
    fn entries_of_one_line_stay_together() {
        let pieces = pieces(&[entry(0, "a"), entry(0, "b"), entry(9, "c")]);
        let found: Vec<_> = pieces.iter().map(|p| (p.offset, p.text.as_str())).collect();
        assert_eq!(found, [(0, "a\nb\n"), (9, "c\n")]);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = "ä".repeat(LONGEST_TEXT);
        let shown = entry_text(&LogItem::Output { text, stderr: false });
        assert!(shown.len() < LONGEST_TEXT + 40, "{}", shown.len());
        assert!(shown.contains("… [4000 bytes more]"), "{}", &shown[shown.len() - 40..]);
        assert_eq!(floor("ä", 1), 0);
        assert_eq!(floor("ä", 9), 2);
    }
}
