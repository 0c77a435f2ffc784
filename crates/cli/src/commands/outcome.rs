//! What `run`, `retry` and `resume` do after a task is in the queue.

use std::collections::VecDeque;

use claude_worker_agents::can;
use claude_worker_api::{Capability, Task, TaskApi, TaskDetail};

use super::{Report, logs, wait_for, watch_next};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::clean;
use crate::render::{detail, task_line, tone_of};
use crate::watch::Watched;

/// The options for what to do after a task is in the queue.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
#[group(skip)]
pub struct ThenArgs {
    /// Show the log of the task until it has finished
    #[arg(short, long, conflicts_with = "json")]
    pub watch: bool,
    /// Wait until the task has finished, print its result (of a shell task: all its output, both streams;
    /// of several tasks: how each ended), and exit with the code of the outcome
    #[arg(long, conflicts_with = "watch")]
    pub wait: bool,
}

impl ThenArgs {
    pub(super) const fn then(self) -> Then {
        match (self.watch, self.wait) {
            (true, _) => Then::Watch,
            (false, true) => Then::Wait,
            (false, false) => Then::Return,
        }
    }
}

/// What to do after a task is in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Return at once.
    Return,
    /// Show its log until it has finished.
    Watch,
    /// Wait until it has finished, and print its result.
    Wait,
}

/// Watches or waits for one task whose runs after number `after` count. `queued` is the engine's answer when it
/// was put into the queue.
///
/// # Errors
/// When the task is removed, no engine answers, or the output cannot be written.
pub(super) async fn conclude(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    queued: &Task,
    after: u32,
    then: Then,
) -> Result<Exit, CliError> {
    let id = queued.id;
    match then {
        Then::Return => Ok(Exit::Done),
        Then::Watch => watch_next(api, console, id, after).await,
        Then::Wait => {
            let mut waited = wait_for(api, console, id).await?;
            if let Watched::Finished(detail) = &mut waited {
                // Only the answer to the submission has it.
                detail.task.submitted_before = queued.submitted_before;
                if can(detail.task.agent, Capability::CommandLine) && !console.json {
                    // The result of a command is all its output; the stored result is only the end of it.
                    logs::whole_output(api, console, id, None).await?;
                    let ending = detail::ending(detail, console.view.paint);
                    console.remark(ending.trim_end())?;
                } else {
                    show_result(console, detail)?;
                }
            } else if console.json {
                // A program that stops waiting must know which task it is.
                console.document(queued)?;
            }
            Ok(waited.exit())
        }
    }
}

/// Waits for several tasks, one after another, and prints how each ended. The exit code is that of the
/// first that was not completed.
///
/// # Errors
/// When no engine answers, or the output cannot be written.
pub(super) async fn wait_for_each(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    report: &mut Report,
) -> Result<Exit, CliError> {
    let mut exit = Exit::Done;
    let mut tasks: VecDeque<Task> = std::mem::take(&mut report.tasks).into();
    while let Some(task) = tasks.pop_front() {
        let waited = match wait_for(api, console, task.id).await {
            Ok(waited) => waited,
            Err(CliError::Api(error)) => {
                exit = exit.or(report.refuse(console, task.id, error));
                continue;
            }
            Err(error) => return Err(error),
        };
        let of_task = waited.exit();
        match waited {
            Watched::Interrupted(_) => {
                // They are in the queue, which is what a program reads this for.
                report.tasks.push(task);
                report.tasks.extend(tasks);
                return Ok(of_task);
            }
            Watched::Finished(detail) => {
                if !console.json {
                    let state = &detail.task.state;
                    let paint = console.view.paint;
                    let status = paint.tone(tone_of(state.status()), &paint.status(state));
                    let verdict = task_line::verdict(state);
                    console.line(&format!("{}  {status}  {verdict}", detail.task.id))?;
                }
                report.tasks.push(detail.task);
            }
        }
        exit = exit.or(of_task);
    }
    Ok(exit)
}

/// The result alone on standard output, so that `answer=$(claude-worker run --wait …)` works;
/// the outcome on standard error.
fn show_result(console: &mut Console<'_>, detail: &TaskDetail) -> Result<(), CliError> {
    if console.json {
        return console.document(detail);
    }
    if let Some(result) = detail.result.as_deref().filter(|result| !result.is_empty()) {
        // Control characters are replaced for a terminal, and stay for a program.
        let result = if console.view.terminal { clean(result) } else { result.into() };
        console.line(result.trim_end_matches('\n'))?;
    }
    let ending = detail::ending(detail, console.view.paint);
    console.remark(ending.trim_end())
}
