//! `wait`: until tasks have finished.

use std::collections::{BTreeMap, HashSet};
use std::pin::pin;
use std::time::Duration;

use claude_worker_api::{
    ApiError, ErrorCode, ListQuery, Order, Status, SubmittedBy, Task, TaskApi, TaskApiExt,
    TaskDetail, TaskId, TaskQuery, parse_duration,
};
use claude_worker_client::{Reconnect, surrounding_task};
use tokio::sync::Notify;

use super::Report;
use crate::console::Console;
use crate::delays::Delays;
use crate::error::CliError;
use crate::exit::{self, Exit};
use crate::follow::{Changes, removed};
use crate::interrupt::interrupted;
use crate::render::figures::plural;
use crate::render::task_line;
use crate::selection::{Changeable, Selection, resolve};
use crate::taskbar::Progress;

/// How long an engine may take to tell the states of the tasks once the time of `--timeout` is over.
const FIRST_LOOK: Duration = Duration::from_secs(5);

/// Of up to so many tasks each number is shown.
const MOST_NAMED: usize = 20;

const DEFAULT: &str = "Without a task, it waits for all unfinished tasks that were submitted on this machine \
    (not over HTTP); inside a task, for those that this task submitted.";

/// The arguments of `wait`.
#[derive(Debug, clap::Args)]
#[command(after_help = DEFAULT, after_long_help = format!("{DEFAULT}\n\n{}", exit::help()))]
pub struct Args {
    /// Which tasks.
    #[command(flatten)]
    pub tasks: Selection,
    /// Wait until one of them has finished, not all
    #[arg(long)]
    pub any: bool,
    /// Wait at most this long, like 90s or 10m; then exit with 124
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<u64>,
}

/// Waits, and exits with the code of the first task that was not completed. A task that does not exist,
/// or is removed meanwhile, does not end the wait for the others.
///
/// # Errors
/// When no engine answers. A task that cannot be waited for is reported, and decides the exit code.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let ids = if args.tasks.is_empty() {
        all_of_mine(api, console).await?
    } else {
        resolve(api, &args.tasks, "wait", Changeable::Unfinished).await?
    };
    let mut ended = Ended::default();
    let looked = Notify::new();
    console.progress(Progress::Running)?;
    let end = tokio::select! {
        done = collect(api, console, &ids, args.any, &mut ended, &looked) => done.map(|()| None),
        by = interrupted() => Ok(Some(by.into())),
        () = after(args.timeout, &looked) => Ok(Some(Exit::TimedOut)),
    };
    let failed = ended.finished.values().any(|task| Exit::of_state(&task.state) != Exit::Done);
    let is_over = matches!(end, Ok(None));
    console.progress(if is_over && failed { Progress::Failed } else { Progress::None })?;
    let end = end?;
    let Ended { mut finished, gone, mut report } = ended;
    if end.is_some() {
        let open = ids.iter().filter(|id| !finished.contains_key(id) && !gone.contains_key(id));
        report.unfinished = open.copied().collect();
        let open: Vec<String> = report.unfinished.iter().map(ToString::to_string).collect();
        if !open.is_empty() {
            let (tasks, again) = (open.join(", "), open.join(" "));
            let what = if open.len() == 1 { "Task" } else { "Tasks" };
            let verb = if open.len() == 1 { "has" } else { "have" };
            console.remark(&format!(
                "{what} {tasks} {verb} not finished; nothing was stopped. Wait again with: \
                 claude-worker wait {again}"
            ))?;
        }
    }
    // In the order of the arguments, so that the exit code does not depend on which task ended first.
    let verdict = ids.iter().fold(Exit::Done, |exit, id| {
        let of_task = finished.get(id).map(|task| Exit::of_state(&task.state));
        exit.or(of_task.or_else(|| gone.get(id).copied()).unwrap_or(Exit::Done))
    });
    report.tasks = ids.iter().filter_map(|id| finished.remove(id)).collect();
    super::mark_seen(api, console, &report.tasks.iter().collect::<Vec<_>>()).await;
    if console.json {
        console.document(&report)?;
    }
    Ok(end.unwrap_or(verdict))
}

