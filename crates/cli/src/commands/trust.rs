//! `trust`: the directories whose settings may be used by tasks that agents submit.

use std::path::{Path, PathBuf};

use claude_worker_api::{ApiError, ErrorCode, TaskApi, Trust, TrustChange, TrustSource};
use claude_worker_client::{engine_is_elsewhere, surrounding_task};
use claude_worker_paths::{shell_word, user_home};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::clean_line;

/// The arguments of `trust`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Directories whose .claude and .mcp.json may be used by tasks that agents submit
    #[arg(value_name = "DIR", required_unless_present = "list")]
    pub directories: Vec<PathBuf>,
    /// Stop trusting them
    #[arg(long, conflicts_with = "list")]
    pub remove: bool,
    /// List the directories that are trusted here and in Claude Code
    #[arg(long, conflicts_with = "directories")]
    pub list: bool,
    /// Trust the root directory, the home directory or one above it without asking
    #[arg(short, long, conflicts_with_all = ["list", "remove"])]
    pub yes: bool,
}

/// Trusts directories, stops trusting them, or lists them.
///
/// # Errors
/// `forbidden` inside a task, where no person decides; a usage error for a directory that contains the
/// home directory, when there is no terminal to ask at; errors of the engine.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    if args.list {
        return shown(console, &api.trusted().await?);
    }
    if let Some(task) = surrounding_task(api).await? {
        let what =
            format!("Task {task} may not change which directories are trusted: only a person may");
        let hint = "Run the command in a terminal, outside of a task";
        return Err(ApiError::new(ErrorCode::Forbidden, what).hint(hint).into());
    }
    if !args.remove && !args.yes && !may_trust(console, &args.directories, user_home())? {
        console.remark("Nothing was trusted")?;
        return Ok(Exit::Failed);
    }
    let mut last = Trust::default();
    for directory in &args.directories {
        last = api.set_trusted(change(api, directory, !args.remove).await?).await?;
        if !console.json {
            let directory = clean_line(&directory.display().to_string());
            console.line(&if args.remove {
                format!("{directory} is no longer trusted. Runs that have started continue")
            } else {
                format!("{directory} is trusted: runs that start from now on use its settings")
            })?;
        }
        if let Some(missing) = &last.missing {
            let word = clean_line(&shell_word(missing));
            let missing = clean_line(missing);
            console.remark(&format!(
                "But {missing}/.mcp.json applies there too, so {missing} must be trusted as well: \
                 claude-worker trust {word}"
            ))?;
        }
    }
    if console.json {
        console.document(&last)?;
    }
    Ok(Exit::Done)
}

/// Whether these may be trusted. A directory that contains the home directory needs a confirmation,
/// because not everything below it is the user's own work.
fn may_trust(
    console: &mut Console<'_>,
    directories: &[PathBuf],
    home: Option<PathBuf>,
) -> Result<bool, CliError> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let home = home.map_or_else(|| PathBuf::from("/"), |home| real(&home));
    for directory in directories.iter().filter(|directory| home.starts_with(real(directory))) {
        let shown = directory.display();
        if !console.can_ask() {
            return Err(CliError::usage(
                format!("{shown} contains your home directory, and there is no terminal to ask at"),
                "Nothing was trusted. Name the directory of a project, or add --yes",
            ));
        }
        let question = format!(
            "{shown} contains your home directory: everything below it that has no settings of its own \
             would be trusted too, no matter who put it there. Trust it?"
        );
        if !console.confirm(&question)? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn change(
    api: &impl TaskApi,
    directory: &Path,
    trusted: bool,
) -> Result<TrustChange, CliError> {
    if !directory.is_absolute() && engine_is_elsewhere(api).await? {
        return Err(CliError::usage(
            format!("{} is relative, and the engine is on another machine", directory.display()),
            "Name the directory there, from the root on",
        ));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_engine::{Look, Written};

    #[test]
    fn only_directories_that_contain_the_home_directory_need_a_confirmation() {
        let place = tempfile::tempdir().unwrap();
        let home = place.path().join("home");
        let (shop, link) = (home.join("shop"), place.path().join("link"));
        std::fs::create_dir_all(&shop).unwrap();
        std::os::unix::fs::symlink(&home, &link).unwrap();
        for (directory, asks) in [
            (Path::new("/"), true),
            (place.path(), true),
            (&home, true),
            (&link, true),
            (&shop.join(".."), true),
            (&shop, false),
            (&home.join("gone"), false),
        ] {
            let answers = |answer: Option<&str>| {
                let mut written = Written::new();
                let mut console = written.console(Look::Terminal);
                let mut asked = false;
                let mut ask = || {
                    asked = true;
                    Ok(answer.unwrap_or_default().to_owned())
                };
                if answer.is_some() {
                    console.ask = Some(&mut ask);
                }
                let may = may_trust(&mut console, &[directory.to_owned()], Some(home.clone()));
                (may.map_err(|error| error.exit()).ok(), asked)
            };
            let shown = directory.display();
            assert_eq!(answers(Some("y\n")), (Some(true), asks), "{shown}");
            assert_eq!(answers(Some("n\n")), (Some(!asks), asks), "{shown}");
            assert_eq!(answers(None), ((!asks).then_some(true), false), "{shown}");
        }
    }
}
