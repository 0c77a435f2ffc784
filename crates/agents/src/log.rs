//! Lines of output as log items.

use claude_worker_api::{Agent, LogEntry};

use crate::lines::Line;
use crate::{agent, shell};

/// A line as log items, in order; empty if there is nothing to show. A line that is not part of the
/// agent's protocol is shown unchanged.
///
/// Texts are bounded: 64 KiB each, 1 MiB for a result, plus a marker for what is missing.
#[must_use]
pub fn items(agent: Agent, line: &Line<'_>, stderr: bool) -> Vec<LogEntry> {
    let (at, items) = match agent::find(agent) {
        Some(agent) => agent.items(&line.text, stderr),
        // Output of an unknown agent is shown unchanged.
        None => (None, vec![shell::item(&line.text, stderr)]),
    };
    items.into_iter().map(|item| LogEntry { offset: line.offset, at, item }).collect()
}

/// The image that an item names, in Base64. `line` is a whole line of standard output.
#[must_use]
pub fn image(agent: Agent, line: &str, number: u32) -> Option<String> {
    agent::find(agent)?.image(line, number)
}
