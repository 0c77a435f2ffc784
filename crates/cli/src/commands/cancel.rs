//! `cancel`: stops tasks, with all their processes.

use claude_worker_api::{State, TaskApi, TaskId};

use super::wait::until_finished;
use super::{Report, each_once, mark_seen};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::ctrl_c;
use crate::render::task_line;

/// The arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tasks
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<TaskId>,
}

/// Asks each task to stop, then waits until their processes have ended. A task that cannot be stopped,
/// or is removed meanwhile, does not stop the others. Ctrl-C ends only the wait.
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
    let mut asked = Vec::new();
    for id in each_once(&args.ids) {
        match api.cancel(id).await {
            Ok(task) => asked.push(task),
            Err(error) => exit = exit.or(report.refuse(console, id, error)),
        }
    }
    let mut interrupted = false;
    for mut task in asked {
        if matches!(task.state, State::Running { .. }) && !interrupted {
            tokio::select! {
                ended = until_finished(api, task.id) => match ended {
                    Ok(detail) => task = detail.task,
                    Err(error) => {
                        exit = exit.or(report.refuse(console, task.id, error));
                        continue;
                    }
                },
                () = ctrl_c() => interrupted = true,
            }
        }
        if !console.json {
            let id = task.id;
            console.line(&match &task.state {
                State::Running { .. } => format!("Task {id} is stopping"),
                State::Cancelled { .. } => format!("Task {id} is cancelled"),
                // It ended before the cancel reached it.
                other => format!("Task {id} had already ended: {}", task_line::verdict(other)),
            })?;
        }
        report.tasks.push(task);
    }
    mark_seen(api, console, &report.tasks.iter().collect::<Vec<_>>()).await;
    if console.json {
        console.document(&report)?;
    }
    Ok(if interrupted { Exit::Interrupted } else { exit })
}
