//! The CLI's messages as log items.

use claude_worker_api::{LogItem, Timestamp};

use super::message::{Block, MAX_TEXT, Message, Outcome, RateLimit, Report};
use crate::text::clip;

/// The longest line that is shown unchanged, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;

/// The text that the CLI adds to the conversation when it is interrupted.
const INTERRUPTED: &str = "[Request interrupted by user";

/// A line of standard output as log items, with its timestamp if it has one.
pub(crate) fn items(line: &str) -> (Option<Timestamp>, Vec<LogItem>) {
    let Some(message) = Message::parse(line) else { return outside_of_protocol(line, false) };
    match message {
        Message::Init { session_id, model, version, .. } => {
            (None, vec![LogItem::Started { session_id, model, version }])
        }
        // The result repeats this text, as an error.
        Message::Assistant { is_api_error: true, .. }
        | Message::Background { note: None, .. }
        | Message::Nothing => (None, Vec::new()),
        Message::Assistant { at, blocks, .. } => (at, blocks.into_iter().map(shown).collect()),
        Message::User { at, blocks, .. } => {
            let mut images = 0;
            let item = |block| match block {
                Block::Answer { id, outcome, returned } => {
                    let first = images;
                    images += returned.images();
                    let (text, images) = (returned.text(), (first..images).collect());
                    Some(LogItem::ToolResult { id, outcome, text, images })
                }
                Block::Text(text) if text.starts_with(INTERRUPTED) => {
                    Some(LogItem::Note { text: "Interrupted".to_owned() })
                }
                // Text that the CLI adds for the model.
                _ => None,
            };
            (at, blocks.into_iter().filter_map(item).collect())
        }
        Message::Retry { attempt, max_attempts, delay_ms, status, error } => {
            let reason = match status {
                Some(status) => format!("{status} {error}").trim_end().to_owned(),
                None => error,
            };
            (None, vec![LogItem::Retry { attempt, max_attempts, delay_ms, reason }])
        }
        Message::RateLimit { state, kind, .. } => (None, limit_note(state, &kind)),
        Message::Note(text) | Message::Background { note: Some(text), .. } => {
            (None, vec![LogItem::Note { text }])
        }
        Message::Report(Report { outcome, text, usage, denied }) => {
            let is_error = outcome != Outcome::Done;
            let denied_tools = denied.into_iter().map(|(_, tool)| tool).collect();
            (None, vec![LogItem::Result { is_error, text, usage, denied_tools }])
        }
    }
}

/// A line that is not a message, unchanged.
pub(crate) fn outside_of_protocol(line: &str, stderr: bool) -> (Option<Timestamp>, Vec<LogItem>) {
    if line.trim().is_empty() {
        return (None, Vec::new());
    }
    let text = clip(line.to_owned(), MAX_OUTPUT);
    (None, vec![LogItem::Output { text, stderr }])
}

fn shown(block: Block<'_>) -> LogItem {
    match block {
        Block::Text(text) => LogItem::Text { text },
        Block::Thinking(text) => LogItem::Thinking { text },
        Block::Call { id, tool, summary, input } => {
            let input = clip(input.to_owned(), MAX_TEXT);
            LogItem::ToolCall { id, tool, summary, input }
        }
        Block::Answer { id, outcome, returned } => {
            LogItem::ToolResult { id, outcome, text: returned.text(), images: Vec::new() }
        }
    }
}

fn limit_note(state: RateLimit, kind: &str) -> Vec<LogItem> {
    let words = match state {
        RateLimit::Fine => return Vec::new(),
        RateLimit::Close => "Close to the usage limit",
        RateLimit::Reached => "Usage limit reached",
    };
    let text = if kind.is_empty() { words.to_owned() } else { format!("{words} ({kind})") };
    vec![LogItem::Note { text }]
}
