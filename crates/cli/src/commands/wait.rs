//! `wait`: until tasks have finished.

use std::collections::BTreeMap;
use std::time::Duration;

use claude_worker_api::{ApiError, Task, TaskApi, TaskDetail, TaskId, parse_duration};

use super::Report;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::{self, Exit};
use crate::follow::Changes;
use crate::interrupt::ctrl_c;
use crate::patience::Link;
use crate::render::words;

/// The arguments of `wait`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = exit::help())]
pub struct Args {
    /// The tasks
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<TaskId>,
    /// Until one of them has finished instead of all
    #[arg(long)]
    pub any: bool,
    /// At most this long, like 90s or 10m; then exit with 124
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<u64>,
}

/// Waits, and exits by the verdict of the first task that was not completed.
///
/// # Errors
/// `not_found` when a task does not exist or is removed meanwhile; when no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let mut ids = args.ids.clone();
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(*id));
    let wanted = if args.any { 1 } else { ids.len() };
    let mut finished = BTreeMap::new();
    let end = tokio::select! {
        done = collect(api, console, &ids, wanted, &mut finished) => { done?; None }
        () = ctrl_c() => Some(Exit::Interrupted),
        () = after(args.timeout) => Some(Exit::TimedOut),
    };
    if end.is_some() {
        let open = ids.iter().filter(|id| !finished.contains_key(id)).count() as u64;
        let words = crate::render::figures::plural(open, "task");
        console.remark(&format!("Still unfinished: {words}. They run on"))?;
    }
    // In the order they were named, so that the exit code does not depend on who was first.
    let tasks: Vec<Task> = ids.iter().filter_map(|id| finished.remove(id)).collect();
    let verdict = tasks.iter().fold(Exit::Done, |exit, task| exit.or(Exit::of_state(&task.state)));
    super::looked_at(api, console, &tasks.iter().collect::<Vec<_>>()).await;
    if console.json {
        console.document(&Report { tasks, ..Report::default() })?;
    }
    Ok(end.unwrap_or(verdict))
}

async fn after(millis: Option<u64>) {
    match millis {
        Some(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
        None => std::future::pending().await,
    }
}

/// Puts tasks into `finished` as they finish, until there are `wanted`.
async fn collect<A: TaskApi>(
    api: &A,
    console: &mut Console<'_>,
    ids: &[TaskId],
    wanted: usize,
    finished: &mut BTreeMap<TaskId, Task>,
) -> Result<(), CliError> {
    let link = Link::default();
    let mut changes = Changes::begin(api, &link).await?;
    let mut open = ids.to_vec();
    let mut look_at = open.clone();
    loop {
        for id in look_at {
            let task = link.call(|| api.get(id)).await?.task;
            if task.state.is_finished() {
                if !console.json {
                    let paint = console.view.paint;
                    let status = paint.status(&task.state);
                    let tone = crate::render::tone_of(task.state.status());
                    let status = paint.tone(tone, &status);
                    console.line(&format!("{id}  {status}  {}", words::verdict(&task.state)))?;
                }
                open.retain(|other| *other != id);
                finished.insert(id, task);
                if finished.len() >= wanted {
                    return Ok(());
                }
            }
        }
        look_at = changes.next(&open).await?;
    }
}

/// Waits for one task, saying nothing.
pub(crate) async fn until_finished(api: &impl TaskApi, id: TaskId) -> Result<TaskDetail, ApiError> {
    let link = Link::default();
    let mut changes = Changes::begin(api, &link).await?;
    loop {
        let detail = link.call(|| api.get(id)).await?;
        if detail.task.state.is_finished() {
            return Ok(detail);
        }
        while changes.next(&[id]).await?.is_empty() {}
    }
}
