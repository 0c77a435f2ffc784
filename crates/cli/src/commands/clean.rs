//! `clean`: removes finished tasks.

use std::time::Instant;

use claude_worker_api::{CleanQuery, Cleaned, TaskApi, parse_duration};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::figures::plural;
use crate::render::table;
use crate::selection::{FinishedFilter, finished_status};

const SEEN: &str = "A task counts as seen once its end was shown to you: by status, logs, wait, \
                    run --watch or cancel at a terminal, or in the app, or marked with seen. Unseen tasks are \
                    kept unless --unseen is given.";

/// The arguments of `clean`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = SEEN,
    mut_arg("status", |status| status.short('s').value_parser(finished_status()))
)]
pub struct Args {
    /// Which tasks by their status.
    #[command(flatten)]
    pub status: FinishedFilter,
    /// Only tasks that ended at least this long ago, like 7d
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub older_than: Option<u64>,
    /// Also tasks that you have not seen since they finished
    #[arg(long, alias = "all")]
    pub unseen: bool,
    /// Show what would be removed, and remove nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Remove without asking; required without a terminal
    #[arg(short, long)]
    pub yes: bool,
}

/// Lists the tasks, asks, removes them and prints how many there were.
///
/// # Errors
/// When no engine answers; a usage error without a terminal and without `--yes`.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let mut query = CleanQuery {
        statuses: args.status.statuses(),
        older_than_ms: args.older_than.unwrap_or(0),
        unseen: args.unseen,
        dry_run: true,
    };
    if args.dry_run {
        let found = api.clean(query).await?;
        if console.json {
            console.document(&found)?;
        } else {
            if show(console, &found)? > 0 {
                console.remark(super::DRY_RUN)?;
            }
        }
        return Ok(Exit::Done);
    }
    if !args.yes {
        if !console.can_ask() {
            return Err(CliError::usage(
                "clean asks before it removes tasks, and there is no terminal to ask at",
                "Add --yes to remove without asking; --dry-run shows what would be removed",
            ));
        }
        let looked = Instant::now();
        let found = api.clean(query.clone()).await?;
        let count = show(console, &found)?;
        if count == 0 {
            return Ok(Exit::Done);
        }
        let what = plural(count, "finished task");
        if !console.confirm(&format!("Remove {what} with all output?"))? {
            console.remark("Nothing was removed")?;
            return Ok(Exit::Failed);
        }
        // Tasks that have ended since were not listed.
        let since = u64::try_from(looked.elapsed().as_millis()).unwrap_or(u64::MAX);
        query.older_than_ms = query.older_than_ms.saturating_add(since);
    }
    query.dry_run = false;
    let cleaned = api.clean(query).await?;
    if console.json {
        console.document(&cleaned)?;
        return Ok(Exit::Done);
    }
    console.line(&match cleaned.removed {
        0 => "Nothing to remove".to_owned(),
        removed => format!("Removed {}", plural(removed, "finished task")),
    })?;
    // It was printed before the question.
    if args.yes {
        kept(console, cleaned.kept_unseen)?;
    }
    Ok(Exit::Done)
}

/// Lists what would be removed and returns how many tasks that are.
fn show(console: &mut Console<'_>, found: &Cleaned) -> Result<u64, CliError> {
    let count = found.would_remove.unwrap_or(0);
    if count == 0 {
        console.remark("Nothing to remove")?;
    } else {
        let (now, page, paint) = (console.now(), console.width(), console.view.paint);
        console.remark(table::tasks(&found.tasks, now, page, paint).trim_end())?;
        let more = count.saturating_sub(found.tasks.len() as u64);
        if more > 0 {
            console.remark(&format!("  and {more} more"))?;
        }
    }
    kept(console, found.kept_unseen)?;
    Ok(count)
}

/// Prints how many tasks are kept because they are unseen.
fn kept(console: &mut Console<'_>, kept: u64) -> Result<(), CliError> {
    if kept == 0 {
        return Ok(());
    }
    let what = plural(kept, "finished task");
    let them = if kept == 1 { "it" } else { "them" };
    console.remark(&format!("Kept {what} that you have not seen. --unseen removes {them} too"))
}
