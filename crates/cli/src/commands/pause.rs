//! `pause` and `unpause`: whether the queue starts new tasks.

use claude_worker_api::{Pause, TaskApi};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

/// Pauses the queue, or ends the pause.
///
/// # Errors
/// When no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    paused: bool,
) -> Result<Exit, CliError> {
    let queue = api.set_paused(Pause { paused }).await?;
    if console.json {
        console.document(&queue)?;
    } else {
        let counts = queue.counts.describe();
        console.line(&if queue.paused {
            format!("The queue is paused: no new tasks are started ({counts})")
        } else {
            format!("The queue is no longer paused ({counts})")
        })?;
    }
    Ok(Exit::Done)
}
