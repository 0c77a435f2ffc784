//! `diff`: prints what a task changed, as a patch.

use claude_worker_api::{PatchQuery, TaskApi};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::{clean, clean_line};
use crate::render::{Paint, Tone};
use crate::selection::{OneTask, resolve_one};

const EXAMPLES: &str = "Examples:
  claude-worker diff last
  claude-worker diff last | git apply";

/// The arguments of `diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The task: a number, or last for the newest
    #[arg(value_name = "ID")]
    pub task: OneTask,
    /// One file, as `changes` names it, instead of all
    #[arg(value_name = "FILE")]
    pub file: Option<String>,
}

/// Prints the patch, for `git apply`; in colour on a terminal.
///
/// # Errors
/// `not_found` (task, or file that it did not change); when no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let id = resolve_one(api, args.task).await?;
    let patch = api.patch(id, PatchQuery { path: args.file.clone() }).await?;
    if console.json {
        console.document(&patch)?;
        return Ok(Exit::Done);
    }
    if console.view.terminal {
        // A hostile text stays within its line, and every line keeps its sign.
        for line in patch.patch.lines() {
            let safe = clean(line);
            console.line(&coloured(&safe, console.view.paint))?;
        }
    } else {
        console.print(&patch.patch)?;
    }
    if !patch.left_out.is_empty() {
        let names: Vec<_> = patch.left_out.iter().map(|name| clean_line(name)).collect();
        console.notice(&format!(
            "Not in the patch, because they are binary or too large: {}",
            names.join(", ")
        ));
    } else if patch.patch.is_empty() {
        console.notice(&format!("Task {id} changed no files"));
    }
    Ok(Exit::Done)
}

/// A line of a patch in the colours of `git diff`.
fn coloured(line: &str, paint: Paint) -> String {
    let tone = match line.as_bytes() {
        [b'+', b'+', b'+', b' ', ..] | [b'-', b'-', b'-', b' ', ..] => Tone::Strong,
        [b'd', b'i', b'f', b'f', b' ', ..] => Tone::Strong,
        [b'@', b'@', ..] => Tone::Running,
        [b'+', ..] => Tone::Good,
        [b'-', ..] => Tone::Bad,
        _ => Tone::Plain,
    };
    paint.tone(tone, line)
}
