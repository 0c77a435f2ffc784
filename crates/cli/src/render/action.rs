//! What an agent does now, by the newest entry of its log.

use claude_worker_api::LogItem;

use super::text::{clean_line, truncate};

/// Whether [`action`] can return something for this entry.
#[must_use]
pub const fn is_action(item: &LogItem) -> bool {
    matches!(
        item,
        LogItem::ToolCall { .. }
            | LogItem::Text { .. }
            | LogItem::Retry { .. }
            | LogItem::Thinking { .. }
            | LogItem::Output { .. }
    )
}

/// The current action of the agent by this log entry, for the status line.
#[must_use]
pub fn action(item: &LogItem) -> Option<String> {
    let line = match item {
        LogItem::ToolCall { tool, summary, .. } => format!("{tool} {summary}"),
        LogItem::Text { text } => text.lines().next().unwrap_or_default().to_owned(),
        LogItem::Retry { reason, .. } => format!("waiting to retry: {reason}"),
        LogItem::Thinking { .. } => "thinking".to_owned(),
        LogItem::Output { text, .. } => text.clone(),
        _ => return None,
    };
    let line = truncate(&clean_line(&line), 300).into_owned();
    (!line.is_empty()).then_some(line)
}
