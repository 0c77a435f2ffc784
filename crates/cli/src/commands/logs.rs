//! `logs`: shows tasks' logs as conversations, or their raw output.

mod raw;
mod several;

use std::panic::resume_unwind;

use claude_worker_agents::can;
use claude_worker_api::{
    ApiError, Capability, ErrorCode, Run, RunId, TaskApi, TaskApiExt, TaskDetail, TaskId, TaskQuery,
};
use tokio::task::spawn_blocking;

pub(crate) use raw::{Decoder, each_chunk, whole_output};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::follow::WAIT_MS;
use crate::number::number;
use crate::render::log::LogText;
use crate::render::{detail, task_line};
use crate::selection::{Changeable, Selection, resolve};
use crate::since::Since;
use crate::transcript::last_lines::{Source, last_lines};
use crate::transcript::{CHUNK, Form, Part, Place, Shown, Transcript};
use crate::watch::{self, Beginning};
use claude_worker_client::Reconnect;

const EXAMPLES: &str = "Without a task, the log of the newest one is shown.

Examples:
  claude-worker logs -f                  # the newest task, until it has finished
  claude-worker logs 2 -n 50             # the last 50 lines
  claude-worker logs 1-3 -f              # three tasks at once, each line with its task
  claude-worker logs --failed --since 1h";

/// The arguments of `logs`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which tasks.
    #[command(flatten)]
    pub tasks: Selection,
    /// Follow the log until the task has finished
    #[arg(short, long)]
    pub follow: bool,
    /// Show only the last N lines (with --json: entries)
    #[arg(short = 'n', long, visible_alias = "lines", value_name = "N", value_parser = Tail::parse)]
    pub tail: Option<Tail>,
    /// Show only what came since: 10m or 2h (so long ago), 14:00, 2026-11-29, or RFC 3339. Claude Code gives
    /// its messages times; the output of a shell command has none, and is shown if its run ended since
    #[arg(long, value_name = "TIME", value_parser = Since::parse, allow_hyphen_values = true,
        conflicts_with_all = ["raw", "stderr"])]
    pub since: Option<Since>,
    /// Show the time of each message that has one; the output of a shell command has none, so for it the
    /// times of the run are shown. JSON lines have the times in any case
    #[arg(short, long, conflicts_with_all = ["raw", "stderr"])]
    pub timestamps: bool,
    /// The raw output of the agent, byte for byte (on a terminal, control characters are shown as
    /// symbols)
    #[arg(long, conflicts_with = "json")]
    pub raw: bool,
    /// The run with this number instead of the newest
    #[arg(long, value_name = "N", value_parser = ChosenRun::parse, allow_negative_numbers = true)]
    pub run: Option<ChosenRun>,
    /// The raw output on standard error
    #[arg(long, conflicts_with = "json")]
    pub stderr: bool,
}

/// How much of a log is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// All of it, as without the option.
    All,
    /// This many of the last lines.
    Lines(u32),
}

impl Tail {
    fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        if let Some(first) = text.strip_prefix('+') {
            return Err(format!(
                "N counts from the end, and + from the beginning: use claude-worker logs ID | tail -n +{first}"
            ));
        }
        number(0..=1_000_000)(text).map(Self::Lines)
    }
}

/// A run of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChosenRun {
    /// The newest, as without the option.
    Newest,
    /// The run with this number.
    Number(u32),
}

impl ChosenRun {
    fn parse(text: &str) -> Result<Self, String> {
        if ["last", "latest", "newest"].contains(&&*text.to_ascii_lowercase()) {
            return Ok(Self::Newest);
        }
        let number = number(1..=u32::MAX)(text);
        number.map(Self::Number).map_err(|_| {
            "runs are numbered from 1, and the newest is last; claude-worker status ID lists them"
                .to_owned()
        })
    }
}

/// Shows the logs.
///
/// # Errors
/// `not_found` for the task, the run, or output that was deleted.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let ids = if args.tasks.is_empty() {
        vec![super::newest_named(api, console, "log").await?]
    } else {
        resolve(api, &args.tasks, "logs", Changeable::Every).await?
    };
    match ids[..] {
        [] => console.remark("No task matches").map(|()| Exit::Done),
        [id] => one(api, console, args, id).await,
        _ => several::execute(api, console, args, &ids).await,
    }
}

