//! The logs of several tasks, each line with the number of its task.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::pin::{Pin, pin};

use claude_worker_api::{TaskApi, TaskId};
use claude_worker_client::Reconnect;
use tokio::sync::mpsc;

use super::super::refuse_line;
use super::{Args, readable};
use crate::console::Console;
use crate::delays::Delays;
use crate::error::CliError;
use crate::exit::Exit;
use crate::follow::{Follower, Step};
use crate::interrupt::interrupted;
use crate::render::Paint;
use crate::render::detail;
use crate::render::log::LogText;
use crate::transcript::last_lines::{Source, last_lines};
use crate::transcript::{Form, Place, Shown, Transcript};

/// How many tasks are followed at once: each takes a connection to the engine.
const MOST_FOLLOWED: usize = 64;

/// Shows the logs one after the other, or follows all of them at once.
pub(super) async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
    ids: &[TaskId],
) -> Result<Exit, CliError> {
    let option = [("--run", args.run().is_some()), ("--raw", args.raw), ("--stderr", args.stderr)];
    if let Some((option, _)) = option.iter().find(|(_, given)| *given) {
        return Err(CliError::usage(
            format!("{option} is for one task"),
            format!("Name one: claude-worker logs {} {option}", ids[0]),
        ));
    }
    if !args.follow {
        let mut exit = Exit::Done;
        for (place, id) in ids.iter().enumerate() {
            let label = Label::new(ids, place, console);
            let mut print = |console: &mut Console<'_>, text: &str| {
                let text = label.put_before(text);
                console.print(&text)
            };
            match readable(api, console, args, *id, &mut print).await {
                Ok(_) => {}
                Err(CliError::Api(error)) => {
                    exit = exit.or(refuse_line(console, ("task", *id), &error)?);
                }
                Err(other) => return Err(other),
            }
        }
        return Ok(exit);
    }
    if ids.len() > MOST_FOLLOWED {
        return Err(CliError::usage(
            format!(
                "These are {} tasks, and at most {MOST_FOLLOWED} can be followed at once",
                ids.len()
            ),
            "Name fewer, or leave --follow out",
        ));
    }
    follow(api, console, args, ids).await
}

/// Follows all tasks until each has finished.
async fn follow(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
    ids: &[TaskId],
) -> Result<Exit, CliError> {
    let reconnect = Reconnect::while_following();
    let labels: Vec<Label> = (0..ids.len()).map(|place| Label::new(ids, place, console)).collect();
    let form = if console.json { Form::Json } else { Form::Text };
    let (paint, shown) = (console.view.paint, args.shown(console));
    // Bounded, so that logs are read only as fast as they can be written.
    let (sender, mut lines) = mpsc::channel(16);
    let mut readers: Vec<Reader<'_>> = Vec::new();
    for (place, id) in ids.iter().enumerate() {
        let sender = sender.clone();
        let (reconnect, shown) = (&reconnect, shown.clone());
        readers.push(Box::pin(async move {
            let read = read(api, reconnect, *id, args.tail(), form, paint, shown, |text| {
                let sender = sender.clone();
                async move { drop(sender.send((place, Ok(text))).await) }
            });
            if let Err(error) = read.await {
                drop(sender.send((place, Err(error))).await);
            }
        }));
    }
    drop(sender);
    let mut all = pin!(poll_fn(|context| {
        readers.retain_mut(|reader| reader.as_mut().poll(context).is_pending());
        if readers.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    }));
    let mut interrupt = pin!(interrupted());
    let mut delays = Delays::beside_the_log();
    let (mut exit, mut reading) = (Exit::Done, true);
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                Some((place, Ok(text))) => console.print(&labels[place].put_before(&text))?,
                Some((place, Err(CliError::Api(error)))) => {
                    exit = exit.or(refuse_line(console, ("task", ids[place]), &error)?);
                }
                Some((_, Err(error))) => return Err(error),
                None => return Ok(exit),
            },
            () = &mut all, if reading => reading = false,
            by = &mut interrupt => return Ok(by.into()),
            () = delays.due() => {
                let (now, zone) = (console.now(), console.zone());
                for words in delays.look(api, &reconnect, ids, now, &zone).await {
                    console.notice(&words);
                }
            }
        }
    }
}

type Reader<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Reads one task's log from its newest run on until the task has finished.
#[expect(clippy::too_many_arguments, reason = "what each reader has of its own")]
async fn read<F: Future<Output = ()>>(
    api: &impl TaskApi,
    reconnect: &Reconnect,
    id: TaskId,
    mut tail: Option<u32>,
    form: Form,
    paint: Paint,
    shown: Shown,
    send: impl Fn(String) -> F,
) -> Result<(), CliError> {
    let after = super::super::newest_run(api, id).await?.saturating_sub(1);
    let mut follower = Follower::begin(api, reconnect, id, after).await?;
    let mut log = LogText::new(paint);
    let mut transcript = None;
    loop {
        match follower.next().await? {
            Step::Queued(_) => {}
            Step::Run(detail, run) => {
                let agent = detail.task.agent;
                let shown = Shown { began: run.started_at, ..shown.clone() };
                let mut offset = 0;
                if let Some(count) = tail.take() {
                    let run = Some(run.id.clone());
                    let source = Source { id, run, agent, form, shown: shown.clone() };
                    let last = last_lines(api, reconnect, &source, &mut log, count).await?;
                    offset = last.next.as_ref().map_or(0, Place::offset);
                    follower.go_on_at(last.next);
                    send(last.text).await;
                } else if run.number > 1 && form == Form::Text {
                    send(log.run_heading(&run)).await;
                }
                transcript = Some(Transcript::at(agent, form, offset, shown));
            }
            Step::Output(part) => {
                let Some(transcript) = &mut transcript else { continue };
                let mut text = String::new();
                transcript.read(&part, &mut log, &mut text);
                if !text.is_empty() {
                    send(text).await;
                }
            }
            Step::Finished(detail) => {
                if form == Form::Text {
                    send(detail::ending(&detail, paint)).await;
                }
                return Ok(());
            }
        }
    }
}

/// What stands before each line of a task.
enum Label {
    /// `12 | `, in a colour of its own.
    Text(String),
    /// In JSON, another field.
    Json(TaskId),
}

impl Label {
    fn new(ids: &[TaskId], place: usize, console: &Console<'_>) -> Self {
        let id = ids[place];
        if console.json {
            return Self::Json(id);
        }
        let width = ids.iter().map(|id| id.to_string().len()).max().unwrap_or(0);
        let label = format!("{id:>width$} |", id = id.to_string());
        Self::Text(console.view.paint.one_of_many(place, &label))
    }

    /// The text, which is whole lines, with the label before each.
    fn put_before(&self, text: &str) -> String {
        let mut labelled = String::with_capacity(text.len() * 2);
        for line in text.lines() {
            let _ = match (self, line.strip_prefix('{')) {
                (Self::Json(id), Some(fields)) => writeln!(labelled, "{{\"task\":{id},{fields}"),
                (Self::Text(label), _) if line.is_empty() => writeln!(labelled, "{label}"),
                (Self::Text(label), _) => writeln!(labelled, "{label} {line}"),
                (Self::Json(_), None) => writeln!(labelled, "{line}"),
            };
        }
        labelled
    }
}
