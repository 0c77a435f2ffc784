//! `status`: shows one task in full, or the queue.

use claude_worker_api::{ListQuery, Status, TaskApi, TaskId, TaskQuery};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::{detail, table};

/// The arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task; without it, the queue is shown
    pub id: Option<TaskId>,
}

/// Shows the status.
///
/// # Errors
/// `not_found`; when no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let paint = console.view.paint;
    if let Some(id) = args.id {
        let task = api.get(id, TaskQuery::default()).await?;
        if console.json {
            console.document(&task)?;
        } else {
            let text = detail::task(&task, console.now(), console.width(), paint);
            console.print(&text)?;
            super::mark_seen(api, console, &[&task.task]).await;
        }
        return Ok(Exit::Done);
    }
    let info = api.engine().await?;
    if console.json {
        console.document(&info)?;
        return Ok(Exit::Done);
    }
    let overview = detail::overview(&info, console.now(), paint);
    console.print(&overview)?;
    if info.queue.counts.running + info.queue.counts.waiting > 0 {
        let statuses = vec![Status::Running, Status::Waiting];
        let page = api.list(ListQuery { statuses, ..ListQuery::default() }).await?;
        let table = table::tasks(&page.tasks, console.now(), console.width(), paint);
        console.print(&format!("\n{table}"))?;
    }
    Ok(Exit::Done)
}
