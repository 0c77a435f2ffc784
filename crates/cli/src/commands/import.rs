//! `import`: takes over the tasks of the Python claude-worker.

use std::path::{Path, PathBuf};

use claude_worker_api::{ApiError, ImportTasks, ImportedTasks, TaskApi};
use claude_worker_paths::{Paths, user_home};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::figures::plural;
use crate::render::text::clean_line;

const WHAT_HAPPENS: &str = "Finished tasks are added to the history and never run. Tasks that were \
                            running are added as lost. The file is only read, and importing it twice \
                            adds nothing twice.";

/// The arguments of `import`.
#[derive(Debug, clap::Args)]
#[command(after_help = WHAT_HAPPENS)]
pub struct Args {
    /// The database; by default python-tasks.db in the data directory, or ~/.claude-cto/tasks.db
    pub file: Option<PathBuf>,
    /// Also queue tasks that had not been started
    #[arg(long)]
    pub queue: bool,
    /// Show what would be imported, and import nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Imports the tasks and prints how many there were.
///
/// # Errors
/// When no engine answers; when the file cannot be read, or is none of the Python claude-worker.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let file = match &args.file {
        Some(file) => absolute(file)?,
        None => match usual_file() {
            Some(file) => file,
            None => {
                // If the old file is still where the engine's own belongs, the engine says how to move it.
                api.engine().await?;
                return Err(CliError::usage(
                    "There is no database of the Python claude-worker at the usual places",
                    "Name it: claude-worker import FILE",
                ));
            }
        },
    };
    let file = file.to_string_lossy().into_owned();
    let import = ImportTasks { file, queue: args.queue, dry_run: args.dry_run };
    let imported = api.import(import).await?;
    if console.json {
        console.document(&imported)?;
    } else {
        show(console, &imported)?;
    }
    Ok(if imported.skipped > 0 { Exit::Failed } else { Exit::Done })
}

fn absolute(file: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(file)
        .map_err(|error| ApiError::invalid(format!("{}: {error}", file.display())).into())
}

/// The first database that is there.
fn usual_file() -> Option<PathBuf> {
    let beside = Paths::from_env().ok().map(|paths| paths.home.join("python-tasks.db"));
    let later = user_home().map(|home| home.join(".claude-cto/tasks.db"));
    beside.into_iter().chain(later).find(|file| file.is_file())
}

fn show(console: &mut Console<'_>, imported: &ImportedTasks) -> Result<(), CliError> {
    let verb = if imported.dry_run { "Would import" } else { "Imported" };
    let all = imported.finished + imported.interrupted;
    let mut line = format!("{verb} {} into the history", plural(all, "task"));
    if imported.interrupted > 0 {
        line += &format!(", {} of them as lost, because they were running", imported.interrupted);
    }
    console.line(&line)?;
    if imported.queued > 0 {
        let verb = if imported.dry_run { "Would queue" } else { "Queued" };
        console.line(&format!("{verb} {}", plural(imported.queued, "task")))?;
    }
    if imported.known > 0 {
        console.remark(&format!("{} had been imported before", plural(imported.known, "task")))?;
    }
    if imported.left_out > 0 {
        let what = plural(imported.left_out, "task");
        console
            .remark(&format!("Left out {what} that had not been started; --queue queues them"))?;
    }
    if imported.skipped > 0 {
        console.remark(&format!("Skipped {}:", plural(imported.skipped, "task")))?;
        for problem in &imported.problems {
            console.remark(&format!("  {}", clean_line(problem)))?;
        }
    }
    Ok(())
}
