//! What is remembered of a run of the CLI.

use claude_worker_api::{DeniedTool, Timestamp, Usage};

use super::message::{Block, Message, Outcome, RateLimit, Report};
use crate::text::one_line;

/// The longest description of what the agent does, in characters.
const MAX_ACTION: usize = 100;
/// How many denied calls are remembered.
const MAX_DENIED: usize = 256;
/// The longest line remembered as a complaint, in characters.
const MAX_COMPLAINT: usize = 500;
/// What the CLI prints on standard error for its own makers begins so.
const DIAGNOSTIC: &str = "[claude-code:";

/// A fold over a run's lines.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) session_id: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) last_action: Option<String>,
    pub(crate) usage: Usage,
    pub(crate) denied: Vec<DeniedTool>,
    /// The last report: a later one is the better informed.
    pub(super) report: Option<LastReport>,
    /// When the usage limit is over, if one was reached.
    pub(super) limit_resets_at: Option<Timestamp>,
    /// The last line outside the protocol, on standard error if there was one there.
    pub(super) complaint: String,
    /// Whether that line came on standard error.
    complained_on_stderr: bool,
    directory: Option<String>,
    denied_ids: Vec<String>,
}

/// What counts of the last report.
#[derive(Debug)]
pub(super) struct LastReport {
    pub(super) outcome: Outcome,
    /// The answer, or the error in words.
    pub(super) text: String,
}

impl Story {
    /// Reads the next line of standard output or standard error.
    pub(crate) fn read(&mut self, line: &str, stderr: bool) {
        let message = if stderr { None } else { Message::parse(line) };
        match message {
            None => self.hear_complaint(line, stderr),
            Some(Message::Init { session_id, model, directory, .. }) => {
                self.session_id = session_id.or_else(|| self.session_id.take());
                self.model = model.or_else(|| self.model.take());
                self.directory = directory.or_else(|| self.directory.take());
            }
            Some(Message::Assistant { blocks, is_api_error: false, .. }) => {
                for block in blocks {
                    if let Some(action) = self.action(&block) {
                        self.last_action = Some(action);
                    }
                }
            }
            Some(Message::Retry { status, error, delay_ms, .. }) => {
                let after = status.map_or(error, |status| status.to_string());
                let seconds = delay_ms.div_ceil(1000);
                self.last_action = Some(format!("Retrying after {after} in {seconds} s"));
            }
            Some(Message::RateLimit { state: RateLimit::Reached, resets_at, .. }) => {
                self.limit_resets_at = resets_at;
            }
            Some(Message::Note(text)) => self.last_action = Some(one_line(&text, MAX_ACTION)),
            Some(Message::Report(report)) => self.take_report(report),
            Some(
                Message::Assistant { .. }
                | Message::User { .. }
                | Message::RateLimit { .. }
                | Message::Nothing,
            ) => {}
        }
    }

    /// The final answer, when the last report was one.
    pub(crate) fn answer(&self) -> Option<&str> {
        let report = self.report.as_ref()?;
        (report.outcome == Outcome::Done).then_some(report.text.as_str())
    }

    fn hear_complaint(&mut self, line: &str, stderr: bool) {
        let is_better = stderr || !self.complained_on_stderr;
        if is_better && !line.starts_with(DIAGNOSTIC) {
            let line = one_line(line, MAX_COMPLAINT);
            if !line.is_empty() {
                self.complaint = line;
                self.complained_on_stderr = stderr;
            }
        }
    }

    /// What the agent does, in a few words: `Bash cargo test`, `Edit src/lib.rs`.
    fn action(&self, block: &Block) -> Option<String> {
        match block {
            Block::Text(text) => Some(one_line(text, MAX_ACTION)),
            Block::Thinking(_) => Some("Thinking".to_owned()),
            Block::Call { tool, summary, .. } => {
                let inside = self
                    .directory
                    .as_deref()
                    .and_then(|directory| summary.strip_prefix(directory)?.strip_prefix('/'));
                Some(one_line(&format!("{tool} {}", inside.unwrap_or(summary)), MAX_ACTION))
            }
            Block::Answer { .. } => None,
        }
    }

    fn take_report(&mut self, report: Report) {
        let Report { outcome, text, usage, denied } = report;
        self.report = Some(LastReport { outcome, text });
        self.usage = Usage {
            // The CLI adds up the cost itself, over the whole session.
            cost_usd: usage.cost_usd.or(self.usage.cost_usd),
            turns: sum(self.usage.turns, usage.turns, u32::saturating_add),
            input_tokens: tokens(self.usage.input_tokens, usage.input_tokens),
            output_tokens: tokens(self.usage.output_tokens, usage.output_tokens),
            cache_read_tokens: tokens(self.usage.cache_read_tokens, usage.cache_read_tokens),
            cache_creation_tokens: tokens(
                self.usage.cache_creation_tokens,
                usage.cache_creation_tokens,
            ),
        };
        // Each report may repeat the denials of those before.
        for (id, tool) in denied {
            if self.denied.len() < MAX_DENIED && !self.denied_ids.contains(&id) {
                self.denied_ids.push(id);
                self.denied.push(tool);
            }
        }
    }
}

fn tokens(before: Option<u64>, new: Option<u64>) -> Option<u64> {
    sum(before, new, u64::saturating_add)
}

fn sum<N>(before: Option<N>, new: Option<N>, add: impl Fn(N, N) -> N) -> Option<N> {
    match (before, new) {
        (Some(before), Some(new)) => Some(add(before, new)),
        (before, new) => before.or(new),
    }
}
