//! The summary of a run of the CLI.

use claude_worker_api::{DeniedTool, Note, Usage, Verdict};

use super::background::Background;
use super::message::{Block, Message, Outcome, RateLimit, Report};
use super::tool_time::ToolTime;
use super::verdict::{Evidence, LastReport, failure};
use crate::agent_program::{Ended, RunSummary};
use crate::plain_text::plain_text;
use crate::text::one_line;

/// The longest last action, in characters.
const MAX_ACTION: usize = 100;
/// The longest final summary, in characters.
const MAX_FINAL_SUMMARY: usize = 300;
/// How many denied tool calls are remembered.
const MAX_DENIED: usize = 256;
/// The longest line remembered as a complaint, in characters.
const MAX_COMPLAINT: usize = 500;
/// The prefix of diagnostic messages of the CLI for its developers.
const DIAGNOSTIC: &str = "[claude-code:";

/// A fold over a run's lines.
#[derive(Debug, Default)]
pub(super) struct ClaudeSummary {
    session_id: Option<String>,
    model: Option<String>,
    last_action: Option<String>,
    usage: Usage,
    tool_time: ToolTime,
    denied: Vec<DeniedTool>,
    evidence: Evidence,
    /// The last text of the agent itself that is not blank.
    last_text: String,
    /// Whether the agent has worked since its last report.
    working: bool,
    background: Background,
    /// Whether the last line outside the protocol came on standard error.
    complained_on_stderr: bool,
    directory: Option<String>,
    denied_ids: Vec<String>,
}

impl RunSummary for ClaudeSummary {
    fn read(&mut self, line: &str, stderr: bool) {
        let message = if stderr { None } else { Message::parse(line) };
        match message {
            None => self.read_complaint(line, stderr),
            Some(Message::Init { session_id, model, directory, .. }) => {
                self.working = true;
                self.session_id = session_id.or_else(|| self.session_id.take());
                self.model = model.or_else(|| self.model.take());
                self.directory = directory.or_else(|| self.directory.take());
            }
            Some(Message::Assistant { at, blocks, is_api_error: false, is_of_subagent }) => {
                self.working |= !is_of_subagent;
                for block in blocks {
                    match &block {
                        Block::Text(text) if !is_of_subagent => self.last_text.clone_from(text),
                        Block::Call { id, tool, input, .. } => {
                            self.tool_time.call(id, at);
                            self.background.note_stop_call(tool, input);
                        }
                        _ => {}
                    }
                    if let Some(action) = self.action(&block) {
                        self.last_action = Some(action);
                    }
                }
            }
            Some(Message::User { at, blocks, is_of_subagent }) => {
                self.working |= !is_of_subagent;
                for block in &blocks {
                    if let Block::Answer { id, .. } = block {
                        self.tool_time.answer(id, at);
                    }
                }
            }
            Some(Message::Retry { status, error, delay_ms, .. }) => {
                self.working = true;
                let after = status.map_or(error, |status| status.to_string());
                let seconds = delay_ms.div_ceil(1000);
                self.last_action = Some(format!("Retrying after {after} in {seconds} s"));
            }
            Some(Message::RateLimit { state, resets_at, .. }) => {
                self.evidence.limit_reached = state == RateLimit::Reached;
                self.evidence.limit_resets_at = resets_at.filter(|_| self.evidence.limit_reached);
            }
            Some(Message::Background { change, note }) => {
                if let Some(text) = note {
                    self.last_action = Some(one_line(&text, MAX_ACTION));
                }
                self.background.apply(change);
            }
            Some(Message::Note(text)) => self.last_action = Some(one_line(&text, MAX_ACTION)),
            Some(Message::Report(report)) => self.read_report(report),
            Some(Message::Assistant { .. } | Message::Nothing) => {}
        }
    }

    fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    // Between two turns the agent waits for what runs in the background.
    fn last_action(&self) -> Option<String> {
        let mut running = self.background.running();
        match running.next().filter(|_| self.has_succeeded() && !self.working) {
            Some(what) => {
                let more = match running.count() {
                    0 => String::new(),
                    count => format!(" and {count} more"),
                };
                let what = one_line(what, MAX_ACTION - 60);
                Some(format!("Waiting for background command{more}: {what}"))
            }
            None => self.last_action.clone(),
        }
    }

