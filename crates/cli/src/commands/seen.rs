//! `seen`: marks finished tasks as seen by a person.

use claude_worker_api::{ApiError, ListQuery, SeenQuery, TaskApi, TaskId};

use super::Report;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::figures::plural;
use crate::selection::{Changeable, Selection, resolve};

/// Ids per request.
const LARGEST_REQUEST: usize = 1000;

/// The arguments of `seen`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tasks.
    #[command(flatten)]
    pub selection: Selection,
}

/// Marks the tasks. One that does not exist or has not finished is reported, and does not stop the others.
///
/// # Errors
/// See [`resolve`]; when no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let ids = resolve(api, &args.selection, "seen", Changeable::Finished).await?;
    let mut report = Report::default();
    let mut exit = Exit::Done;
    for ids in ids.chunks(LARGEST_REQUEST) {
        let query = ListQuery { ids: ids.to_vec(), ..ListQuery::default() };
        let found = api.list(query).await?.tasks;
        let mut finished: Vec<TaskId> = Vec::new();
        for id in ids {
            match found.iter().find(|task| task.id == *id) {
                None => exit = exit.or(report.refuse(console, *id, ApiError::no_task(*id))),
                Some(task) if !task.state.is_finished() => {
                    let error = ApiError::conflict(format!("Task {id} has not finished"))
                        .hint(format!("Wait for it with: claude-worker wait {id}"));
                    exit = exit.or(report.refuse(console, *id, error));
                }
                Some(task) => {
                    finished.push(*id);
                    report.tasks.push(task.clone());
                }
            }
        }
        if !finished.is_empty() {
            api.seen(SeenQuery { ids: finished }).await?;
        }
    }
    for task in &mut report.tasks {
        task.unseen = false;
    }
    if console.json {
        console.document(&report)?;
    } else if exit == Exit::Done || !report.tasks.is_empty() {
        let what = plural(report.tasks.len() as u64, "task");
        console.line(&format!("Marked {what} as seen"))?;
    }
    Ok(exit)
}
