//! What a line of output looks like in a log.

use claude_worker_api::{Agent, LogEntry};

use crate::lines::Line;
use crate::{agent, shell};

/// A line as log items, in order; none when there is nothing to show. Every line can be read,
/// whatever it is: what is not of the agent's protocol is shown as it is.
///
/// Texts are bounded: 64 KiB each, 1 MiB for a result, a remark on what is missing on top.
#[must_use]
pub fn items(agent: Agent, line: &Line<'_>, stderr: bool) -> Vec<LogEntry> {
    let (at, items) = match agent::find(agent) {
        Some(agent) => agent.items(&line.text, stderr),
        // Output of an agent that this version does not know is shown as it is.
        None => (None, vec![shell::item(&line.text, stderr)]),
    };
    items.into_iter().map(|item| LogEntry { offset: line.offset, at, item }).collect()
}
