//! `retry`: a finished task once more, from the beginning.

use claude_worker_api::{TaskApi, TaskId};

use super::{newest_run, watch_next};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

/// The arguments of `retry`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    pub id: TaskId,
    /// Show what happens until it has finished
    #[arg(short, long, conflicts_with = "json")]
    pub watch: bool,
}

/// Puts the task into the queue again.
///
/// # Errors
/// `not_found`; `conflict` when it is not finished.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let id = args.id;
    let before = if args.watch { newest_run(api, id).await? } else { 0 };
    let task = api.retry(id).await?;
    if args.watch {
        return watch_next(api, console, id, before).await;
    }
    if console.json {
        console.document(&task)?;
    } else {
        console.line(&format!("Task {id} is in the queue again"))?;
    }
    Ok(Exit::Done)
}
