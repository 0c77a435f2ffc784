//! `top`: a full-screen view of the tasks, with keys.
//!
//! One loop waits for keys, for events of the engine, and for the next second, because clocks go on. Keys
//! are read on a thread, because a terminal can only be read by waiting. `state` decides what a key does
//! and `view` what is on the screen; both are pure. `terminal` writes it, and `guard` gives the terminal back.

mod guard;
mod state;
mod terminal;
mod view;

use std::io::IsTerminal;
use std::pin::pin;
use std::time::Duration;

use claude_worker_api::{
    ApiError, ListQuery, Order, Pause, Retry, Status, TaskApi, TaskApiExt, TaskId,
};
use claude_worker_client::Reconnect;
use crossterm::event::{Event, KeyEvent, KeyEventKind};
use ratatui::layout::Rect;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::follow::Changes;
use crate::interrupt::interrupted;
use crate::render::Paint;
use crate::render::delay::Delay;
use crate::render::log::LogText;
use crate::transcript::last_lines::{Source, last_lines};
use crate::transcript::{Form, Shown};
use state::{Action, Mode, Top};
use terminal::Terminal;

/// How many unfinished tasks are shown, and how many that have ended.
const MOST_TASKS: u32 = 200;
/// Tasks are read at most this often, however much happens.
const READ_EVERY: Duration = Duration::from_millis(500);
/// How long the engine may take for what a key asks for.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How many lines of a log can be scrolled through.
const LOG_LINES: u32 = 1000;

/// The arguments of `top`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Shows the view until q.
///
/// # Errors
/// A usage error without a terminal; when no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    _: &Args,
) -> Result<Exit, CliError> {
    if !console.view.terminal || console.json || !std::io::stdin().is_terminal() {
        return Err(CliError::usage(
            "top needs a terminal for its screen and its keys",
            "Without keys: claude-worker list --watch. For a program: claude-worker list --json",
        ));
    }
    let reconnect = Reconnect::while_following();
    // Before the screen is taken, so that an error is seen in its usual place.
    let mut read = Read { top: Top::default(), queue: view::Queue::default() };
    read.refresh(api).await?;
    let changes = Changes::begin(api, &reconnect).await?;
    let mut interrupt = pin!(interrupted());
    // It takes the signals when it is polled first: before a signal would leave the terminal as it is.
    tokio::select! {
        biased;
        by = &mut interrupt => return Ok(by.into()),
        () = std::future::ready(()) => {}
    }
    let mut terminal = Some(enter(console)?);
    let ended = tokio::select! {
        by = &mut interrupt => Ok(by.into()),
        ended = run(api, console, &reconnect, changes, &mut read, &mut terminal) => ended,
    };
    drop(terminal);
    ended
}

/// What is shown.
struct Read {
    top: Top,
    queue: view::Queue,
}

async fn run<A: TaskApi>(
    api: &A,
    console: &Console<'_>,
    reconnect: &Reconnect,
    mut changes: Changes<'_, A>,
    read: &mut Read,
    terminal: &mut Option<Terminal>,
) -> Result<Exit, CliError> {
    let mut keys = keys();
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut changed = pin!(async {
            let changed = changes.any().await;
            // What happens within this time is shown together.
            sleep(READ_EVERY).await;
            changed
        });
        loop {
            read.queue.away = reconnect.is_away();
            if let Some(terminal) = terminal {
                read.draw(terminal, console)?;
            }
            tokio::select! {
                changed = &mut changed => {
                    changed?;
                    read.refresh_all(api).await;
                    break;
                }
                _ = tick.tick() => {}
                event = keys.recv() => match event {
                    // The terminal was closed.
                    None => return Ok(Exit::HungUp),
                    Some(None) => {}
                    Some(Some(key)) => {
                        let action = read.top.key(key);
                        match action {
                            Action::Quit => return Ok(Exit::Done),
                            Action::Interrupt => return Ok(Exit::Interrupted),
                            Action::Suspend => {
                                drop(terminal.take());
                                claude_worker_os::signal::suspend();
                                *terminal = Some(enter(console)?);
                            }
                            Action::Redraw => {
                                terminal.iter_mut().for_each(Terminal::forget);
                            }
                            action => read.act(api, action).await,
                        }
                    }
                },
            }
        }
    }
}

fn enter(console: &Console<'_>) -> Result<Terminal, CliError> {
    Ok(Terminal::enter(area(console), console.view.paint.colour)?)
}

