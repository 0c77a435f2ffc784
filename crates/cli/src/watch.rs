//! The live view of one task: its log as it grows, and on a terminal a status line below it that is
//! redrawn in place.
//!
//! Erasing the status line and writing the new text is one write, so that nothing flickers. The line is
//! never wider than the page, so that it wraps only when the terminal is made narrower, and then all its rows
//! are erased. The terminal stays in its normal mode, so that a
//! crash leaves nothing to restore.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::time::Duration;

use claude_worker_api::{LogItem, State, Task, TaskApi, TaskApiExt, TaskDetail, TaskId, Timestamp};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::console::Console;
use crate::delays::Delays;
use crate::error::CliError;
use crate::exit::Exit;
use crate::follow::{Follower, Step};
use crate::interrupt::Interruption;
use crate::partial_line::PartialLine;
use crate::render::action::action;
use crate::render::log::LogText;
use crate::render::text::{clean_line, single_emoji, truncate, width};
use crate::render::{Paint, Tone, detail, figures, task_line, tone_of};
use crate::taskbar::Progress;
use crate::transcript::last_lines::{Source, last_lines};
use crate::transcript::{Form, Place, Shown, Transcript};
use claude_worker_client::Reconnect;

/// How long the view waits for the task to be read again.
const REFRESH_LIMIT: Duration = Duration::from_millis(200);
const ERASE_LINE: &str = "\r\u{1b}[2K";

/// What is on the screen below the log, and is drawn anew.
#[derive(Debug, Clone, Copy, Default)]
struct Drawn {
    /// The width of the incomplete line.
    unfinished: Option<usize>,
    /// The width of the status line, at whose end the cursor is.
    status: usize,
}

/// Erases what was drawn from a terminal that may have been made narrower since.
fn erase(drawn: Drawn, columns: usize) -> String {
    let further_rows = |width: usize| width.saturating_sub(1) / columns.max(1);
    let above = drawn.unfinished.map_or(0, |width| further_rows(width) + 1);
    match above + further_rows(drawn.status) {
        0 => ERASE_LINE.to_owned(),
        rows => format!("\r\u{1b}[{rows}A\u{1b}[J"),
    }
}

/// How a live view ended.
#[derive(Debug)]
pub enum Watched {
    /// The task finished.
    Finished(Box<TaskDetail>),
    /// Ctrl-C, or another request to end the command; the task keeps running.
    Interrupted(Interruption),
}

impl Watched {
    /// The exit code of the command, by the task's outcome.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Finished(detail) => Exit::of_state(&detail.task.state),
            Self::Interrupted(interruption) => (*interruption).into(),
        }
    }
}

/// Where a live view begins, and what it shows.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    /// After the run with this number.
    pub after: u32,
    /// With so many lines of the first run.
    pub tail: Option<u32>,
    /// Which entries.
    pub shown: Shown,
}

impl From<u32> for Beginning {
    fn from(after: u32) -> Self {
        Self { after, ..Self::default() }
    }
}

/// Shows the runs of task `id` from the beginning that was asked for until the task has finished or `interrupt`
/// ends.
///
/// # Errors
/// `not_found` when the task or its output was removed; when no engine answers; when the output
/// cannot be written.
pub async fn watch<A: TaskApi>(
    api: &A,
    console: &mut Console<'_>,
    id: TaskId,
    beginning: impl Into<Beginning>,
    interrupt: impl Future<Output = Interruption>,
) -> Result<Watched, CliError> {
    let beginning = beginning.into();
    let reconnect = Reconnect::while_following();
    let log = LogText::new(console.view.paint);
    let mut screen = Screen {
        status: Status::default(),
        log,
        transcript: None,
        text: String::new(),
        drawn: Cell::default(),
        partial: RefCell::default(),
    };
    let shown = show(api, console, &mut screen, &reconnect, id, beginning, interrupt).await;
    // Also after an error, no status line is left on the screen, and no progress.
    if console.view.terminal {
        let unfinished = screen.unfinished().map(|line| line + "\n").unwrap_or_default();
        let erase = erase(screen.drawn.get(), console.width());
        console.print(&format!("{erase}{unfinished}"))?;
    } else if screen.partial.borrow().is_open() {
        console.print("\n")?;
    }
    console.progress(match &shown {
        Ok(Watched::Finished(detail)) => progress_of(&detail.task),
        _ => Progress::None,
    })?;
    match shown? {
        Watched::Finished(task) => {
            if console.json {
                return Ok(Watched::Finished(task));
            }
            let ending = detail::ending(&task, console.view.paint);
            console.remark(&format!("\n{}", ending.trim_end()))?;
            Ok(Watched::Finished(task))
        }
        Watched::Interrupted(interruption) => {
            console.remark(&format!(
                "Task {id} was not stopped. Follow it again with: claude-worker logs {id} -f"
            ))?;
            Ok(Watched::Interrupted(interruption))
        }
    }
}

/// What the terminal shows of a finished task.
pub(crate) fn progress_of(task: &Task) -> Progress {
    match Exit::of_state(&task.state) {
        Exit::Done => Progress::None,
        _ => Progress::Failed,
    }
}

