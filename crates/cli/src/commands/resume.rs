//! `resume`: sends another message in the sessions of finished tasks.

use claude_worker_api::TaskApi;
use claude_worker_paths::shell_words;

use super::again::{Again, AgainArgs, run_again};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::{self, Exit};
use crate::prompt::{self, Given};
use crate::selection::{Changeable, Choices, Filter, Selection, resolve};
use crate::shell_env::env_to_send;
use crate::stdin;
use crate::wrong_words::is_tool;

const EXAMPLES: &str = "Examples:
  claude-worker resume 2 \"Now write the documentation, too\" --wait
  claude-worker resume 2 \"Go on\" --allowed-tools \"Bash(cargo test:*)\" --wait
  claude-worker resume --failed \"Go on\"";

/// The arguments of `resume`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", exit::help()))]
pub struct Args {
    /// The tasks, as for retry, and behind them the message: text, a file, or - for standard input, as
    /// with `run`
    #[arg(id = "prompt", value_name = "ID... [PROMPT]")]
    pub words: Vec<String>,
    /// Which of the tasks.
    #[command(flatten)]
    pub filter: Filter,
    /// Read the message from this file
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<String>,
    /// How they are run again.
    #[command(flatten)]
    pub again: AgainArgs,
    /// How standard input is used.
    #[command(flatten)]
    pub stdin: stdin::Args,
}

/// Sends the follow-up to each task.
///
/// # Errors
/// See [`resolve`] and [`run_again`]; a usage error without a message.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let (selection, message) = tasks_and_message(args)?;
    let has_message = message.is_some() || args.file.is_some();
    let (behind, options) = args.again.options.clone().split_first_behind(has_message);
    let ids = resolve(api, &selection, "resume", Changeable::Finished).await?;
    let changes = options.changes(api, console).await?;
    let tasks = &args.words[..args.words.len() - usize::from(message.is_some())];
    let named = [tasks, &args.filter.words()].concat();
    let example = format!("claude-worker resume {} \"what to do next\"", shell_words(&named));
    let argument = message.or(behind.as_deref());
    let given = Given { argument, file: args.file.as_deref(), example: &example };
    let prompt = prompt::read(console, given, prompt::Kind::Prompt, args.stdin)?;
    let inherited_env = env_to_send(api, console).await?;
    let mut again =
        Again { changes, message: Some(prompt.text), added: prompt.notice, inherited_env };
    run_again(api, console, (&selection, &ids), &args.again, &mut again).await
}

/// The tasks, which come first, and the message behind them.
fn tasks_and_message(args: &Args) -> Result<(Selection, Option<&str>), CliError> {
    let mut ids: Vec<Choices> = Vec::new();
    let mut words = args.words.iter().map(String::as_str);
    let mut message = None;
    for word in words.by_ref() {
        // A list from a command can only come first: behind tasks, several words are the message.
        let may_be_tasks = ids.is_empty() || !word.contains(char::is_whitespace);
        match word.parse() {
            Ok(choices) if may_be_tasks => ids.push(choices),
            // The first word should be a task, unless a filter chooses them.
            Err(error) if ids.is_empty() && !args.filter.chooses() => {
                return Err(CliError::usage(
                    error,
                    "The tasks come first: claude-worker resume 12 \"Go on\"",
                ));
            }
            _ => {
                message = Some(word);
                break;
            }
        }
    }
    if let Some(further) = words.next() {
        let options = &args.again.options;
        let has_tools = !(options.allowed_tools.is_empty() && options.disallowed_tools.is_empty());
        if has_tools && message.is_some_and(is_tool) {
            return Err(CliError::usage(
                format!("Tools have spaces between them, so \"{further}\" comes after the message"),
                "Separate tools with commas: --allowed-tools Bash,Edit",
            ));
        }
        let at = args.words.len() - words.len() - 2;
        let (tasks, text) = args.words.split_at(at);
        return Err(CliError::usage(
            format!("\"{further}\" comes after the message"),
            format!(
                "Quote the message: claude-worker resume {}",
                shell_words(&[tasks, &args.filter.words(), &[text.join(" ")]].concat())
            ),
        ));
    }
    if let (Some(message), Some(file)) = (message, &args.file) {
        return Err(CliError::usage(
            format!("There are two messages, \"{message}\" and the file {file}"),
            "Leave one of them out",
        ));
    }
    Ok((Selection { ids, filter: args.filter.clone() }, message))
}
