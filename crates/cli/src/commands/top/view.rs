//! The screen of `top` as lines, each no wider than the page.

use claude_worker_api::{Counts, Task, Timestamp};

use super::state::{Mode, Top};
use crate::render::delay::Delay;
use crate::render::local_time::Zone;
use crate::render::text::{clean_line, truncate};
use crate::render::{Paint, Tone, table, task_line};

const KEYS: &str = "? help  q quit  ↵ log  c cancel  r retry  p pause  / filter";
const HELP: &[&str] = &[
    "j k ↓ ↑    next and previous task",
    "PgDn PgUp  ten tasks on and back",
    "g G        first and last task",
    "↵ l →      its log; q or Esc: back",
    "c          cancel it (asks)",
    "r          run it again",
    "p          pause, or end the pause",
    "/          show tasks with a text",
    "Esc        end the filter, or quit",
    "q          quit",
];

/// What the engine said last.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) counts: Counts,
    pub(super) delay: Option<Delay>,
    /// Whether no engine answers.
    pub(super) away: bool,
}

/// The size of the screen, the time and the colours.
pub(super) struct Page {
    pub(super) width: usize,
    pub(super) rows: usize,
    pub(super) now: Timestamp,
    pub(super) zone: Zone,
    pub(super) paint: Paint,
}

/// The lines of the screen, at most as many as it has rows.
pub(super) fn lines(top: &Top, queue: &Queue, page: &Page) -> Vec<String> {
    // The last column stays free: some terminals wrap when it is written.
    let width = page.width.saturating_sub(1);
    let room = page.rows.saturating_sub(2).max(1);
    let (body, last) = match &top.mode {
        Mode::Help => (
            HELP.iter().map(|line| truncate(line, width).into_owned()).collect(),
            "any key goes back".to_owned(),
        ),
        Mode::Log { id, lines, up } => {
            let head = format!("Task {id}  {}", top.name(*id));
            let end = lines.len().saturating_sub(*up).max(room.min(lines.len()));
            let start = end.saturating_sub(room);
            let mut body: Vec<String> =
                lines[start..end].iter().map(|line| truncate(line, width).into_owned()).collect();
            if lines.is_empty() {
                body.push("It has printed nothing yet".to_owned());
            }
            return framed(&head, body, "q back  k j scroll  G end", room, page);
        }
        _ => (list(top, page, width, room), last_line(top)),
    };
    framed(&head(queue, page), body, &last, room, page)
}

fn framed(head: &str, body: Vec<String>, last: &str, room: usize, page: &Page) -> Vec<String> {
    let width = page.width.saturating_sub(1);
    let mut lines = vec![page.paint.tone(Tone::Strong, &truncate(head, width))];
    lines.extend(body.into_iter().take(room));
    lines.resize(room + 1, String::new());
    lines.push(page.paint.tone(Tone::Quiet, &truncate(last, width)));
    lines
}

/// What keeps the queue from starting tasks comes first, so that a narrow page does not cut it.
fn head(queue: &Queue, page: &Page) -> String {
    let counts = task_line::counts(&queue.counts);
    match &queue.delay {
        _ if queue.away => format!("No engine answers, reconnecting · {counts}"),
        Some(Delay::WorkersBusy { .. }) | None => counts,
        Some(delay) => {
            let cause = delay.cause(page.now, &page.zone);
            format!("{}{} · {counts}", cause[..1].to_uppercase(), &cause[1..])
        }
    }
}

fn list(top: &Top, page: &Page, width: usize, room: usize) -> Vec<String> {
    let shown: Vec<Task> = top.shown().into_iter().cloned().collect();
    if shown.is_empty() {
        let words =
            if top.filter.is_empty() { "No tasks yet" } else { "No task matches the filter" };
        return vec![format!("  {words}")];
    }
    let table = table::tasks(&shown, page.now, width, page.paint);
    let mut rows = table.lines();
    let heading = rows.next().unwrap_or_default().to_owned();
    let selected = top.selected_place().unwrap_or(0);
    let room = room.saturating_sub(1).max(1);
    // The selected task stays in the middle, but for the ends of the list.
    let start = selected.saturating_sub(room / 2).min(shown.len().saturating_sub(room));
    let rows = rows.enumerate().skip(start).take(room).map(|(place, row)| {
        if place == selected {
            format!("{} {}", page.paint.tone(Tone::Running, "❯"), row.get(2..).unwrap_or_default())
        } else {
            row.to_owned()
        }
    });
    std::iter::once(heading).chain(rows).collect()
}

fn last_line(top: &Top) -> String {
    match &top.mode {
        Mode::Filter => format!("/{}▏  ↵ keep  Esc end", clean_line(&top.filter)),
        Mode::Confirm(id) => format!("Cancel task {id}? y/n  {}", top.name(*id)),
        _ => match &top.message {
            Some(message) => clean_line(message),
            None if top.filter.is_empty() => KEYS.to_owned(),
            None => format!("filter: {}  Esc ends it  ? help", clean_line(&top.filter)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{self, NOW};
    use crate::render::text::width;

    fn page(width: usize, rows: usize) -> Page {
        let paint = Paint { colour: false, symbols: true };
        Page { width, rows, now: NOW, zone: Zone::UTC, paint }
    }

    fn top() -> (Top, Queue) {
        let mut top = Top::default();
        top.set_tasks(samples::tasks());
        let counts = Counts { running: 3, pending: 1, completed: 4, ..Counts::default() };
        (top, Queue { counts, delay: Some(Delay::QueuePaused), away: false })
    }

    #[test]
    fn a_page_of_80_and_one_of_40_columns() {
        let (top, queue) = top();
        for (columns, rows) in [(80, 16), (40, 10)] {
            let lines = lines(&top, &queue, &page(columns, rows));
            insta::assert_snapshot!(format!("top_{columns}"), lines.join("\n"));
        }
    }

    #[test]
    fn the_lines_fit_the_screen_whatever_is_shown() {
        let (mut top, queue) = top();
        let log =
            Mode::Log { id: samples::tasks()[0].id, lines: vec!["翻訳 ".repeat(100); 50], up: 7 };
        for mode in
            [Mode::List, Mode::Filter, Mode::Confirm(samples::tasks()[1].id), Mode::Help, log]
        {
            top.mode = mode;
            for columns in [20, 30, 40, 100] {
                for rows in 3..20 {
                    let lines = lines(&top, &queue, &page(columns, rows));
                    assert!(lines.len() <= rows, "{columns}x{rows}: {lines:?}");
                    if columns >= 30 {
                        assert!(lines.iter().all(|line| width(line) < columns), "{lines:#?}");
                    }
                }
            }
        }
    }
}