struct Screen {
    status: Status,
    log: LogText,
    /// The reader of the current run.
    transcript: Option<Transcript>,
    /// The text of the newest part. The buffer is reused, because allocating one per part takes longer
    /// than reading it.
    text: String,
    drawn: Cell<Drawn>,
    /// What was printed of an incomplete line, where there is no status line.
    partial: RefCell<PartialLine>,
}

async fn show<A: TaskApi>(
    api: &A,
    console: &mut Console<'_>,
    screen: &mut Screen,
    reconnect: &Reconnect,
    id: TaskId,
    mut beginning: Beginning,
    interrupt: impl Future<Output = Interruption>,
) -> Result<Watched, CliError> {
    let mut interrupt = pin!(interrupt);
    let mut follower = tokio::select! {
        follower = Follower::begin(api, reconnect, id, beginning.after) => follower?,
        by = &mut interrupt => return Ok(Watched::Interrupted(by)),
    };
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut delays = Delays::beside_the_log();
    loop {
        let step = {
            let mut next = pin!(follower.next());
            loop {
                let (now, zone) = (console.now(), console.zone);
                tokio::select! {
                    () = delays.due(), if screen.is_delayed(reconnect) => {
                        // The status line shows already that no engine answers.
                        if console.view.terminal && reconnect.is_away() {
                            delays.postpone();
                            continue;
                        }
                        for words in delays.look(api, reconnect, &[id], now, &zone()).await {
                            screen.notice(console, reconnect, &words)?;
                        }
                    }
                    step = &mut next => break step?,
                    by = &mut interrupt => return Ok(Watched::Interrupted(by)),
                    _ = tick.tick(), if console.view.terminal => {
                        screen.status.refresh(api, id).await;
                        screen.draw(console, reconnect, "")?;
                    }
                }
            }
        };
        match step {
            Step::Finished(detail) => return Ok(Watched::Finished(detail)),
            Step::Queued(task) => {
                console.progress(Progress::None)?;
                screen.status.task = Some(*task);
                screen.draw(console, reconnect, "")?;
            }
            Step::Run(detail, run) => {
                console.progress(Progress::Running)?;
                screen.status.task = Some(detail.task.clone());
                let form = match (console.json, console.view.terminal) {
                    (true, _) => Form::Json,
                    (false, true) => Form::Live,
                    (false, false) => Form::Text,
                };
                let agent = detail.task.agent;
                let shown = Shown { began: run.started_at, ..beginning.shown.clone() };
                if let Some(count) = beginning.tail.take() {
                    let run = Some(run.id.clone());
                    let source = Source { id, run, agent, form, shown: shown.clone() };
                    let last = last_lines(api, reconnect, &source, &mut screen.log, count).await?;
                    let offset = last.next.as_ref().map_or(0, Place::offset);
                    follower.go_on_at(last.next);
                    screen.transcript = Some(Transcript::at(agent, form, offset, shown));
                    screen.draw(console, reconnect, &last.text)?;
                    continue;
                }
                screen.transcript = Some(Transcript::new(agent, form, shown));
                let heading =
                    if run.number > 1 { screen.log.run_heading(&run) } else { String::new() };
                screen.draw(console, reconnect, &heading)?;
            }
            Step::Output(part) => {
                let Some(transcript) = &mut screen.transcript else { continue };
                screen.text.clear();
                transcript.read(&part, &mut screen.log, &mut screen.text);
                for item in transcript.news() {
                    screen.status.entry(&item, console.now());
                }
                screen.draw(console, reconnect, &screen.text)?;
            }
        }
    }
}

impl Screen {
    /// Whether the task does not run, or its run cannot be followed.
    fn is_delayed(&self, reconnect: &Reconnect) -> bool {
        let state = self.status.task.as_ref().map(|task| &task.state);
        reconnect.is_away()
            || matches!(state, Some(State::Pending | State::Waiting { .. } | State::Unknown(_)))
    }

    /// Writes a line for a person: above the status line, or to standard error where there is none.
    fn notice(
        &self,
        console: &mut Console<'_>,
        reconnect: &Reconnect,
        words: &str,
    ) -> Result<(), CliError> {
        if !console.view.terminal {
            console.notice(words);
            return Ok(());
        }
        let line = console.view.paint.tone(Tone::Attention, &clean_line(words));
        self.draw(console, reconnect, &format!("{line}\n"))
    }

