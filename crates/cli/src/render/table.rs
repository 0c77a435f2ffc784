//! `list`: one row per task, fitted to the width of the page.

use std::fmt::Write as _;

use claude_worker_api::{Task, Timestamp};

use super::text::{clean_line, fit, right, truncate, width};
use super::{Paint, Tone, figures, task_line, tone_of};

const GAP: &str = "  ";
/// The columns that NAME and NOW want together before any other may take some.
const COMFORTABLE: usize = 36;

struct Row {
    id: String,
    status: String,
    name: String,
    now: String,
    time: String,
    cost: String,
}

/// The table of `tasks`, with its heading. Columns that do not fit are cut with `…`; on a narrow
/// page COST, then TIME, then NOW are left out.
#[must_use]
pub fn tasks(tasks: &[Task], now: Timestamp, page: usize, paint: Paint) -> String {
    let rows: Vec<Row> = tasks.iter().map(|task| row(task, now, paint)).collect();
    let widest = |title: &str, cell: fn(&Row) -> &str| {
        rows.iter().map(|row| width(cell(row))).max().unwrap_or(0).max(title.len())
    };
    let id = widest("ID", |row| &row.id);
    let status = widest("STATUS", |row| &row.status);
    let time = widest("TIME", |row| &row.time);
    let cost = widest("COST", |row| &row.cost);

    // What is left for the two columns of free text after the fixed ones and the margin.
    let mut free = page.saturating_sub(GAP.len() + id + GAP.len() + status + GAP.len());
    let mut keep = |columns: usize| {
        let room = free.saturating_sub(GAP.len() + columns);
        let fits = room >= COMFORTABLE;
        if fits {
            free = room;
        }
        fits
    };
    let show_time = keep(time);
    let show_cost = show_time && keep(cost);
    let show_now = free >= COMFORTABLE;
    let wanted_name = widest("NAME", |row| &row.name);
    let wanted_now = widest("NOW", |row| &row.now);
    let (name, summary) = if show_now {
        share(free - GAP.len(), wanted_name, wanted_now)
    } else {
        (wanted_name.min(free), 0)
    };

    let mut table = String::new();
    let mut put = |row: &Row, tones: Option<Tone>| {
        let tone = |tone: Tone, text: &str| match tones {
            Some(_) => paint.tone(tone, text),
            None => paint.tone(Tone::Quiet, text),
        };
        let mut line = format!("{GAP}{}{GAP}", tone(Tone::Quiet, &right(&row.id, id)));
        line += &tone(tones.unwrap_or(Tone::Quiet), &fit(&row.status, status));
        line += GAP;
        line += &tone(Tone::Plain, &fit(&row.name, name));
        if show_now {
            let tone_now = if tones == Some(Tone::Bad) { Tone::Bad } else { Tone::Plain };
            line += GAP;
            line += &tone(tone_now, &fit(&row.now, summary));
        }
        if show_time {
            line += GAP;
            line += &tone(Tone::Quiet, &right(&row.time, time));
        }
        if show_cost {
            line += GAP;
            line += &tone(Tone::Quiet, &right(&row.cost, cost));
        }
        let _ = writeln!(table, "{}", line.trim_end());
    };
    let heading = Row {
        id: "ID".to_owned(),
        status: "STATUS".to_owned(),
        name: "NAME".to_owned(),
        now: "NOW".to_owned(),
        time: "TIME".to_owned(),
        cost: "COST".to_owned(),
    };
    put(&heading, None);
    for (row, task) in rows.iter().zip(tasks) {
        put(row, Some(tone_of(task.state.status())));
    }
    table
}

/// Shares `free` columns between two columns that would like `first` and `second`: each gets at
/// most what it wants, and when both want too much, each gets its half.
fn share(free: usize, first: usize, second: usize) -> (usize, usize) {
    let half = free / 2;
    if first + second <= free {
        (first, second)
    } else if first <= half {
        (first, free - first)
    } else if second <= half {
        (free - second, second)
    } else {
        (half, free - half)
    }
}

fn row(task: &Task, now: Timestamp, paint: Paint) -> Row {
    // Names and summaries can be long; no line shows more than this.
    let short = |text: String| truncate(&text, 300).into_owned();
    Row {
        id: task.id.to_string(),
        status: paint.status(&task.state),
        name: short(clean_line(&task.name)),
        now: short(task_line::summary(task, now)),
        time: task_line::time(task, now),
        cost: task.usage.cost_usd.map_or_else(String::new, figures::dollars),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    const PLAIN: Paint = Paint::NONE;
    const SYMBOLS: Paint = Paint { colour: false, symbols: true };
    const COLOUR: Paint = Paint { colour: true, symbols: true };

    #[test]
    fn wide() {
        insta::assert_snapshot!(tasks(&samples::tasks(), samples::NOW, 110, SYMBOLS));
    }

    #[test]
    fn narrow() {
        insta::assert_snapshot!(tasks(&samples::tasks(), samples::NOW, 60, SYMBOLS));
    }

    #[test]
    fn very_narrow() {
        insta::assert_snapshot!(tasks(&samples::tasks(), samples::NOW, 34, SYMBOLS));
    }

    #[test]
    fn for_a_pipe() {
        insta::assert_snapshot!(tasks(&samples::tasks(), samples::NOW, 120, PLAIN));
    }

    #[test]
    fn in_colour() {
        let table = tasks(&samples::tasks(), samples::NOW, 90, COLOUR);
        insta::assert_snapshot!(table.replace('\u{1b}', "␛"));
    }

    #[test]
    fn no_line_is_wider_than_the_page() {
        for page in 20..160 {
            let table = tasks(&samples::tasks(), samples::NOW, page, SYMBOLS);
            for line in table.lines().filter(|_| page >= 30) {
                assert!(width(line) <= page, "{page}: {line}");
            }
        }
    }
}
