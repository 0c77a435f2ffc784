//! `top`: a full-screen view of the tasks, with keys.
//!
//! One loop waits for keys, for answers and events of the engine, and for the next second, because clocks go
//! on. It never waits for an answer alone: `requests` has the requests that are under way. Keys are read on a
//! thread, because a terminal can only be read by waiting. `state` decides what a key does and `view` what is
//! on the screen; both are pure. `terminal` writes it, and `guard` gives the terminal back.

mod command;
mod guard;
mod log_page;
mod requests;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
mod view;

use std::io::IsTerminal;
use std::pin::pin;
use std::time::Duration;

use claude_worker_api::TaskApi;
use claude_worker_client::Reconnect;
use crossterm::event::{Event, KeyEvent, KeyEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::follow::Changes;
use crate::interrupt::interrupted;
use requests::{Answer, Current, Requests, current};
use state::{Action, Mode, Top};
use terminal::Terminal;

/// Tasks are read at most this often, however much happens.
const READ_EVERY: Duration = Duration::from_millis(500);

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
            "Without keys: claude-worker list --watch; for a program: claude-worker list --json",
        ));
    }
    let reconnect = Reconnect::while_following();
    // Before the screen is taken, so that an error is seen in its usual place.
    let mut shown = Shown::new(current(api).await?);
    let changes = Changes::begin(api, &reconnect).await?;
    let mut interrupt = pin!(interrupted());
    // It takes the signals when it is polled first: before a signal would leave the terminal as it is.
    tokio::select! {
        biased;
        by = &mut interrupt => return Ok(by.into()),
        () = std::future::ready(()) => {}
    }
    let mut keys = keys();
    let mut requests = Requests::new(api);
    let mut screen = TerminalScreen { console, terminal: Some(enter(console)?) };
    let ended = tokio::select! {
        by = &mut interrupt => Ok(by.into()),
        ended = run(&reconnect, changes, &mut requests, &mut shown, &mut keys, &mut screen) => ended,
    };
    drop(screen);
    for words in requests.unanswered() {
        console.notice(&words);
    }
    ended
}

/// What is shown.
struct Shown {
    top: Top,
    queue: view::Queue,
}

/// Where it is shown.
trait Screen {
    fn draw(&mut self, shown: &Shown, engine: view::Engine) -> Result<(), CliError>;

    /// Its size.
    fn area(&self) -> Rect;

    /// Has everything drawn anew with the next frame.
    fn forget(&mut self);

    /// Gives the screen back to the shell until it continues this program.
    fn suspend(&mut self) -> Result<(), CliError>;
}

/// A key, or none for a new size of the terminal.
type Keys = mpsc::Receiver<Option<KeyEvent>>;

async fn run<A: TaskApi>(
    reconnect: &Reconnect,
    mut changes: Changes<'_, A>,
    requests: &mut Requests<'_, A>,
    shown: &mut Shown,
    keys: &mut Keys,
    screen: &mut impl Screen,
) -> Result<Exit, CliError> {
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
            requests.read_changed(shown.top.log_task());
            let engine = view::Engine { is_away: reconnect.is_away(), is_slow: requests.is_slow() };
            let (columns, rows) = view::log_size(screen.area());
            shown.top.fit_log(columns, rows);
            screen.draw(shown, engine)?;
            tokio::select! {
                changed = &mut changed => {
                    drop(changed?);
                    requests.changed();
                    break;
                }
                _ = tick.tick() => {}
                answer = requests.next() => shown.take(answer),
                event = keys.recv() => match event {
                    // The terminal was closed.
                    None => return Ok(Exit::HungUp),
                    Some(None) => {}
                    Some(Some(key)) => match press(shown, key, screen) {
                        Action::Draw => {}
                        Action::Quit => return Ok(Exit::Done),
                        Action::Interrupt => return Ok(Exit::Interrupted),
                        Action::Suspend => screen.suspend()?,
                        Action::Redraw => screen.forget(),
                        Action::ReadLog(id) => requests.read_log(id),
                        Action::Ask(command) => if !requests.command(command) {
                            shown.top.message = Some(STILL_ASKING.to_owned());
                        }
                    }
                },
            }
        }
    }
}

/// Carries out a key. Another view is drawn anew: terminals take another number of columns for some characters
/// than is computed here, so that parts of them would stay.
fn press(shown: &mut Shown, key: KeyEvent, screen: &mut impl Screen) -> Action {
    let before = std::mem::discriminant(&shown.top.mode);
    let action = shown.top.key(key);
    if std::mem::discriminant(&shown.top.mode) != before {
        screen.forget();
    }
    action
}

/// After a key that was not carried out.
const STILL_ASKING: &str = "The engine has not answered yet; press the key again later";

impl Shown {
    fn new(current: Current) -> Self {
        let mut shown = Self { top: Top::default(), queue: view::Queue::default() };
        shown.set(current);
        shown
    }

    fn set(&mut self, current: Current) {
        self.top.set_tasks(current.tasks);
        self.top.paused = current.paused;
        self.queue = current.queue;
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Tasks(Some(current)) => self.set(*current),
            // What cannot be read now stays as it was.
            Answer::Tasks(None) | Answer::Slow => {}
            Answer::Command(words) | Answer::Overdue(words) => self.top.message = Some(words),
            Answer::Log(of, read) => match (read, &mut self.top.mode) {
                (Ok(read), Mode::Log { id, page }) if *id == of => page.set_lines(read),
                (Err(words), Mode::Log { id, .. }) if *id == of => self.top.message = Some(words),
                // It is not on the screen any more.
                _ => {}
            },
        }
    }
}

/// The terminal; none while it is given back to the shell.
struct TerminalScreen<'a, 'b> {
    console: &'a Console<'b>,
    terminal: Option<Terminal>,
}

impl Screen for TerminalScreen<'_, '_> {
    fn draw(&mut self, shown: &Shown, engine: view::Engine) -> Result<(), CliError> {
        let Self { console, terminal } = self;
        let page =
            view::Page { now: console.now(), zone: console.zone(), paint: console.view.paint };
        if let Some(terminal) = terminal {
            terminal.draw(area(console), |frame| shown.draw(frame, engine, &page))?;
        }
        Ok(())
    }

    fn area(&self) -> Rect {
        area(self.console)
    }

    fn forget(&mut self) {
        self.terminal.iter_mut().for_each(Terminal::forget);
    }

    fn suspend(&mut self) -> Result<(), CliError> {
        drop(self.terminal.take());
        claude_worker_os::signal::suspend();
        self.terminal = Some(enter(self.console)?);
        Ok(())
    }
}

impl Shown {
    fn draw(&self, frame: &mut Frame<'_>, engine: view::Engine, page: &view::Page) {
        view::draw(frame, &self.top, &self.queue, engine, page);
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

/// Keys as they are pressed.
fn keys() -> Keys {
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