    /// Writes `text` above the status line and redraws the status line.
    fn draw(
        &self,
        console: &mut Console<'_>,
        reconnect: &Reconnect,
        text: &str,
    ) -> Result<(), CliError> {
        let unfinished = self.unfinished();
        if !console.view.terminal {
            let unfinished = unfinished.unwrap_or_default();
            let next = self.partial.borrow_mut().go_on(text, &unfinished);
            return if next.is_empty() { Ok(()) } else { console.print(&next) };
        }
        let paint = console.view.paint;
        // The last column stays free: some terminals wrap when it is written.
        let columns = console.width();
        let page = columns.saturating_sub(1);
        let line = self.status.line(console.now(), page, reconnect.is_away(), paint);
        let erase = erase(self.drawn.get(), columns);
        let plain = Paint { colour: false, ..paint };
        let now = console.now();
        let status = width(&self.status.line(now, page, reconnect.is_away(), plain));
        let unfinished = unfinished.map(|line| truncate(&line, page).into_owned());
        let above = unfinished.as_ref().map(|line| format!("{line}\r\n")).unwrap_or_default();
        self.drawn.set(Drawn { unfinished: unfinished.map(|line| width(&line)), status });
        console.print(&format!("{erase}{text}{above}{line}"))
    }

    /// The line that the agent has not ended yet.
    fn unfinished(&self) -> Option<String> {
        self.transcript.as_ref()?.unfinished(&mut self.log.clone())
    }
}

/// The content of the status line: the task as it was last read, updated from its log.
#[derive(Debug, Default)]
struct Status {
    task: Option<Task>,
}

impl Status {
    /// Reads the task again, for what its log does not have: when the agent was started, and whether the
    /// task is being stopped. An old status line is better than one that waits.
    async fn refresh(&mut self, api: &impl TaskApi, id: TaskId) {
        if let Ok(Ok(task)) = timeout(REFRESH_LIMIT, api.row(id)).await {
            self.task = Some(task);
        }
    }

    fn entry(&mut self, item: &LogItem, now: Timestamp) {
        let Some(task) = &mut self.task else { return };
        if !matches!(task.state, State::Running { started_at: Some(_), .. }) {
            // It was read before its agent was started.
            task.state = State::Running { started_at: Some(now), stopping: false };
        }
        task.last_output_at = Some(now);
        if let Some(action) = action(item) {
            task.last_action = Some(action);
        }
        if let LogItem::Result { usage, .. } = item {
            task.usage.cost_usd = usage.cost_usd.or(task.usage.cost_usd);
        }
    }

    /// The line: `● running  4:12  $0.84  Bash cargo test`, at most `page` columns wide.
    fn line(&self, now: Timestamp, page: usize, away: bool, paint: Paint) -> String {
        let Some(task) = &self.task else {
            return String::new();
        };
        let mut parts = vec![task_line::time(task, now)];
        parts.extend(task.usage.cost_usd.map(figures::dollars));
        parts.push(if away {
            "no engine answers, reconnecting".to_owned()
        } else {
            task_line::summary(task, now)
        });
        parts.retain(|part| !part.is_empty());
        let head = truncate(&paint.status(&task.state), page).into_owned();
        let room = page.saturating_sub(width(&head));
        let rest = format!("  {}", single_emoji(&parts.join("  ")));
        let tone = if away { Tone::Attention } else { tone_of(task.state.status()) };
        paint.tone(tone, &head) + &paint.tone(Tone::Quiet, &truncate(&rest, room))
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::Usage;

    use super::*;
    use crate::render::samples::{self, NOW};

    const SYMBOLS: Paint = Paint { colour: false, symbols: true };

    fn status() -> Status {
        Status { task: Some(samples::running(12, "x", "Bash cargo test")) }
    }

    #[test]
    fn the_status_line_shows_the_last_action_cost_and_time() {
        let mut status = status();
        assert_eq!(status.line(NOW, 80, false, SYMBOLS), "● running  4:12  Bash cargo test");
        status.entry(&LogItem::Text { text: "Now\u{1b}[2J the docs\nand more".to_owned() }, NOW);
        let usage = Usage { cost_usd: Some(0.5), ..Usage::default() };
        let (text, denied_tools) = (String::new(), Vec::new());
        status.entry(&LogItem::Result { is_error: false, text, usage, denied_tools }, NOW);
        assert_eq!(status.line(NOW, 80, false, SYMBOLS), "● running  4:12  $0.50  Now the docs");
        assert_eq!(
            status.line(NOW, 80, true, SYMBOLS),
            "● running  4:12  $0.50  no engine answers, reconnecting"
        );
    }

    #[test]
    fn all_rows_of_a_line_are_erased_from_a_terminal_that_was_made_narrower() {
        let check = |unfinished, status, columns, expected: &str| {
            assert_eq!(erase(Drawn { unfinished, status }, columns), expected);
        };
        check(None, 0, 80, ERASE_LINE);
        check(None, 70, 70, ERASE_LINE);
        check(None, 69, 20, "\r\u{1b}[3A\u{1b}[J");
        check(None, 60, 20, "\r\u{1b}[2A\u{1b}[J");
        check(Some(0), 30, 40, "\r\u{1b}[1A\u{1b}[J");
        check(Some(39), 30, 20, "\r\u{1b}[3A\u{1b}[J");
    }

    #[test]
    fn the_status_line_is_never_wider_than_the_page() {
        let mut status = status();
        status.entry(&LogItem::Output { text: "翻訳".repeat(500), stderr: false }, NOW);
        for page in 1..100 {
            assert!(width(&status.line(NOW, page, false, SYMBOLS)) <= page, "{page}");
        }
    }
}
