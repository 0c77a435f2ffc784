//! `retry`: runs finished tasks again, from the beginning.

use claude_worker_api::TaskApi;

use super::again::{Again, run_again};
use super::outcome::Then;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::{self, Exit};
use crate::selection::{Changeable, Selection, resolve};
use crate::shell_env::inherited_env;
use crate::task_options::TaskOptions;

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
    /// Show the log until the task has finished; for one task only
    #[arg(short, long, conflicts_with = "json")]
    pub watch: bool,
    /// Wait until the tasks have finished, and exit with the code of the outcome; of one task, print the
    /// result
    #[arg(long, conflicts_with = "watch")]
    pub wait: bool,
    /// Retry all finished tasks without asking; required without a terminal
    #[arg(short, long)]
    pub yes: bool,
    /// What is changed in the tasks first, for this run and later ones.
    #[command(flatten)]
    pub options: TaskOptions,
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
    let changes = args.options.changes(api).await?;
    let again = Again { changes, message: None, inherited_env: inherited_env(api).await? };
    let then = Then::of(args.watch, args.wait);
    run_again(api, console, (&args.selection, &ids), args.yes, &again, then).await
}
