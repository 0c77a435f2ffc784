//! What a line of output looks like in a log.

use claude_worker_api::{Agent, LogEntry, LogItem};

use crate::text::clip;
use crate::{Line, claude, shell};

/// The longest line of standard error shown, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;

/// A line as log items, in order; none when there is nothing to show. Every line can be read,
/// whatever it is: what is not of the agent's protocol is shown as it is.
///
/// Texts are bounded: 64 KiB each, 1 MiB for a result, a remark on what is missing on top.
#[must_use]
pub fn items(agent: Agent, line: &Line<'_>, stderr: bool) -> Vec<LogEntry> {
    let (at, items) = match (agent, stderr) {
        // Output of an agent that this version does not know is shown as it is.
        (Agent::Shell | Agent::Unknown(_), _) => (None, vec![shell::item(&line.text, stderr)]),
        (Agent::Claude, false) => claude::log::items(&line.text),
        (Agent::Claude, true) if line.text.trim().is_empty() => (None, Vec::new()),
        (Agent::Claude, true) => {
            let text = clip(line.text.clone().into_owned(), MAX_OUTPUT);
            (None, vec![LogItem::Output { text, stderr }])
        }
    };
    items.into_iter().map(|item| LogEntry { offset: line.offset, at, item }).collect()
}
