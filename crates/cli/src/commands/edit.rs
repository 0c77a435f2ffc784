//! `edit`: changes a task that has not begun.

mod editor;

use claude_worker_api::{Edit, TaskApi, TaskChanges, TaskQuery};

use super::run::shell_name;
use super::warn;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::{self, Exit};
use crate::prompt::{self, Given};
use crate::selection::{OneTask, resolve_one};
use crate::stdin;
use crate::task_options::{StartOptions, TaskOptions};
use editor::Draft;

/// The arguments of `edit`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = exit::help())]
pub struct Args {
    /// The task: a number, or last for the newest
    #[arg(value_name = "ID")]
    pub task: OneTask,
    /// The new prompt or command: text, a file, or - for standard input, as with `run`. With nothing to
    /// change, the prompt is opened in $VISUAL or $EDITOR
    pub prompt: Option<String>,
    /// Read the prompt from this file
    #[arg(short, long, value_name = "FILE", conflicts_with = "prompt")]
    pub file: Option<String>,
    /// How it begins.
    #[command(flatten)]
    pub start: StartOptions,
    /// The shell that runs the command: sh, bash, zsh, dash or fish
    #[arg(long, value_name = "SHELL")]
    pub shell: Option<String>,
    /// How the task works.
    #[command(flatten)]
    pub options: TaskOptions,
    /// How standard input is used.
    #[command(flatten)]
    pub stdin: stdin::Args,
}

/// Changes the task. Without anything to change, the prompt is opened in the editor.
///
/// # Errors
/// `not_found`; `conflict` when the task has begun; a usage error when nothing is to be changed and there
/// is no terminal.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let has_prompt = args.prompt.is_some() || args.file.is_some();
    let (behind, options) = args.options.clone().split_first_behind(has_prompt);
    let shell = args.shell.as_deref().map(|shell| shell_name(shell).to_owned());
    let changes = TaskChanges { shell, ..options.changes(api, console).await? };
    let mut changes = args.start.changes(changes);
    let id = resolve_one(api, args.task).await?;
    let argument = args.prompt.as_deref().or(behind.as_deref());
    let (mut draft, mut added) = (None, None);
    if argument.is_some() || args.file.is_some() {
        let agent = api.get(id, TaskQuery::default()).await?.task.agent;
        let example = format!("claude-worker edit {id} \"The new prompt\"");
        let given = Given { argument, file: args.file.as_deref(), example: &example };
        let prompt = prompt::read(console, given, prompt::Kind::of(agent), args.stdin)?;
        changes.execution_prompt = Some(prompt.text);
        added = prompt.notice;
    } else if changes.is_empty() {
        if !console.can_ask() {
            return Err(CliError::usage(
                "Nothing is to be changed, and there is no terminal for an editor",
                format!("Say what: claude-worker edit {id} \"The new prompt\" --model opus"),
            ));
        }
        let before = api.get(id, TaskQuery::default()).await?.request.execution_prompt;
        let edited =
            Draft::edit(id, &before, &crate::editor::named().unwrap_or_else(|| "vi".to_owned()))?;
        if edited.text() == before {
            console.remark("Nothing was changed")?;
            return Ok(Exit::Done);
        }
        changes.execution_prompt = Some(edited.text().to_owned());
        draft = Some(edited);
    }
    let edit = Edit { changes, ..Edit::default() };
    let task = match api.edit(id, edit).await {
        Ok(task) => task,
        Err(error) => {
            // The work of a person must not be lost because the task has begun meanwhile.
            if let Some(draft) = draft {
                console.notice(&format!("What you wrote is in {}", draft.keep().display()));
            }
            return Err(error.into());
        }
    };
    warn(console, &task);
    if let Some(added) = added {
        stdin::tell(&added);
    }
    if console.json {
        console.document(&task)?;
    } else {
        console.line(&format!("Task {id} is changed"))?;
    }
    Ok(Exit::Done)
}