async fn one(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
    id: TaskId,
) -> Result<Exit, CliError> {
    if args.raw || args.stderr {
        let run = match args.run() {
            Some(number) => Some(run_of(api, id, number).await?.id),
            None => None,
        };
        return raw::raw(api, console, args, id, run).await;
    }
    if args.follow && args.run().is_none() {
        let after = super::newest_run(api, id).await?.saturating_sub(1);
        let beginning = Beginning { after, tail: args.tail(), shown: args.shown(console) };
        let watched = super::watch_from(api, console, id, beginning).await?;
        return Ok(match watched {
            watch::Watched::Finished(_) => Exit::Done,
            watch::Watched::Interrupted(by) => by.into(),
        });
    }
    readable(api, console, args, id, &mut |console, text| console.print(text)).await
}

impl Args {
    /// How many of the last lines are shown, if not all.
    fn tail(&self) -> Option<u32> {
        match self.tail {
            None | Some(Tail::All) => None,
            Some(Tail::Lines(count)) => Some(count),
        }
    }

    /// The number of the run, if it is not the newest.
    fn run(&self) -> Option<u32> {
        match self.run {
            None | Some(ChosenRun::Newest) => None,
            Some(ChosenRun::Number(number)) => Some(number),
        }
    }

    /// Which entries are shown, for a run of which the beginning is not known yet.
    fn shown(&self, console: &Console<'_>) -> Shown {
        Shown {
            since: self.since.map(|since| since.resolve(console.now(), &console.zone())),
            began: None,
            times: self.timestamps.then(|| console.zone()),
        }
    }
}

async fn run_of(api: &impl TaskApi, id: TaskId, number: u32) -> Result<Run, ApiError> {
    run_in(api.get(id, TaskQuery::default()).await?, number)
}

/// The run of this number.
///
/// # Errors
/// `not_found` when the task has no such run.
pub(super) fn run_in(detail: TaskDetail, number: u32) -> Result<Run, ApiError> {
    let (id, runs) = (detail.task.id, detail.run_history.len());
    detail.run_history.into_iter().find(|run| run.number == number).ok_or_else(|| {
        ApiError::new(ErrorCode::NotFound, format!("Task {id} has no run {number}"))
            .hint(format!("It has had {runs}; claude-worker status {id} lists them"))
    })
}

/// The run to show: the one that was asked for, or, where its times are needed, the newest.
async fn wanted_run(api: &impl TaskApi, args: &Args, id: TaskId) -> Result<Option<Run>, ApiError> {
    if let Some(number) = args.run() {
        return run_of(api, id, number).await.map(Some);
    }
    if args.since.is_none() && !args.timestamps {
        return Ok(None);
    }
    Ok(api.get(id, TaskQuery::default()).await?.run_history.pop())
}

/// When a run whose output has no times began and ended.
fn run_times(console: &Console<'_>, run: &Run) -> String {
    let zone = console.zone();
    let mut words = "The output of a shell command has no times. The run ".to_owned();
    match run.started_at {
        Some(at) => words += &format!("began {}", zone.full(at)),
        None => words += "has not begun",
    }
    if let Some(outcome) = &run.outcome {
        words += &format!(" and ended {}", zone.full(outcome.ended_at));
    }
    words
}