/// All unfinished tasks of this user's own programs; inside a task, those that it submitted, because it
/// would wait for itself.
async fn all_of_mine(
    api: &impl TaskApi,
    console: &mut Console<'_>,
) -> Result<Vec<TaskId>, CliError> {
    let parent = surrounding_task(api).await?;
    let mut query = ListQuery {
        statuses: Status::ALL.into_iter().filter(|status| !status.is_finished()).collect(),
        submitted_by: Some(SubmittedBy::Local),
        order: Order::OldestFirst,
        limit: Some(1000),
        ..ListQuery::default()
    };
    let mut ids = Vec::new();
    loop {
        let page = api.list(query.clone()).await?;
        let mine = page.tasks.iter().filter(|task| parent.is_none() || task.parent == parent);
        ids.extend(mine.map(|task| task.id));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => break,
        }
    }
    let count = plural(ids.len() as u64, "task");
    console.notice(&match ids[..] {
        [] => "No unfinished task to wait for".to_owned(),
        [id] => format!("Waiting for task {id}"),
        [first, .., last] if ids.len() > MOST_NAMED => {
            format!("Waiting for {count}, from {first} to {last}")
        }
        _ => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!("Waiting for {count}: {}", ids.join(", "))
        }
    });
    Ok(ids)
}

/// The tasks that have ended so far.
#[derive(Default)]
struct Ended {
    finished: BTreeMap<TaskId, Task>,
    /// Tasks that cannot be waited for, with their exit codes.
    gone: BTreeMap<TaskId, Exit>,
    report: Report,
}

/// Ends after the time, and not before each task was looked at once: `--timeout 0` tells whether they
/// have finished.
async fn after(millis: Option<u64>, looked: &Notify) {
    let Some(millis) = millis else { return std::future::pending().await };
    tokio::time::sleep(Duration::from_millis(millis)).await;
    // An engine that does not answer must not make it longer without an end.
    drop(tokio::time::timeout(FIRST_LOOK, looked.notified()).await);
}

/// Puts tasks into `ended` as they end, until all have, or any.
async fn collect<A: TaskApi>(
    api: &A,
    console: &mut Console<'_>,
    ids: &[TaskId],
    any: bool,
    ended: &mut Ended,
    looked: &Notify,
) -> Result<(), CliError> {
    let reconnect = Reconnect::while_following();
    let mut changes = Changes::begin(api, &reconnect).await?;
    let mut delays = Delays::new();
    let mut open = ids.to_vec();
    let mut look_at = open.clone();
    // The tasks that were read once: one that is not found later was removed.
    let mut known = HashSet::new();
    loop {
        for id in look_at {
            let task = match reconnect.call(|| api.row(id)).await {
                Ok(task) => task,
                Err(error) if error.code == ErrorCode::NotFound => {
                    let error = if known.contains(&id) { removed(id) } else { error };
                    open.retain(|other| *other != id);
                    ended.gone.insert(id, ended.report.refuse(console, id, error));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            known.insert(id);
            if task.state.is_finished() {
                if !console.json {
                    let paint = console.view.paint;
                    let status = paint.status(&task.state);
                    let tone = crate::render::tone_of(task.state.status());
                    let status = paint.tone(tone, &status);
                    console
                        .line(&format!("{id}  {status}  {}", task_line::verdict(&task.state)))?;
                }
                open.retain(|other| *other != id);
                // Programs get the warnings too, which only the detail has.
                let detail = if console.json {
                    reconnect.call(|| api.get(id, TaskQuery::default())).await.ok()
                } else {
                    None
                };
                let detail = detail.filter(|detail| detail.task.state.is_finished());
                ended.finished.insert(id, detail.map_or(task, |detail| detail.task));
                if any {
                    return Ok(());
                }
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        looked.notify_one();
        let mut next = pin!(changes.next(&open));
        look_at = loop {
            tokio::select! {
                touched = &mut next => break touched?,
                () = delays.due() => {
                    let (now, zone) = (console.now(), console.zone());
                    for words in delays.look(api, &reconnect, &open, now, &zone).await {
                        console.notice(&words);
                    }
                }
            }
        };
    }
}

/// Waits for one task without printing anything.
pub(crate) async fn until_finished(api: &impl TaskApi, id: TaskId) -> Result<TaskDetail, ApiError> {
    reconnecting(api, &Reconnect::while_following(), id).await
}

/// The same, for a caller that looks whether an engine answers.
pub(super) async fn reconnecting(
    api: &impl TaskApi,
    reconnect: &Reconnect,
    id: TaskId,
) -> Result<TaskDetail, ApiError> {
    let mut changes = Changes::begin(api, reconnect).await?;
    loop {
        if reconnect.call(|| api.row(id)).await?.state.is_finished() {
            let detail = reconnect.call(|| api.get(id, TaskQuery::default())).await?;
            // It may have been retried meanwhile.
            if detail.task.state.is_finished() {
                return Ok(detail);
            }
        }
        while changes.next(&[id]).await?.is_empty() {}
    }
}
