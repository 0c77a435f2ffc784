//! `list`: shows tasks, newest first.

mod arguments;
mod live;
mod rows;

use claude_worker_api::{ApiError, ListQuery, Order, TaskApi, TaskPage, Timestamp};

pub use arguments::Args;
use arguments::{Output, Sort};
use rows::Rows;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::delay::Delay;
use crate::render::text::escape_json;
use crate::render::wrap::wrap;
use crate::render::{Paint, Tone, fields, table};

/// Shows the list.
///
/// # Errors
/// When no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    if matches!(args.output, Some(Output::Json)) && !console.json {
        console.json = true;
        console.view.paint = Paint::NONE;
        console.view.terminal = false;
    }
    if console.json && !matches!(args.output, None | Some(Output::Json)) {
        return Err(CliError::usage(
            "--json and --output name two forms of the same list",
            "Leave one of them out; -o jsonl prints one JSON document per task",
        ));
    }
    if args.watch {
        return live::watch(api, console, args).await;
    }
    let page = read(api, args, &args.query(console)?, console.now()).await?;
    if console.json {
        console.document(&page)?;
        return Ok(Exit::Done);
    }
    let now = console.now();
    let lines: String = match &args.output {
        _ if args.quiet => page.tasks.iter().map(|task| format!("{}\n", task.id)).collect(),
        Some(Output::Jsonl) => page
            .tasks
            .iter()
            .map(|task| {
                let json = serde_json::to_string(task).unwrap_or_default();
                escape_json(&json).into_owned() + "\n"
            })
            .collect(),
        Some(Output::Fields(template)) => {
            page.tasks.iter().map(|task| template.line(task, now) + "\n").collect()
        }
        Some(Output::Wide) if !page.tasks.is_empty() => fields::wide(&page.tasks, now),
        _ => {
            let delay = if console.view.terminal { delay(api, &page).await? } else { None };
            show(console, &page, delay.as_ref(), args)?;
            return Ok(Exit::Done);
        }
    };
    console.print(&lines)?;
    if let Some(next) = page.next.filter(|_| args.limit.is_none()) {
        // A program that names no limit may take these for all tasks.
        console.notice(&format!("There are more tasks: --all, or {}", args.next_page(next)));
    }
    Ok(Exit::Done)
}

/// Reads the tasks: one page, or all where that is asked for or the order needs it.
async fn read(
    api: &impl TaskApi,
    args: &Args,
    query: &ListQuery,
    now: Timestamp,
) -> Result<TaskPage, ApiError> {
    if args.needs_all() {
        let rows = Rows::read(async |query| api.list(query).await, query).await?;
        let most = if args.shows_all() { usize::MAX } else { args.limit() as usize };
        return Ok(rows.page(args, now, most));
    }
    api.list(ListQuery { limit: Some(args.limit()), ..query.clone() }).await
}

/// What keeps the queue from starting tasks, where tasks are queued, or holds up those that run.
async fn delay(api: &impl TaskApi, page: &TaskPage) -> Result<Option<Delay>, ApiError> {
    let queued = page.counts.pending + page.counts.waiting;
    if queued + page.counts.running == 0 {
        return Ok(None);
    }
    let delay = match Delay::of_queue(&api.engine().await?) {
        Some(Delay::DiskFull) if page.counts.running > 0 => Some(Delay::DiskFullMeanwhile),
        delay => delay.filter(|_| queued > 0),
    };
    // That workers are busy can be seen in the list.
    Ok(delay.filter(|delay| !matches!(delay, Delay::WorkersBusy { .. })))
}

fn show(
    console: &mut Console<'_>,
    page: &TaskPage,
    delay: Option<&Delay>,
    args: &Args,
) -> Result<(), CliError> {
    let paint = console.view.paint;
    if page.tasks.is_empty() {
        return console.remark(none(page, args));
    }
    let table = table::tasks(&page.tasks, console.now(), console.width(), paint);
    console.print(&table)?;
    let width = console.wrap_width();
    let last = last_lines(console, page, args, delay, |line| wrap(line, width));
    if last.is_empty() { Ok(()) } else { console.remark(&last) }
}

/// The message in place of an empty table.
const fn none(page: &TaskPage, args: &Args) -> &'static str {
    if page.counts.total() == 0 {
        "No tasks yet. Send the first one: claude-worker run \"Write tests for src/parser.rs\""
    } else if args.before.is_some() {
        "No older tasks"
    } else {
        "No task matches"
    }
}

/// The counts, the next page, and what keeps the queue from starting tasks.
/// `fit` makes each line fit the page.
fn last_lines(
    console: &Console<'_>,
    page: &TaskPage,
    args: &Args,
    delay: Option<&Delay>,
    fit: impl Fn(&str) -> String,
) -> String {
    let paint = console.view.paint;
    let mut last = Vec::new();
    if console.view.terminal {
        last.push(page.counts.describe());
    }
    // In a pipe, a limit that was named needs no remark.
    if let Some(next) = page.next.filter(|_| console.view.terminal || args.limit.is_none()) {
        last.push(format!("more: {}", args.next_page(next)));
    }
    let mut text = String::new();
    if !last.is_empty() {
        let line = format!("  {}", last.join(" · "));
        text = paint.tone(Tone::Quiet, &fit(&line));
    }
    if let Some(delay) = delay {
        let cause = delay.cause(console.now(), &console.zone());
        let words = match delay {
            Delay::QueuePaused => "The queue is paused: claude-worker unpause".to_owned(),
            Delay::DiskFullMeanwhile => format!("Nothing starts, and {cause}. {}", delay.end()),
            _ => format!("Nothing starts: {cause}. {}", delay.end()),
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text += &paint.tone(Tone::Attention, &fit(&format!("  {words}")));
    }
    text
}

impl Args {
    /// Whether all tasks have to be read.
    fn needs_all(&self) -> bool {
        self.shows_all() || self.sort.is_by_value()
    }

    /// What the engine is asked for, but for the size of a page.
    fn query(&self, console: &Console<'_>) -> Result<ListQuery, CliError> {
        let since = self.since.map(|since| since.resolve(console.now(), &console.zone()));
        Ok(ListQuery {
            statuses: self.status.statuses(),
            submitted_by: self.submitted_by.clone(),
            search: self.search.clone(),
            directory: self.directory()?,
            project: self.project.clone(),
            since,
            attention: self.attention,
            cursor: self.before,
            order: match self.sort {
                Sort::Oldest => Order::OldestFirst,
                Sort::Next => Order::NextFirst,
                Sort::Ended => Order::EndedLast,
                Sort::Newest | Sort::Cost | Sort::Duration => Order::NewestFirst,
            },
            ..ListQuery::default()
        })
    }
}
