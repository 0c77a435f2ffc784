//! `retry`: runs finished tasks again, from the beginning.

use claude_worker_api::TaskApi;

use super::again::{Again, AgainArgs, run_again};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::{self, Exit};
use crate::selection::{Changeable, Selection, resolve};
use crate::shell_env::env_to_send;

const EXAMPLES: &str = "Examples:
  claude-worker retry 2 --wait
  claude-worker retry 2 --model opus --max-turns 60 --wait
  claude-worker retry 2,5 --timeout 1h --wait
  claude-worker retry --failed";

/// The arguments of `retry`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", exit::help()))]
pub struct Args {
    /// The tasks. With --json, one is printed as a task and several as {"tasks": […], "errors": […]}
    #[command(flatten)]
    pub selection: Selection,
    /// How they are run again.
    #[command(flatten)]
    pub again: AgainArgs,
}

/// Puts each task into the queue again.
///
/// # Errors
/// See [`resolve`] and [`run_again`].
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let ids = resolve(api, &args.selection, "retry", Changeable::Finished).await?;
    let changes = args.again.options.changes(api, console).await?;
    let inherited_env = env_to_send(api, console).await?;
    let mut again = Again { changes, message: None, added: None, inherited_env };
    run_again(api, console, (&args.selection, &ids), &args.again, &mut again).await
}