    fn usage(&self) -> Usage {
        Usage { tools_ms: self.tool_time.millis(), ..self.usage }
    }

    fn denied_tools(&self) -> &[DeniedTool] {
        &self.denied
    }

    fn result(&self) -> Option<&str> {
        self.answer()
    }

    fn final_summary(&self) -> Option<String> {
        Some(one_line(&plain_text(self.answer()?), MAX_FINAL_SUMMARY))
    }

    fn has_succeeded(&self) -> bool {
        self.evidence.report.as_ref().is_some_and(|report| report.outcome == Outcome::Done)
    }

    /// The agent has reported its end, has done nothing since, and nothing runs in the background.
    fn is_settled(&self) -> bool {
        self.evidence.report.is_some()
            && !self.working
            && self.background.running().next().is_none()
    }

    fn verdict(&self, ended: Ended) -> Verdict {
        match failure(&self.evidence, ended) {
            Some(failure) => Verdict::Failed { failure },
            None => Verdict::Completed {
                denied_tools: self.denied.clone(),
                notes: self.notes(ended == Ended::Finished),
            },
        }
    }
}

impl ClaudeSummary {
    /// The final answer, if the last report was a success. If the report has no text, the answer is
    /// the last text before it.
    fn answer(&self) -> Option<&str> {
        let report =
            self.evidence.report.as_ref().filter(|report| report.outcome == Outcome::Done)?;
        [&report.text, &self.last_text]
            .into_iter()
            .map(String::as_str)
            .find(|text| !text.trim().is_empty())
    }

    /// What a person should know about a completed run.
    fn notes(&self, did_not_exit: bool) -> Vec<Note> {
        let mut notes = self.background.notes();
        if self.answer().is_none() {
            notes.insert(0, Note::NoAnswer);
        }
        // Last, because a short list should show first what may be missing from the work.
        if did_not_exit {
            notes.push(Note::DidNotExit);
        }
        notes
    }

    fn read_complaint(&mut self, line: &str, stderr: bool) {
        let is_better = stderr || !self.complained_on_stderr;
        if is_better && !line.starts_with(DIAGNOSTIC) {
            let line = one_line(line, MAX_COMPLAINT);
            if !line.is_empty() {
                self.evidence.complaint = line;
                self.complained_on_stderr = stderr;
            }
        }
    }

    /// What the agent does, in a short form: `Bash cargo test`, `Edit src/lib.rs`.
    fn action(&self, block: &Block<'_>) -> Option<String> {
        match block {
            Block::Text(text) => Some(one_line(&plain_text(text), MAX_ACTION)),
            Block::Thinking(_) => Some("Thinking".to_owned()),
            Block::Call { tool, summary, .. } => {
                let relative = self
                    .directory
                    .as_deref()
                    .and_then(|directory| summary.strip_prefix(directory)?.strip_prefix('/'));
                Some(one_line(&format!("{tool} {}", relative.unwrap_or(summary)), MAX_ACTION))
            }
            Block::Answer { .. } => None,
        }
    }

    fn read_report(&mut self, report: Report) {
        let Report { outcome, text, usage, denied } = report;
        self.evidence.report = Some(LastReport { outcome, text });
        self.working = false;
        self.usage = Usage {
            // The CLI reports the cost of the whole session so far.
            cost_usd: usage.cost_usd.or(self.usage.cost_usd),
            turns: sum(self.usage.turns, usage.turns, u32::saturating_add),
            input_tokens: tokens(self.usage.input_tokens, usage.input_tokens),
            output_tokens: tokens(self.usage.output_tokens, usage.output_tokens),
            cache_read_tokens: tokens(self.usage.cache_read_tokens, usage.cache_read_tokens),
            cache_creation_tokens: tokens(
                self.usage.cache_creation_tokens,
                usage.cache_creation_tokens,
            ),
            // As the cost.
            api_ms: usage.api_ms.or(self.usage.api_ms),
            tools_ms: None,
        };
        // A report may repeat the denials of earlier reports.
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
