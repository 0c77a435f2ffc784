//! `remove`: removes tasks with all their output.

use claude_worker_api::{Task, TaskApi, TaskQuery};

use super::Report;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::figures::plural;
use crate::render::table;
use crate::selection::{Changeable, Selection, resolve};

/// The arguments of `remove`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tasks.
    #[command(flatten)]
    pub selection: Selection,
    /// Show what would be removed, and remove nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Remove several without asking; without a terminal, only all, or all of a status, need it
    #[arg(short, long)]
    pub yes: bool,
}

/// Removes each task. An error of one task does not stop the others. At a terminal, several are listed
/// first and a question is asked.
///
/// # Errors
/// See [`resolve`]; a usage error for all tasks without a terminal and without `--yes`. What the engine
/// refuses is reported per task.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let mut ids = resolve(api, &args.selection, "remove", Changeable::Every).await?;
    if ids.is_empty() {
        console.remark("There is no such task to remove")?;
    }
    if args.selection.is_wide()
        && !ids.is_empty()
        && !(args.dry_run || args.yes || console.can_ask())
    {
        let what = plural(ids.len() as u64, "task");
        return Err(CliError::usage(
            format!("This would remove {what}, and there is no terminal to ask at"),
            "Add --yes to remove them without a question; --dry-run shows them",
        ));
    }
    let mut report = Report::default();
    let mut exit = Exit::Done;
    let asks = ids.len() > 1 && !args.yes && console.can_ask();
    if args.dry_run || asks {
        for id in std::mem::take(&mut ids) {
            match api.get(id, TaskQuery::default()).await {
                Ok(detail) => report.tasks.push(detail.task),
                Err(error) => exit = exit.or(report.refuse(console, id, error)),
            }
        }
        if args.dry_run && console.json {
            report.would_remove = report.tasks.iter().map(|task| task.id).collect();
            console.document(&report)?;
            return Ok(exit);
        }
        let tasks: Vec<Task> = std::mem::take(&mut report.tasks);
        if !tasks.is_empty() {
            let (now, page, paint) = (console.now(), console.width(), console.view.paint);
            console.remark(table::tasks(&tasks, now, page, paint).trim_end())?;
        }
        if args.dry_run {
            console.remark(super::DRY_RUN)?;
        }
        if args.dry_run || tasks.is_empty() {
            return Ok(exit);
        }
        let what = plural(tasks.len() as u64, "task");
        if !console.confirm(&format!("Remove {what} with all output?"))? {
            console.remark("Nothing was removed")?;
            return Ok(exit.or(Exit::Failed));
        }
        ids.extend(tasks.iter().map(|task| task.id));
    }
    for id in ids {
        match api.remove(id).await {
            Ok(()) => {
                if !console.json {
                    console.line(&format!("Task {id} is removed"))?;
                }
                report.removed.push(id);
            }
            Err(error) => exit = exit.or(report.refuse(console, id, error)),
        }
    }
    if console.json {
        console.document(&report)?;
    }
    Ok(exit)
}
