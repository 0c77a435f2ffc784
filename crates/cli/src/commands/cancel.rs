//! `cancel`: stops tasks, with everything they started.

use claude_worker_api::{State, TaskApi, TaskId};

use super::Report;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

/// The arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tasks
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<TaskId>,
}

/// Asks each task to stop; one that cannot be stopped does not keep the others from it.
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
        match api.cancel(*id).await {
            Ok(task) => {
                if !console.json {
                    console.line(&match task.state {
                        State::Running { .. } => format!("Task {id} is stopping"),
                        _ => format!("Task {id} is cancelled"),
                    })?;
                }
                report.tasks.push(task);
            }
            Err(error) => exit = exit.or(report.refuse(console, *id, error)),
        }
    }
    if console.json {
        console.document(&report)?;
    }
    Ok(exit)
}
