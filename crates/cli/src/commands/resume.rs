//! `resume`: sends another message in the session of a finished task.

use claude_worker_api::{FollowUp, TaskApi, TaskId};

use super::{newest_run, warn, watch_next};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::prompt;
use crate::stdin;

/// The arguments of `resume`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    pub id: TaskId,
    /// The message: text, a file, or - for standard input, as with `run`
    pub prompt: Option<String>,
    /// Show the log until the task has finished
    #[arg(short, long, conflicts_with = "json")]
    pub watch: bool,
    /// How standard input is used.
    #[command(flatten)]
    pub stdin: stdin::Args,
}

/// Sends the follow-up.
///
/// # Errors
/// `not_found`; `conflict` when the task is not finished or has no session.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let id = args.id;
    let prompt = prompt::resolve(args.prompt.as_deref(), prompt::Kind::Prompt, args.stdin)?;
    let before = if args.watch { newest_run(api, id).await? } else { 0 };
    let task = api.resume(id, FollowUp { prompt, ..FollowUp::default() }).await?;
    warn(console, &task);
    if args.watch {
        console.remark(&format!("Task {id} continues"))?;
        return watch_next(api, console, id, before).await;
    }
    if console.json {
        console.document(&task)?;
    } else {
        console
            .line(&format!("Task {id} continues. Follow it with: claude-worker logs {id} -f"))?;
    }
    Ok(Exit::Done)
}
