//! `list --watch`: the list, kept up to date on a terminal.

use std::pin::pin;
use std::time::Duration;

use claude_worker_api::{ApiError, Counts, ListQuery, TaskApi, TaskPage, Timestamp};
use claude_worker_client::Reconnect;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::rows::Rows;
use super::{Args, delay, last_lines, none, read};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::follow::{Changed, Changes};
use crate::interrupt::{Interruption, interrupted};
use crate::redraw::Redraw;
use crate::render::delay::Delay;
use crate::render::text::truncate;
use crate::render::{Tone, table};

/// The list is read at most this often, however much happens.
const READ_EVERY: Duration = Duration::from_millis(500);

/// Shows the list until Ctrl-C.
pub(super) async fn watch<A: TaskApi>(
    api: &A,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let ended = show(api, console, args).await?;
    // The terminal has written ^C below the last frame.
    console.print("\r\u{1b}[K")?;
    Ok(ended.into())
}

async fn show<A: TaskApi>(
    api: &A,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Interruption, CliError> {
    if !console.view.terminal {
        return Err(CliError::usage(
            "list --watch needs a terminal to redraw",
            "For a program: claude-worker list --json, or claude-worker wait ID for the end of a task",
        ));
    }
    let reconnect = Reconnect::while_following();
    let mut interrupt = pin!(interrupted());
    let mut screen = Redraw::default();
    let mut changes = tokio::select! {
        changes = Changes::begin(api, &reconnect) => changes?,
        by = &mut interrupt => return Ok(by),
    };
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tasks = Tasks::default();
    let mut changed = Changed { all: true, ..Changed::default() };
    loop {
        let delay = {
            let query = args.query(console)?;
            let mut found = pin!(async {
                tasks.read(api, &reconnect, args, &query, changed, console.now()).await?;
                reconnect.call(|| delay(api, &tasks.page)).await
            });
            tokio::select! {
                found = &mut found => found?,
                by = &mut interrupt => return Ok(by),
            }
        };
        let mut next = pin!(async {
            let mut changed = changes.any().await?;
            // What happens within this time is shown together.
            sleep(READ_EVERY).await;
            changes.add_newer(&mut changed).await?;
            Ok::<_, CliError>(changed)
        });
        changed = loop {
            tokio::select! {
                changed = &mut next => break changed?,
                by = &mut interrupt => return Ok(by),
                // The clocks of running tasks go on.
                _ = tick.tick() => {
                    let frame = frame(console, args, &tasks, delay.as_ref(), reconnect.is_away());
                    screen.draw(console, &frame)?;
                }
            }
        };
        let frame = frame(console, args, &tasks, delay.as_ref(), reconnect.is_away());
        screen.draw(console, &frame)?;
    }
}

/// More tasks than any terminal has lines.
const MOST_SHOWN: usize = 1000;

/// The tasks that are shown.
struct Tasks {
    page: TaskPage,
    /// How many there are: `page` has no more of them than can be seen.
    count: usize,
    /// All of them, where the order needs all.
    rows: Option<Rows>,
}

impl Default for Tasks {
    fn default() -> Self {
        let page = TaskPage { tasks: Vec::new(), next: None, counts: Counts::default() };
        Self { page, count: 0, rows: None }
    }
}

impl Tasks {
    /// Reads what has changed.
    async fn read(
        &mut self,
        api: &impl TaskApi,
        reconnect: &Reconnect,
        args: &Args,
        query: &ListQuery,
        changed: Changed,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        if !args.needs_all() {
            self.page = reconnect.call(|| read(api, args, query, now)).await?;
            self.count = self.page.tasks.len();
            return Ok(());
        }
        let list = async |query: ListQuery| reconnect.call(|| api.list(query.clone())).await;
        match &mut self.rows {
            Some(rows) => rows.refresh(list, query, changed).await?,
            None => self.rows = Some(Rows::read(list, query).await?),
        }
        if let Some(rows) = &self.rows {
            let most = if args.all { usize::MAX } else { args.limit() as usize };
            self.count = rows.len().min(most);
            self.page = rows.page(args, now, most.min(MOST_SHOWN));
        }
        Ok(())
    }
}

fn frame(
    console: &Console<'_>,
    args: &Args,
    tasks: &Tasks,
    delay: Option<&Delay>,
    away: bool,
) -> String {
    // The last column stays free: some terminals wrap when it is written.
    let width = console.width().saturating_sub(1);
    let paint = console.view.paint;
    let page = &tasks.page;
    if page.tasks.is_empty() {
        return format!("{}\n", truncate(none(page, args), width));
    }
    let mut last =
        last_lines(console, page, args, delay, |line| truncate(line, width).into_owned());
    last.push('\n');
    if away {
        let words = truncate("  No engine answers, reconnecting", width).into_owned();
        last += &paint.tone(Tone::Attention, &words);
        last.push('\n');
    }
    // Below the heading and above the cursor.
    let room = console.rows().saturating_sub(2 + last.lines().count()).max(1);
    let is_cut = tasks.count > room;
    let fitting = if is_cut { room.saturating_sub(1).max(1) } else { room };
    let shown = &page.tasks[..fitting.min(page.tasks.len())];
    let mut text = table::tasks(shown, console.now(), width, paint);
    if is_cut {
        let line = format!("  … {} more tasks", tasks.count - shown.len());
        text += &paint.tone(Tone::Quiet, &truncate(&line, width));
        text.push('\n');
    }
    text + &last
}
