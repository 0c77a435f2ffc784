//! `logs`: shows a task's log as a conversation, or its raw output.

use std::panic::resume_unwind;
use std::pin::pin;

use claude_worker_api::{
    ApiError, ErrorCode, OutputQuery, OutputStream, RunId, TaskApi, TaskApiExt, TaskId, TaskQuery,
};
use tokio::task::spawn_blocking;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::follow::WAIT_MS;
use crate::interrupt::interrupted;
use crate::render::detail;
use crate::render::log::LogText;
use crate::render::text::reveal;
use crate::transcript::{CHUNK, Form, Part, Place, Transcript};
use crate::watch;
use claude_worker_client::Reconnect;

/// The arguments of `logs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    pub id: TaskId,
    /// Follow the log until the task has finished
    #[arg(short, long)]
    pub follow: bool,
    /// The raw output of the agent, byte for byte (on a terminal, control characters are shown as
    /// symbols)
    #[arg(long, conflicts_with = "json")]
    pub raw: bool,
    /// The run with this number instead of the newest
    #[arg(long, value_name = "N")]
    pub run: Option<u32>,
    /// The raw output on standard error
    #[arg(long, conflicts_with = "json")]
    pub stderr: bool,
}

/// Shows the log.
///
/// # Errors
/// `not_found` for the task, the run, or output that was deleted.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let run = match args.run {
        Some(number) => Some(run_id(api, args.id, number).await?),
        None => None,
    };
    if args.raw || args.stderr {
        return raw(api, console, args, run).await;
    }
    if args.follow && run.is_none() {
        let newest = super::newest_run(api, args.id).await?;
        let watched = super::watch_from(api, console, args.id, newest.saturating_sub(1)).await?;
        return Ok(match watched {
            watch::Watched::Finished(_) => Exit::Done,
            watch::Watched::Interrupted(by) => by.into(),
        });
    }
    readable(api, console, args, run).await
}

async fn run_id(api: &impl TaskApi, id: TaskId, number: u32) -> Result<RunId, ApiError> {
    let detail = api.get(id, TaskQuery::default()).await?;
    let runs = detail.run_history.len();
    detail.run_history.into_iter().find(|run| run.number == number).map(|run| run.id).ok_or_else(
        || {
            ApiError::new(ErrorCode::NotFound, format!("Task {id} has no run {number}"))
                .hint(format!("It has had {runs}; claude-worker status {id} lists them"))
        },
    )
}

/// Prints one run's log to its current end or, when followed, until the run has ended.
async fn readable(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
    run: Option<RunId>,
) -> Result<Exit, CliError> {
    let reconnect = Reconnect::while_following();
    let agent = reconnect.call(|| api.row(args.id)).await?.agent;
    let form = if console.json { Form::Json } else { Form::Text };
    let mut reader = Reader {
        transcript: Transcript::new(agent, form),
        log: LogText::new(console.view.paint),
        text: String::new(),
    };
    let wait_ms = if args.follow { WAIT_MS } else { 0 };
    let mut place = Place::new(run);
    let mut seen = false;
    let mut part = place.next(api, &reconnect, args.id, wait_ms).await?;
    loop {
        seen |= !part.bytes.is_empty();
        if part.bytes.len() == CHUNK as usize {
            // There is probably more: request it while this part is rendered.
            let read = spawn_blocking(move || reader.read(&part));
            // Without waiting, because the rendered text would wait too.
            let (next, read) = tokio::join!(place.next(api, &reconnect, args.id, 0), read);
            reader = read.unwrap_or_else(|error| resume_unwind(error.into_panic()));
            console.print(&reader.text)?;
            part = next?;
            continue;
        }
        reader = reader.read(&part);
        console.print(&reader.text)?;
        if part.end || (!part.counts() && !args.follow) {
            break;
        }
        part = place.next(api, &reconnect, args.id, wait_ms).await?;
    }
    if console.view.terminal && seen {
        // So that a person sees how the task ended.
        let task = reconnect.call(|| api.row(args.id)).await?;
        if task.state.is_finished() {
            let ending = detail::ending(&task, console.view.paint);
            console.remark(&format!("\n{}", ending.trim_end()))?;
            super::mark_seen(api, console, &[&task]).await;
        }
    }
    if !seen && !console.json {
        console.remark(&format!("Task {} has printed nothing yet", args.id))?;
    }
    Ok(Exit::Done)
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

async fn raw(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
    run: Option<RunId>,
) -> Result<Exit, CliError> {
    let stream = if args.stderr { OutputStream::Stderr } else { OutputStream::Stdout };
    let wait_ms = if args.follow { WAIT_MS } else { 0 };
    let query = OutputQuery { run, stream, offset: 0, limit: Some(CHUNK), wait_ms };
    output(api, console, args.id, query).await
}

/// Prints the whole standard output of a finished task's newest run.
pub(crate) async fn whole_output(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
) -> Result<(), CliError> {
    let query = OutputQuery { limit: Some(CHUNK), ..OutputQuery::default() };
    output(api, console, id, query).await.map(drop)
}

/// Prints the raw output to its current end or, when the query waits, until the run has ended.
async fn output(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    id: TaskId,
    mut query: OutputQuery,
) -> Result<Exit, CliError> {
    let reconnect = Reconnect::while_following();
    let follow = query.wait_ms > 0;
    let mut decoder = Decoder::default();
    // Without `--follow` there is nothing to say, and the signal ends the process as usual.
    let mut interrupt =
        pin!(async { if follow { interrupted().await } else { std::future::pending().await } });
    loop {
        let chunk = tokio::select! {
            chunk = reconnect.call(|| api.output(id, query.clone())) => chunk?,
            by = &mut interrupt => return Ok(by.into()),
        };
        if console.view.terminal {
            let text = decoder.text(&chunk.bytes);
            console.print(&reveal(&text))?;
        } else {
            console.out.write_all(&chunk.bytes)?;
            console.out.flush()?;
        }
        let stands = chunk.next == query.offset && chunk.bytes.is_empty();
        if chunk.end || (stands && !follow) {
            return Ok(Exit::Done);
        }
        query = OutputQuery { run: chunk.run, offset: chunk.next, ..query };
    }
}

/// Turns chunks of bytes into text. A chunk can end in the middle of a character.
#[derive(Debug, Default)]
struct Decoder {
    rest: Vec<u8>,
}

impl Decoder {
    fn text(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        // At most three bytes at the end can be an incomplete character.
        let tail = all.len().saturating_sub(3);
        let cut = (tail..all.len())
            .find(|at| {
                std::str::from_utf8(&all[*at..])
                    .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
            })
            .unwrap_or(all.len());
        self.rest = all.split_off(cut);
        String::from_utf8_lossy(&all).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_may_be_divided_between_chunks() {
        let text = "aé日👩b";
        for cut in 0..=text.len() {
            let (first, second) = text.as_bytes().split_at(cut);
            let mut decoder = Decoder::default();
            let whole = decoder.text(first) + &decoder.text(second);
            assert_eq!(whole, text, "cut at {cut}");
        }
        assert_eq!(Decoder::default().text(b"a\xff\xfeb"), "a\u{fffd}\u{fffd}b");
    }
}