/// The whole terminal.
fn area(console: &Console<'_>) -> Rect {
    let cells = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    Rect::new(0, 0, cells(console.width()), cells(console.rows()))
}

/// Keys as they are pressed; `None` for a new size of the terminal.
fn keys() -> mpsc::Receiver<Option<KeyEvent>> {
    let (sender, keys) = mpsc::channel(16);
    std::thread::spawn(move || {
        // Until the terminal is closed, or this program ends.
        while let Ok(event) = crossterm::event::read() {
            let key = match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => Some(key),
                Event::Resize(..) => None,
                _ => continue,
            };
            if sender.blocking_send(key).is_err() {
                return;
            }
        }
    });
    keys
}

impl Read {
    /// Reads the tasks and the queue.
    async fn refresh(&mut self, api: &impl TaskApi) -> Result<(), ApiError> {
        let of = |finished: bool| -> Vec<Status> {
            Status::ALL.into_iter().filter(|status| status.is_finished() == finished).collect()
        };
        let unfinished = ListQuery {
            statuses: of(false),
            limit: Some(MOST_TASKS),
            order: Order::OldestFirst,
            ..ListQuery::default()
        };
        let ended = ListQuery {
            statuses: of(true),
            limit: Some(MOST_TASKS),
            order: Order::EndedLast,
            ..ListQuery::default()
        };
        let page = api.list(unfinished).await?;
        let mut tasks = page.tasks;
        tasks.extend(api.list(ended).await?.tasks);
        let engine = api.engine().await?;
        self.top.set_tasks(tasks);
        self.top.paused = engine.queue.paused;
        self.queue.counts = page.counts;
        self.queue.delay = Delay::of_queue(&engine);
        Ok(())
    }

    /// Reads what is on the screen again. What cannot be read now stays as it was.
    async fn refresh_all(&mut self, api: &impl TaskApi) {
        drop(timeout(ANSWER_WITHIN, self.refresh(api)).await);
        if let Mode::Log { id, .. } = self.top.mode {
            self.act(api, Action::ReadLog(id)).await;
        }
    }

    fn draw(&self, terminal: &mut Terminal, console: &Console<'_>) -> Result<(), CliError> {
        let page =
            view::Page { now: console.now(), zone: console.zone(), paint: console.view.paint };
        let drawn =
            terminal.draw(area(console), |frame| view::draw(frame, &self.top, &self.queue, &page));
        Ok(drawn?)
    }

    /// Asks the engine for what a key means.
    async fn act(&mut self, api: &impl TaskApi, action: Action) {
        let done = timeout(ANSWER_WITHIN, async {
            match action {
                Action::Cancel(id) => {
                    api.cancel(id).await?;
                    Ok(Some(format!("Task {id} is being stopped")))
                }
                Action::Retry(id) => {
                    api.retry(id, Retry::default()).await?;
                    Ok(Some(format!("Task {id} is in the queue again")))
                }
                Action::SetPaused(paused) => {
                    api.set_paused(Pause { paused }).await?;
                    Ok(Some(
                        if paused { "The queue is paused" } else { "The queue goes on" }.into(),
                    ))
                }
                Action::ReadLog(id) => {
                    let read = log(api, id).await?;
                    if let Mode::Log { lines, .. } = &mut self.top.mode {
                        *lines = read;
                    }
                    Ok(None)
                }
                Action::Draw
                | Action::Redraw
                | Action::Quit
                | Action::Interrupt
                | Action::Suspend => Ok(None),
            }
        });
        let message = match done.await {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => {
                let error: ApiError = error;
                Some(error.message)
            }
            Err(_) => Some("The engine does not answer".to_owned()),
        };
        if matches!(action, Action::Cancel(_) | Action::Retry(_) | Action::SetPaused(_)) {
            drop(timeout(ANSWER_WITHIN, self.refresh(api)).await);
        }
        self.top.message = message.or_else(|| self.top.message.take());
    }
}

/// The last lines of a task's log.
async fn log(api: &impl TaskApi, id: TaskId) -> Result<Vec<String>, ApiError> {
    let reconnect = Reconnect::while_following();
    let agent = api.row(id).await?.agent;
    let source = Source { id, run: None, agent, form: Form::Text, shown: Shown::default() };
    // Lines are cut to the page, so colours could be cut, too.
    let mut text = LogText::new(Paint { colour: false, symbols: true });
    let last = last_lines(api, &reconnect, &source, &mut text, LOG_LINES).await?;
    Ok(last.text.lines().map(str::to_owned).collect())
}
