//! `export`: tasks as JSON lines.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use claude_worker_api::{ErrorCode, TaskApi, TaskQuery};
use claude_worker_os::files::create_anew;

use super::refuse_line;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::figures::plural;
use crate::render::text::escape_json;
use crate::selection::{Changeable, Selection, resolve};

const EXAMPLES: &str = "Examples:
  claude-worker export --output tasks.jsonl
  claude-worker export --failed";

/// The arguments of `export`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The tasks; without any, all of them
    #[command(flatten)]
    pub selection: Selection,
    /// Write to this file instead of standard output; one that exists is replaced
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Writes one line for each task: the request, its runs and the result, as `status --json` shows them. The
/// values of variables are never among them.
///
/// # Errors
/// See [`resolve`]; when the output cannot be written. A task that is not there is reported.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let ids = resolve(api, &args.selection.or_all(), "export", Changeable::Every).await?;
    let mut file = match &args.output {
        None => None,
        Some(path) => Some(BufWriter::new(create(path)?)),
    };
    let mut exit = Exit::Done;
    let mut written = 0;
    for id in ids {
        let detail = match api.get(id, TaskQuery::default()).await {
            Ok(detail) => detail,
            Err(error) if error.code == ErrorCode::NotFound => {
                exit = exit.or(refuse_line(console, ("id", id), &error)?);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        match &mut file {
            None => console.document(&detail)?,
            Some(file) => {
                let line = serde_json::to_string(&detail).unwrap_or_default();
                writeln!(file, "{}", escape_json(&line))?;
            }
        }
        written += 1;
    }
    if let (Some(mut file), Some(path)) = (file, &args.output) {
        file.flush()?;
        let what = plural(written, "task");
        console.remark(&format!("Wrote {what} to {}", path.display()))?;
    }
    Ok(exit)
}

/// A new file that only its owner can read, because prompts and answers may be private: it takes the place of
/// one with other permissions. A pipe or device is written to.
fn create(path: &Path) -> Result<File, CliError> {
    let is_other = path.metadata().is_ok_and(|found| !found.is_file());
    let made = if is_other { OpenOptions::new().write(true).open(path) } else { create_anew(path) };
    made.map_err(|error| {
        CliError::usage(
            format!("Cannot write {}: {error}", path.display()),
            "Choose another file, or leave --output out",
        )
    })
}
