//! The result of a run that is not the newest, or while the task has another one before it. The engine keeps only
//! the newest result, so this one is read from the run's output.

use claude_worker_agents::can;
use claude_worker_api::{
    ApiError, Capability, ErrorCode, RunOutcome, State, TaskApi, TaskDetail, Verdict,
};

use super::document::Document;
use super::{show, whole};
use crate::commands::logs;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::task_line;

/// Prints the result; the exit code is the outcome of the run.
///
/// # Errors
/// `not_found` when there is no such run, or its output was deleted; `conflict` when it has not ended.
pub(super) async fn print(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    detail: TaskDetail,
    number: u32,
) -> Result<Exit, CliError> {
    let (id, agent) = (detail.task.id, detail.task.agent);
    let run = logs::run_in(detail, number)?;
    let Some(outcome) = run.outcome else {
        let problem = format!("Run {number} of task {id} has not ended, so it has no result yet");
        return Err(ApiError::new(ErrorCode::Conflict, problem)
            .hint(format!("Wait for it: claude-worker wait {id}"))
            .into());
    };
    if run.output_deleted {
        let problem = format!("The output of run {number} of task {id} was deleted");
        return Err(ApiError::new(ErrorCode::NotFound, problem)
            .hint("The setting caps.output_total says how much output is kept")
            .into());
    }
    let state = state(outcome);
    let exit = Exit::of_state(&state);
    let is_command = can(agent, Capability::CommandLine);
    let result = if is_command { None } else { whole(api, id, Some(run.id.clone())).await? };
    if console.json {
        let document = Document { id, run: Some(number), state, truncated: false, result };
        if is_command {
            document.print_with_output(api, console, Some(run.id)).await?;
        } else {
            console.document(&document)?;
        }
        return Ok(exit);
    }
    match result.filter(|result| !result.is_empty()) {
        _ if is_command => logs::whole_output(api, console, id, Some(run.id)).await?,
        Some(result) => show(console, &result)?,
        None => console.notice(&format!("Run {number} of task {id} has no result")),
    }
    if exit != Exit::Done {
        console.notice(&task_line::verdict(&state));
    }
    Ok(exit)
}

/// The state of a task that has ended with this run.
fn state(outcome: RunOutcome) -> State {
    let ended_at = outcome.ended_at;
    match outcome.verdict {
        Verdict::Completed { denied_tools, notes } => {
            State::Completed { ended_at, denied_tools, notes }
        }
        Verdict::Failed { failure } => State::Failed { ended_at, failure },
        Verdict::Cancelled => State::Cancelled { ended_at },
        Verdict::Unknown(verdict) => State::Unknown(verdict),
    }
}
