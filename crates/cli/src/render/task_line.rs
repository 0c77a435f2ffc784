//! A task in one line: what it does now, what it waits for, or how it ended.

use claude_worker_api::{Note, State, SubmittedBy, Task, Timestamp};

use super::figures;
use super::text::clean_line;

/// After this long without output, in milliseconds, the line of a running task says so.
const QUIET_MS: u64 = 120_000;

/// What a task is doing now, what it waits for, or how it ended; one clean line.
#[must_use]
pub fn summary(task: &Task, now: Timestamp) -> String {
    match &task.state {
        State::Waiting { reason } => {
            let mut words = clean_line(&reason.cause());
            match reason.until().map(|until| until.millis_since(now)) {
                None => {}
                Some(0) => words.push_str(", goes on at once"),
                Some(left) => words += &format!(", goes on in {}", figures::short(left)),
            }
            if let Some(tries) = reason.tries() {
                words += &format!(", {tries}");
            }
            words
        }
        State::Pending => "in the queue".to_owned(),
        State::Running { started_at: None, .. } => "starting".to_owned(),
        State::Running { .. } => {
            let action = task.last_action.as_deref().map(clean_line).unwrap_or_default();
            let action = if action.is_empty() { "working".to_owned() } else { action };
            match task.last_output_at.map(|at| now.millis_since(at)) {
                Some(silent) if silent >= QUIET_MS => {
                    format!("silent for {} · {action}", figures::short(silent))
                }
                _ => action,
            }
        }
        State::Completed { denied_tools, notes, .. }
            if denied_tools.is_empty() && !notes.iter().any(Note::is_about_work) =>
        {
            let summary = task.final_summary.as_deref().map(clean_line).unwrap_or_default();
            if summary.is_empty() { "Done".to_owned() } else { summary }
        }
        state => verdict(state),
    }
}

/// How a finished task ended, in one clean line. Empty for an unfinished task.
#[must_use]
pub fn verdict(state: &State) -> String {
    match (state, state.verdict()) {
        (State::Unknown(state), _) => {
            format!("in a state this version does not know: {}", state.name)
        }
        (State::Skipped { reason, .. }, _) => format!("Skipped: {}", clean_line(reason)),
        (_, Some(verdict)) => clean_line(&verdict.describe()),
        (_, None) => String::new(),
    }
}

/// The TIME column: a running clock, or how long ago it ended.
#[must_use]
pub fn time(task: &Task, now: Timestamp) -> String {
    match &task.state {
        State::Running { started_at: Some(at), .. } => figures::clock(now.millis_since(*at)),
        state => state.ended_at().map_or_else(String::new, |at| figures::ago(now.millis_since(at))),
    }
}

/// Who submitted a task, if that was not a program of the user at the local socket.
#[must_use]
pub fn submitted_by(by: &SubmittedBy) -> Option<String> {
    match by {
        SubmittedBy::Local => None,
        SubmittedBy::Owner => Some("over HTTP with the data directory's token".to_owned()),
        SubmittedBy::Token(name) => Some(format!("with the token {}", clean_line(name))),
        SubmittedBy::Browser(name) => Some(format!("in the browser {}", clean_line(name))),
        SubmittedBy::Unknown(name) => Some(format!("by {name}")),
    }
}
