//! `list --watch`: the list, kept up to date on a terminal.

use std::pin::pin;
use std::time::Duration;

use claude_worker_api::TaskApi;
use claude_worker_client::Reconnect;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{Args, delay, last_lines, none, read};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::follow::Changes;
use crate::interrupt::{Interruption, interrupted};
use crate::redraw::Redraw;
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
    loop {
        let (page, delay) = {
            let query = args.query(console)?;
            let mut found = pin!(async {
                let page = reconnect.call(|| read(api, args, &query, console.now())).await?;
                let delay = reconnect.call(|| delay(api, &page)).await?;
                Ok::<_, CliError>((page, delay))
            });
            tokio::select! {
                found = &mut found => found?,
                by = &mut interrupt => return Ok(by),
            }
        };
        let mut next = pin!(async {
            changes.any().await?;
            // What happens within this time is shown together.
            sleep(READ_EVERY).await;
            Ok::<_, CliError>(())
        });
        loop {
            tokio::select! {
                changed = &mut next => { changed?; break }
                by = &mut interrupt => return Ok(by),
                // The clocks of running tasks go on.
                _ = tick.tick() => {
                    let frame = frame(console, args, &page, delay.as_ref(), reconnect.is_away());
                    screen.draw(console, &frame)?;
                }
            }
        }
        let frame = frame(console, args, &page, delay.as_ref(), reconnect.is_away());
        screen.draw(console, &frame)?;
    }
}

fn frame(
    console: &Console<'_>,
    args: &Args,
    page: &claude_worker_api::TaskPage,
    delay: Option<&crate::render::delay::Delay>,
    away: bool,
) -> String {
    // The last column stays free: some terminals wrap when it is written.
    let width = console.width().saturating_sub(1);
    let paint = console.view.paint;
    if page.tasks.is_empty() {
        return format!("{}\n", truncate(none(page, args), width));
    }
    let mut text = table::tasks(&page.tasks, console.now(), width, paint);
    text += &last_lines(console, page, args, delay, |line| truncate(line, width).into_owned());
    text.push('\n');
    if away {
        let words = truncate("  No engine answers, reconnecting", width).into_owned();
        text += &paint.tone(Tone::Attention, &words);
        text.push('\n');
    }
    text
}
