//! `remove`: tasks with all their output.

use claude_worker_api::{TaskApi, TaskId};

use super::Report;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

/// The arguments of `remove`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tasks
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<TaskId>,
}

/// Removes each task; one that cannot be removed does not keep the others from it.
///
/// # Errors
/// When the output cannot be written. What the engine refuses is reported per task.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let mut report = Report::default();
    let mut exit = Exit::Done;
    for id in &args.ids {
        match api.remove(*id).await {
            Ok(()) => {
                if !console.json {
                    console.line(&format!("Task {id} is removed"))?;
                }
                report.removed.push(*id);
            }
            Err(error) => exit = exit.or(report.refuse(console, *id, error)),
        }
    }
    if console.json {
        console.document(&report)?;
    }
    Ok(exit)
}
