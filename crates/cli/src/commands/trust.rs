//! `trust`: the directories whose settings may be used by tasks that agents ask for.

use std::path::PathBuf;

use claude_worker_api::{ApiError, ErrorCode, TaskApi, Trust, TrustChange, TrustSource};
use claude_worker_client::task_around;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::clean_line;

/// What to trust.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Directories whose .claude and .mcp.json may be used by tasks that agents ask for
    #[arg(value_name = "DIR", required_unless_present = "list")]
    pub directories: Vec<PathBuf>,
    /// Take them off the list
    #[arg(long, conflicts_with = "list")]
    pub remove: bool,
    /// Show what is trusted, here and in Claude Code
    #[arg(long, conflicts_with = "directories")]
    pub list: bool,
}

/// Trusts directories, takes them off the list, or shows it.
///
/// # Errors
/// `forbidden` from inside a task, where no person decides; whatever the engine refuses.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    if args.list {
        return shown(console, &api.trusted().await?);
    }
    if let Some(task) = task_around(api).await? {
        let what =
            format!("Task {task} may not change what is trusted: that is for a person to say");
        let hint = "Run the command outside of a task, in a terminal of your own";
        return Err(ApiError::new(ErrorCode::Forbidden, what).hint(hint).into());
    }
    let mut last = Trust::default();
    for directory in &args.directories {
        last = api.set_trusted(change(directory, !args.remove)?).await?;
        if !console.json {
            let directory = clean_line(&directory.display().to_string());
            console.line(&if args.remove {
                format!("{directory} is no longer trusted. Runs that have begun go on")
            } else {
                format!("{directory} is trusted: runs that begin from now on use its settings")
            })?;
        }
        if let Some(missing) = &last.missing {
            let missing = clean_line(missing);
            console.remark(&format!(
                "But {missing}/.mcp.json counts there too, so that {missing} must be trusted as well: \
                 claude-worker trust {missing}"
            ))?;
        }
    }
    if console.json {
        console.document(&last)?;
    }
    Ok(Exit::Done)
}

fn change(directory: &std::path::Path, trusted: bool) -> Result<TrustChange, CliError> {
    let full = std::path::absolute(directory).map_err(|error| {
        CliError::usage(format!("{}: {error}", directory.display()), "Name a directory")
    })?;
    let directory = full.into_os_string().into_string().map_err(|path| {
        CliError::usage(format!("{} is not UTF-8", path.display()), "Rename the directory")
    })?;
    Ok(TrustChange { directory, trusted })
}

fn shown(console: &mut Console<'_>, trust: &Trust) -> Result<Exit, CliError> {
    if console.json {
        console.document(trust)?;
        return Ok(Exit::Done);
    }
    for directory in &trust.directories {
        let path = clean_line(&directory.path);
        console.line(&match directory.by {
            TrustSource::ClaudeWorker | TrustSource::Unknown(_) => path,
            TrustSource::ClaudeCode => format!("{path}  (in Claude Code)"),
        })?;
    }
    if trust.directories.is_empty() {
        console.remark("No directory is trusted. claude-worker trust DIR changes that")?;
    }
    Ok(Exit::Done)
}