/// How rendered lines are written.
type Print<'a> = &'a mut dyn FnMut(&mut Console<'_>, &str) -> Result<(), CliError>;

/// Prints one run's log to its current end or, when followed, until the run has ended.
async fn readable(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
    id: TaskId,
    print: Print<'_>,
) -> Result<Exit, CliError> {
    let reconnect = Reconnect::while_following();
    let task = reconnect.call(|| api.row(id)).await?;
    let run = wanted_run(api, args, id).await?;
    let mut shown = args.shown(console);
    shown.began = run.as_ref().and_then(|run| run.started_at);
    if let Some(run) = run.as_ref().filter(|_| can(task.agent, Capability::CommandLine)) {
        if args.timestamps && !console.json {
            console.notice(&run_times(console, run));
            shown.times = None;
        }
        let ended = run.outcome.as_ref().map(|outcome| outcome.ended_at);
        if shown.since.take().is_some_and(|since| ended.is_some_and(|ended| ended < since)) {
            return nothing_since(console, args, id);
        }
    }
    let form = if console.json { Form::Json } else { Form::Text };
    let run: Option<RunId> = run.map(|run| run.id);
    let mut log = LogText::new(console.view.paint);
    let (mut place, offset, mut seen) = match args.tail() {
        None => (Some(Place::new(run)), 0, false),
        Some(count) => {
            let shown = shown.clone();
            let source = Source { id, run, agent: task.agent, form, shown };
            let mut last = last_lines(api, &reconnect, &source, &mut log, count).await?;
            if let Some(line) = last.unfinished.filter(|_| !args.follow) {
                last.text += &format!("{line}\n");
            }
            print(console, &last.text)?;
            // Without following, what is there now is all.
            let next = last.next.filter(|_| args.follow);
            let offset = next.as_ref().map_or(0, Place::offset);
            (next, offset, !last.text.is_empty() || count == 0)
        }
    };
    let transcript = Transcript::at(task.agent, form, offset, shown);
    let reader = Reader { transcript, log, text: String::new() };
    if let Some(place) = &mut place {
        seen |= read_on(api, console, &reconnect, args, id, place, reader, print).await?;
    }
    if console.view.terminal && seen {
        // So that a person sees how the task ended.
        let detail = reconnect.call(|| api.get(id, TaskQuery::default())).await?;
        if detail.task.state.is_finished() {
            show_ending(console, &detail, print)?;
            super::mark_seen(api, console, &[&detail.task]).await;
        }
    }
    if !seen && !console.json {
        if args.since.is_some() {
            return nothing_since(console, args, id);
        }
        let task = reconnect.call(|| api.row(id)).await?;
        console.remark(&match task_line::verdict(&task.state) {
            verdict if verdict.is_empty() => format!("Task {id} has printed nothing yet"),
            verdict => format!("Task {id} has printed nothing: {verdict}"),
        })?;
    }
    Ok(Exit::Done)
}

fn show_ending(
    console: &mut Console<'_>,
    detail: &TaskDetail,
    print: Print<'_>,
) -> Result<(), CliError> {
    let ending = detail::ending(detail, console.view.paint);
    print(console, &format!("\n{}\n", ending.trim_end()))
}

fn nothing_since(console: &mut Console<'_>, args: &Args, id: TaskId) -> Result<Exit, CliError> {
    let since = args.shown(console).since.unwrap_or_default();
    let since = console.zone().clock(since, console.now());
    if !console.json {
        console.remark(&format!("Task {id} has printed nothing since {since}"))?;
    }
    Ok(Exit::Done)
}

/// Reads and prints from this place on. Returns whether there was anything.
#[expect(clippy::too_many_arguments, reason = "the loop of `readable`, apart for its length")]
async fn read_on(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    reconnect: &Reconnect,
    args: &Args,
    id: TaskId,
    place: &mut Place,
    mut reader: Reader,
    print: Print<'_>,
) -> Result<bool, CliError> {
    let wait_ms = if args.follow { WAIT_MS } else { 0 };
    let mut seen = false;
    let mut part = place.next(api, reconnect, id, wait_ms).await?;
    loop {
        if part.bytes.len() == CHUNK as usize {
            // There is probably more: request it while this part is rendered.
            let read = spawn_blocking(move || reader.read(&part));
            // Without waiting, because the rendered text would wait too.
            let (next, read) = tokio::join!(place.next(api, reconnect, id, 0), read);
            reader = read.unwrap_or_else(|error| resume_unwind(error.into_panic()));
            seen |= !reader.text.is_empty();
            print(console, &reader.text)?;
            part = next?;
            continue;
        }
        let read_all = args.since.is_none() && !part.bytes.is_empty();
        reader = reader.read(&part);
        seen |= read_all || !reader.text.is_empty();
        print(console, &reader.text)?;
        if part.end {
            return Ok(seen);
        }
        if !part.counts() && !args.follow {
            // The end of what there is now, which may be a question without a line end.
            let line = reader.transcript.current_line(&mut reader.log);
            if let Some(line) = line.filter(|_| !console.json) {
                seen = true;
                print(console, &format!("{line}\n"))?;
            }
            return Ok(seen);
        }
        part = place.next(api, reconnect, id, wait_ms).await?;
    }
}

/// Renders a log part by part.
struct Reader {
    transcript: Transcript,
    log: LogText,
    text: String,
}

impl Reader {
    /// Renders this part into the buffer.
    fn read(mut self, part: &Part) -> Self {
        self.text.clear();
        self.transcript.read(part, &mut self.log, &mut self.text);
        self
    }
}
