//! `run`: puts a task into the queue.

use std::collections::BTreeMap;

use claude_worker_agents::{can, fill_template};
use claude_worker_api::{
    Agent, Capability, NewTask, SHELLS, Task, TaskApi, TaskChanges, Traceparent,
};
use claude_worker_client::{Reconnect, engine_is_elsewhere, new_key, surrounding_task};
use claude_worker_paths::{shell_word, shell_words};

use super::outcome::{Then, ThenArgs, conclude};
use super::{template, warn};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::{self, Exit};
use crate::prompt::{self, Given};
use crate::render::text::{clean_line, truncate};
use crate::shell_env::env_to_send;
use crate::stdin;
use crate::task_options::{StartOptions, TaskOptions, agent, directory, directory_elsewhere};

const EXAMPLES: &str = "Examples:
  claude-worker run \"Write tests for src/parser.rs\"
  git diff | claude-worker run \"Review these changes\" --watch
  find . -name '*.py' | xargs -I {} claude-worker run \"Document {}\"
  claude-worker run --agent shell \"make check\" --wait";

/// The arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", exit::help()))]
pub struct Args {
    /// The prompt: text, the path of a file with the text, or - for standard input. Text piped into
    /// this command is added to the prompt, except to a shell command
    pub prompt: Option<String>,
    /// Read the prompt from this file
    #[arg(short, long, value_name = "FILE", conflicts_with = "prompt")]
    pub file: Option<String>,
    /// What to do after it is in the queue.
    #[command(flatten)]
    pub then: ThenArgs,
    /// Return at once. This is the default
    #[arg(long, conflicts_with_all = ["watch", "wait"])]
    pub detach: bool,
    /// The agent: claude, or shell for any command (`/bin/sh -c PROMPT`)
    #[arg(long, default_value = "claude", value_parser = agent())]
    pub agent: Agent,
    /// Run a command: the same as --agent shell. Behind it may stand the shell that runs it: sh, bash,
    /// zsh, dash or fish
    #[arg(long, value_name = "SHELL", num_args = 0..=1,
        conflicts_with_all = ["agent", "continue_session", "resume_session"])]
    pub shell: Option<Option<String>>,
    /// Make the task of this template; further options are added to those that it has
    #[arg(long, value_name = "NAME", conflicts_with_all = ["prompt", "file", "shell", "agent"])]
    pub template: Option<String>,
    /// The value of a field of the template, like file=src/parser.rs; can be repeated
    #[arg(long, value_name = "FIELD=VALUE", requires = "template", value_parser = field_value)]
    pub set: Vec<(String, String)>,
    /// How it begins.
    #[command(flatten)]
    pub start: StartOptions,
    /// A key of your own for this task: a second run with the same key gives the same task
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// How the task works.
    #[command(flatten)]
    pub options: TaskOptions,
    /// How standard input is used.
    #[command(flatten)]
    pub stdin: stdin::Args,
}

/// Puts the task into the queue, and waits for it or watches it when asked to.
///
/// # Errors
/// A usage error for a wrong argument; whatever the engine refuses.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let (mut new, added) = new_task(api, console, args).await?;
    new.inherited_env = env_to_send(api, console).await?;
    new.parent = Reconnect::while_submitting().call(|| surrounding_task(api)).await?;
    // The key makes it safe to send the request again when the engine ended before its answer.
    let mut task = Reconnect::while_submitting().call(|| api.submit(new.clone())).await?;
    // With a new key, the submission before is an earlier attempt of this command.
    task.submitted_before &= args.idempotency_key.is_some();
    warn(console, &task);
    if let Some(added) = added {
        stdin::tell(&added);
    }
    let then = args.then.then();
    if let Err(error) = announce(console, &task, then) {
        // A script that submits it again, because of the exit code, must be able to know.
        if !error.is_closed_output() {
            console.notice(&format!("Task {} is queued, and this cannot be written", task.id));
        }
        return Err(error);
    }
    conclude(api, console, &task, 0, then).await
}

/// What the engine did with the submission.
fn queued(task: &Task) -> String {
    let id = task.id;
    if task.submitted_before {
        let status = task.state.status().name();
        format!("Task {id} was submitted before with this key; its status is {status}")
    } else {
        format!("Task {id} queued")
    }
}

/// Says the number of the task that was submitted.
fn announce(console: &mut Console<'_>, task: &Task, then: Then) -> Result<(), CliError> {
    let id = task.id;
    match then {
        Then::Wait if !console.json => console.remark(&queued(task))?,
        Then::Return if console.json => console.document(task)?,
        Then::Return | Then::Watch if console.view.terminal && task.submitted_before => {
            console.remark(&queued(task))?;
            if then == Then::Return {
                console.remark(&if task.state.is_finished() {
                    format!("Show it with: claude-worker status {id}")
                } else {
                    format!("Follow it with: claude-worker logs {id} -f")
                })?;
            }
        }
        Then::Return | Then::Watch if console.view.terminal => {
            let name = clean_line(&task.name);
            let room = console.width().saturating_sub(24).max(10);
            console.line(&format!("Task {id} queued: {}", truncate(&name, room)))?;
            if then == Then::Return {
                console.line(&format!("Follow it with: claude-worker logs {id} -f"))?;
            }
        }
        Then::Return => {
            if task.submitted_before {
                console.notice(&queued(task));
            }
            console.line(&id.to_string())?;
        }
        Then::Watch => console.notice(&queued(task)),
        Then::Wait => {}
    }
    Ok(())
}

