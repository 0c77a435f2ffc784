//! `pause` and `unpause`: whether the queue starts anything new.

use claude_worker_api::TaskApi;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::words;

/// Pauses the queue or lets it go on.
///
/// # Errors
/// When no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    paused: bool,
) -> Result<Exit, CliError> {
    let queue = api.set_paused(paused).await?;
    if console.json {
        console.document(&queue)?;
    } else {
        let counts = words::counts(&queue.counts);
        console.line(&if queue.paused {
            format!("The queue is paused: nothing new is started ({counts})")
        } else {
            format!("The queue goes on ({counts})")
        })?;
    }
    Ok(Exit::Done)
}
