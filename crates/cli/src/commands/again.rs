//! What `retry` and `resume` have in common: finished tasks get another run.

use std::collections::BTreeMap;

use claude_worker_api::{ApiError, FollowUp, Retry, Task, TaskApi, TaskChanges, TaskId};

use super::outcome::{Then, ThenArgs, conclude, wait_for_each};
use super::{Report, newest_run, warn};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::selection::{Selection, confirm_wide};
use crate::stdin;
use crate::task_options::TaskOptions;

/// The options that `retry` and `resume` share.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct AgainArgs {
    /// What to do after the tasks are in the queue.
    #[command(flatten)]
    pub then: ThenArgs,
    /// Do not ask before all finished tasks, or all of a status, are run again; required without a terminal.
    /// --failed alone never asks
    #[arg(short, long)]
    pub yes: bool,
    /// What is changed in the tasks first, for this run and later ones.
    #[command(flatten)]
    pub options: TaskOptions,
}

/// The run that each task gets.
#[derive(Debug)]
pub(super) struct Again {
    /// What is changed in the tasks first.
    pub changes: TaskChanges,
    /// The message that goes on in the session; without one the task begins anew.
    pub message: Option<String>,
    /// What to say about the message once a task with it is accepted.
    pub added: Option<String>,
    /// What this shell has of the variables that travel with a task.
    pub inherited_env: BTreeMap<String, String>,
}

impl Again {
    /// Asks the engine for the run.
    ///
    /// # Errors
    /// What the engine refuses.
    pub(super) async fn ask(&self, api: &impl TaskApi, id: TaskId) -> Result<Task, ApiError> {
        let (changes, inherited_env) = (self.changes.clone(), self.inherited_env.clone());
        match &self.message {
            None => api.retry(id, Retry { changes, inherited_env, ..Retry::default() }).await,
            Some(prompt) => {
                let prompt = prompt.clone();
                let follow_up = FollowUp { prompt, changes, inherited_env, ..FollowUp::default() };
                api.resume(id, follow_up).await
            }
        }
    }

    /// Says on standard error what is to be known of a task that was accepted.
    fn accepted(&mut self, console: &mut Console<'_>, task: &Task) {
        warn(console, task);
        if let Some(added) = self.added.take() {
            stdin::tell(&added);
        }
    }

    const fn verb(&self) -> &'static str {
        if self.message.is_some() { "resume" } else { "retry" }
    }

    /// That the task is in the queue, in words.
    pub(super) fn queued(&self, id: TaskId, then: Then) -> String {
        match (&self.message, then) {
            (None, _) => format!("Task {id} is in the queue again"),
            (Some(_), Then::Return) => {
                format!("Task {id} continues. Follow it with: claude-worker logs {id} -f")
            }
            (Some(_), _) => format!("Task {id} continues"),
        }
    }
}

/// Gives each task another run. An error of one task does not stop the others.
///
/// # Errors
/// A usage error when several are to be watched, and for all tasks without a terminal and without `--yes`.
/// What the engine refuses is the error of a single task, and reported per task of several.
pub(super) async fn run_again(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    (selection, ids): (&Selection, &[TaskId]),
    args: &AgainArgs,
    again: &mut Again,
) -> Result<Exit, CliError> {
    let then = args.then.then();
    if let [id] = ids
        && selection.names_one()
    {
        return one(api, console, *id, again, then).await;
    }
    if then == Then::Watch && ids.len() > 1 {
        return Err(CliError::usage(
            "Only one task can be watched",
            "Leave --watch out, and follow each task with claude-worker logs ID -f",
        ));
    }
    // Failed tasks are what these commands are for. Others have done their work, and each run costs money.
    if !selection.filter.is_only_failed()
        && !confirm_wide(console, selection, args.yes, again.verb(), ids.len())?
    {
        console.remark("Nothing was changed")?;
        return Ok(Exit::Failed);
    }
    if ids.is_empty() {
        console.remark(&format!("There is no such task to {}", again.verb()))?;
    }
    if let ([id], Then::Watch) = (ids, then) {
        return one(api, console, *id, again, then).await;
    }
    let mut report = Report::default();
    let mut exit = Exit::Done;
    for id in ids.iter().copied() {
        match again.ask(api, id).await {
            Ok(task) => {
                again.accepted(console, &task);
                if !console.json {
                    let words = again.queued(id, then);
                    if then == Then::Wait {
                        console.remark(&words)?;
                    } else {
                        console.line(&words)?;
                    }
                }
                report.tasks.push(task);
            }
            Err(error) => exit = exit.or(report.refuse(console, id, error)),
        }
    }
    if then == Then::Wait {
        exit = exit.or(wait_for_each(api, console, &mut report).await?);
    }
    if console.json {
        console.document(&report)?;
    }
    Ok(exit)
}

async fn one(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
    again: &mut Again,
    then: Then,
) -> Result<Exit, CliError> {
    let before = if then == Then::Watch { newest_run(api, id).await? } else { 0 };
    let task = again.ask(api, id).await?;
    again.accepted(console, &task);
    match then {
        Then::Return if console.json => console.document(&task)?,
        Then::Return => console.line(&again.queued(id, then))?,
        Then::Wait if console.json => {}
        Then::Wait | Then::Watch => console.remark(&again.queued(id, then))?,
    }
    conclude(api, console, &task, before, then).await
}