/// The task, and what to say about its prompt once it is accepted.
async fn new_task(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<(NewTask, Option<String>), CliError> {
    if let Some(name) = &args.template {
        return task_of_template(api, console, args, name).await;
    }
    let agent = if args.shell.is_some() { Agent::Shell } else { args.agent };
    let (prompt, shell) = prompt_and_shell(args)?;
    let has_prompt = prompt.is_some() || args.file.is_some();
    let (behind, options) = split_after_dashes(&args.options, agent, has_prompt)?;
    let prompt = prompt.or(behind.as_deref());
    // The options are read before standard input is.
    let mut changes = options.changes(api, console).await?;
    if changes.working_directory.is_none() {
        changes.working_directory = Some(if engine_is_elsewhere(api).await? {
            directory_elsewhere(None)?
        } else {
            directory(None)?
        });
    }
    let example = if can(agent, Capability::CommandLine) {
        "claude-worker run --shell \"make test\""
    } else {
        "claude-worker run \"Write tests for src/parser.rs\""
    };
    let given = Given { argument: prompt, file: args.file.as_deref(), example };
    let prompt = prompt::read(console, given, prompt::Kind::of(agent), args.stdin)?;
    let changes = TaskChanges { shell: shell.map(str::to_owned), ..args.start.changes(changes) };
    let mut task = NewTask {
        execution_prompt: prompt.text,
        agent,
        idempotency_key: Some(args.idempotency_key.clone().unwrap_or_else(new_key)),
        traceparent: trace_of_caller(),
        ..NewTask::default()
    };
    changes.apply(&mut task);
    Ok((task, prompt.notice))
}

/// The task that a template makes, with the options of the command line.
///
/// # Errors
/// A usage error for a field that is given twice; `not_found` for a template that does not exist;
/// `invalid_request` for a missing value and for an unknown field.
async fn task_of_template(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
    name: &str,
) -> Result<(NewTask, Option<String>), CliError> {
    let template = template::find(api, name).await?;
    let mut values = BTreeMap::new();
    for (field, value) in &args.set {
        if values.insert(field.clone(), value.clone()).is_some() {
            return Err(CliError::usage(
                format!("The field {field} has two values"),
                "Give each field one value",
            ));
        }
    }
    let mut task = fill_template(&template, &values)?;
    let mut changes = args.options.changes(api, console).await?;
    if changes.working_directory.is_none() && task.working_directory.is_empty() {
        changes.working_directory = Some(if engine_is_elsewhere(api).await? {
            directory_elsewhere(None)?
        } else {
            directory(None)?
        });
    }
    // What comes on standard input is added to a prompt, as it is without a template.
    let stdin = stdin::Args { prompt_is_text: true, ..args.stdin };
    let given = Given { argument: Some(&task.execution_prompt), ..Given::default() };
    let prompt = prompt::read(console, given, prompt::Kind::of(task.agent), stdin)?;
    args.start.changes(changes).apply(&mut task);
    task.execution_prompt = prompt.text;
    task.idempotency_key = Some(args.idempotency_key.clone().unwrap_or_else(new_key));
    task.traceparent = trace_of_caller();
    Ok((task, prompt.notice))
}

/// A field and its value: `file=src/parser.rs`.
fn field_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.trim().is_empty() => {
            Ok((field.trim().to_owned(), value.to_owned()))
        }
        _ => Err("write it as FIELD=VALUE, like file=src/parser.rs".to_owned()),
    }
}

/// The prompt, and the shell that `--shell` names. What follows it and is no shell is the command.
fn prompt_and_shell(args: &Args) -> Result<(Option<&str>, Option<&str>), CliError> {
    let prompt = args.prompt.as_deref();
    match args.shell.as_ref().and_then(Option::as_deref) {
        Some(shell) if SHELLS.contains(&shell_name(shell)) => Ok((prompt, Some(shell_name(shell)))),
        Some(command) if prompt.is_none() && args.file.is_none() => Ok((Some(command), None)),
        Some(other) => Err(CliError::usage(
            format!("There is no shell {other}"),
            format!("Choose one of {}, and quote the command", SHELLS.join(", ")),
        )),
        None => Ok((prompt, None)),
    }
}

/// The name of a shell that may be given as a path: `/bin/bash` is `bash`.
pub(crate) fn shell_name(shell: &str) -> &str {
    let name = shell.rsplit_once('/').map_or(shell, |(_, name)| name);
    if SHELLS.contains(&name) { name } else { shell }
}

/// The prompt behind the dashes, and the options without it: in `run -- "- a list"` and
/// `run --shell -- make test` it stands there. A command of several words stays as it was quoted.
///
/// # Errors
/// A usage error for a prompt of several words.
fn split_after_dashes(
    options: &TaskOptions,
    agent: Agent,
    has_prompt: bool,
) -> Result<(Option<String>, TaskOptions), CliError> {
    let mut options = options.clone();
    let is_command = !has_prompt && can(agent, Capability::CommandLine);
    if is_command && options.after_dashes.len() > 1 {
        let words = std::mem::take(&mut options.after_dashes);
        return Ok((Some(shell_words(&words)), options));
    }
    let words = &options.after_dashes;
    let is_text = !has_prompt && !options.agent_args;
    if is_text && words.get(1).is_some_and(|word| !word.starts_with('-')) {
        return Err(CliError::usage(
            "Several words follow --, and a prompt is one",
            format!(
                "Quote it: claude-worker run {}; to run it as a command: claude-worker run --shell -- {}",
                shell_word(&words.join(" ")),
                shell_words(words)
            ),
        ));
    }
    Ok(options.split_first_behind(has_prompt))
}

/// The trace that this process belongs to. A variable that is no traceparent is ignored, as the standard
/// demands of the header.
fn trace_of_caller() -> Option<Traceparent> {
    std::env::var("TRACEPARENT").ok()?.parse().ok()
}
