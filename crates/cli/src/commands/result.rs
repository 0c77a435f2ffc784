//! `result`: prints the whole result of a task, alone on standard output.

mod document;
mod earlier;

use claude_worker_agents::can;
use claude_worker_api::{
    ApiError, Capability, ErrorCode, OutputQuery, RunId, TaskApi, TaskDetail, TaskId, TaskQuery,
};
use claude_worker_client::Reconnect;
use document::Document;

use super::logs;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::{self, Exit};
use crate::render::task_line;
use crate::render::text::clean;
use crate::selection::{OneTask, resolve_one};
use crate::transcript::CHUNK;
use crate::transcript::last_lines::line_start;

/// The engine keeps up to 1 MiB of a result. A longer one is in the log.
const KEPT: usize = 1024 * 1024 - 1024;
/// Among how many lines at the end of the log the result is looked for.
const LAST_LINES: u32 = 200;

/// The arguments of `result`.
#[derive(Debug, clap::Args)]
#[command(after_help = "For a shell command, the result is all its output. Where the output was deleted, it is \
    the part that the engine keeps, and --json has \"truncated\": true. Without a task, a terminal shows the \
    newest one's; elsewhere name it: claude-worker result last", after_long_help = exit::help())]
pub struct Args {
    /// The task: a number, or last for the newest
    #[arg(value_name = "ID")]
    pub task: Option<OneTask>,
    /// The run with this number instead of the newest
    #[arg(long, value_name = "N")]
    pub run: Option<u32>,
}

/// Prints the result; the exit code is the task's outcome.
///
/// # Errors
/// `not_found`; `conflict` when the task, or the run that was asked for, has not finished; a usage error without
/// a task where standard output is no terminal.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let id = match args.task {
        Some(task) => resolve_one(api, task).await?,
        None if console.view.terminal => super::newest_named(api, console, "result").await?,
        // An empty variable leaves no word: `result $id` would print the result of another task.
        None => {
            return Err(CliError::usage(
                "result needs to know which task",
                "Name the task: claude-worker result last",
            ));
        }
    };
    let mut detail = api.get(id, TaskQuery::default()).await?;
    let newest = detail.run_history.last().map(|run| run.number);
    if let Some(number) = args.run
        && (Some(number) != newest || !detail.task.state.is_finished())
    {
        return earlier::print(api, console, detail, number).await;
    }
    let exit = Exit::of_state(&detail.task.state);
    if !detail.task.state.is_finished() {
        let status = detail.task.state.status().name();
        let ended = detail.run_history.iter().rev().find(|run| run.outcome.is_some());
        let (problem, hint) = match ended.map(|run| run.number) {
            None => (
                format!("Task {id} is {status}, so it has no result yet"),
                format!("Wait for it: claude-worker wait {id}"),
            ),
            Some(before) => (
                format!("Task {id} is {status} again, and its new run has no result yet"),
                format!(
                    "Wait for it: claude-worker wait {id}. The result before: claude-worker result {id} \
                     --run {before}"
                ),
            ),
        };
        return Err(ApiError::new(ErrorCode::Conflict, problem).hint(hint).into());
    }
    let is_command = can(detail.task.agent, Capability::CommandLine);
    let last_run = detail.run_history.last();
    let deleted = last_run.is_some_and(|run| run.output_deleted);
    let kept = detail.result.as_ref().map_or(0, String::len);
    let mut truncated = false;
    if is_command {
        // The last line end is not kept.
        truncated = deleted && last_run.is_some_and(|run| run.output_bytes > kept as u64 + 1);
    } else if kept >= KEPT {
        let found = if deleted { None } else { whole(api, id, None).await? };
        truncated = found.is_none();
        detail.result = found.or(detail.result);
    }
    if truncated {
        let why = if deleted { "was deleted" } else { "does not have the whole result at its end" };
        console.notice(&format!(
            "The output of task {id} {why}: this is only the part that the engine keeps"
        ));
    }
    if console.json {
        let TaskDetail { task, result, .. } = detail;
        let document = Document { id, run: args.run, state: task.state, truncated, result };
        if is_command && !deleted {
            document.print_with_output(api, console, None).await?;
        } else {
            console.document(&document)?;
        }
        return Ok(exit);
    }
    match detail.result.as_deref() {
        _ if is_command && !deleted => logs::whole_output(api, console, id, None).await?,
        Some(result) if !result.is_empty() => show(console, result)?,
        _ => console.notice(&format!("Task {id} has no result")),
    }
    if exit != Exit::Done {
        console.notice(&task_line::verdict(&detail.task.state));
    }
    super::mark_seen(api, console, &[&detail.task]).await;
    Ok(exit)
}

fn show(console: &mut Console<'_>, result: &str) -> Result<(), CliError> {
    // Control characters are replaced for a terminal, and stay for a program.
    let shown = if console.view.terminal { clean(result) } else { result.into() };
    console.line(shown.trim_end_matches('\n'))
}

/// The result as the agent printed it in this run, or the newest; `None` when it is not found at the end of the
/// log.
async fn whole(
    api: &impl TaskApi,
    id: TaskId,
    run: Option<RunId>,
) -> Result<Option<String>, ApiError> {
    let reconnect = Reconnect::while_following();
    let mut query = OutputQuery { run, limit: Some(CHUNK), ..OutputQuery::default() };
    query.offset = line_start(api, &reconnect, id, &query, LAST_LINES).await?;
    let mut end = Vec::new();
    loop {
        let chunk = reconnect.call(|| api.output(id, query.clone())).await?;
        let is_last = chunk.end || chunk.bytes.is_empty();
        end.extend_from_slice(&chunk.bytes);
        query = OutputQuery { run: chunk.run, offset: chunk.next, ..query };
        if is_last {
            break;
        }
    }
    Ok(end.split(|byte| *byte == b'\n').rev().find_map(result_in))
}

/// The result in this line of the agent's output, if it is the report of one.
fn result_in(line: &[u8]) -> Option<String> {
    let mut line: serde_json::Value = serde_json::from_slice(line).ok()?;
    match line.get("type")?.as_str()? {
        "result" => match line.get_mut("result")?.take() {
            serde_json::Value::String(result) => Some(result),
            _ => None,
        },
        _ => None,
    }
}
