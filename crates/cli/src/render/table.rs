//! Tasks in rows: which columns fit the width of a page, and what is in them.

use std::borrow::Borrow;

use claude_worker_api::{Task, Timestamp};

use super::text::{clean_line, fit, right, single_emoji, truncate, width};
use super::{Paint, Tone, figures, task_line, tone_of};

const GAP: &str = "  ";
/// The columns that NAME and NOW want together. With fewer, NOW and COST are left out.
const COMFORTABLE: usize = 30;
/// The columns that NAME wants at least. With fewer, TIME is left out, and then STATUS is cut.
const LEAST_NAME: usize = 8;
/// The columns that STATUS keeps: its symbol and the beginning of the word.
const LEAST_STATUS: usize = 6;

/// A table of tasks for a page of a certain width.
pub(crate) struct Table {
    /// The columns that fit the page, between which there are two spaces.
    pub(crate) columns: Vec<Column>,
    /// A cell per column for each task.
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A column of a [`Table`].
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) width: usize,
    /// Whether its text is at the right, as with numbers.
    pub(crate) right: bool,
    cell: fn(&Row) -> &str,
}

/// A cell of a [`Table`]: clean text, no wider than its column.
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

struct Row {
    tone: Tone,
    id: String,
    status: String,
    name: String,
    now: String,
    time: String,
    cost: String,
}

/// The table of `tasks` as text, with its heading. Columns that do not fit are cut with `…`; on a narrow
/// page COST, then NOW, then TIME are left out.
#[must_use]
pub fn tasks(tasks: &[Task], now: Timestamp, page: usize, paint: Paint) -> String {
    let table = layout(tasks, now, page, paint);
    let line = |cells: Vec<(&str, Tone)>| {
        let mut line = String::new();
        for ((text, tone), column) in cells.into_iter().zip(&table.columns) {
            let fitted = if column.right { right } else { fit };
            line += GAP;
            line += &paint.tone(tone, &fitted(text, column.width));
        }
        format!("{}\n", line.trim_end())
    };
    let heading = table.columns.iter().map(|column| (column.title, Tone::Quiet)).collect();
    let rows = table.rows.iter().map(|row| row.iter().map(|cell| (&*cell.text, cell.tone)));
    std::iter::once(heading).chain(rows.map(Iterator::collect)).map(line).collect()
}

/// Fits a table of `tasks` to a page.
pub(crate) fn layout(
    tasks: &[impl Borrow<Task>],
    now: Timestamp,
    page: usize,
    paint: Paint,
) -> Table {
    let rows: Vec<Row> = tasks.iter().map(|task| row(task.borrow(), now, paint)).collect();
    let column = |title: &'static str, right: bool, cell: fn(&Row) -> &str| {
        let widest = rows.iter().map(|row| width(cell(row))).max().unwrap_or(0);
        Column { title, width: widest.max(title.len()), right, cell }
    };
    let id = column("ID", true, |row| &row.id);
    let mut status = column("STATUS", false, |row| &row.status);
    let mut name = column("NAME", false, |row| &row.name);
    let mut summary = column("NOW", false, |row| &row.now);
    let time = column("TIME", true, |row| &row.time);
    let cost = column("COST", true, |row| &row.cost);

    // What is left for the two columns of free text after the fixed ones and the margin.
    let room = page.saturating_sub(GAP.len() + id.width + GAP.len() + GAP.len());
    let least_status = LEAST_STATUS.min(status.width);
    status.width = room.saturating_sub(LEAST_NAME).clamp(least_status, status.width);
    let mut free = room.saturating_sub(status.width);
    let mut keep = |columns: usize, least: usize| {
        let room = free.saturating_sub(GAP.len() + columns);
        let fits = room >= least;
        if fits {
            free = room;
        }
        fits
    };
    let show_time = keep(time.width, LEAST_NAME);
    let show_cost = show_time && keep(cost.width, COMFORTABLE);
    let show_now = free >= COMFORTABLE;
    (name.width, summary.width) = if show_now {
        share(free - GAP.len(), name.width, summary.width)
    } else {
        (name.width.min(free), 0)
    };

    let mut columns = vec![id, status, name];
    columns.extend(show_now.then_some(summary));
    columns.extend(show_time.then_some(time));
    columns.extend(show_cost.then_some(cost));
    let cells = |row: &Row| {
        let cell = |column: &Column| Cell {
            text: truncate((column.cell)(row), column.width).into_owned(),
            tone: tone_in(column.title, row.tone),
        };
        columns.iter().map(cell).collect()
    };
    let rows = rows.iter().map(cells).collect();
    Table { columns, rows }
}

/// The tone of a cell in the row of a task whose status has this tone.
fn tone_in(title: &str, status: Tone) -> Tone {
    match title {
        "STATUS" => status,
        "NOW" if status == Tone::Bad => Tone::Bad,
        "NAME" | "NOW" => Tone::Plain,
        _ => Tone::Quiet,
    }
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
    let short = |text: String| {
        let text = if paint.symbols { single_emoji(&text) } else { text.as_str().into() };
        truncate(&text, 300).into_owned()
    };
    Row {
        tone: tone_of(task.state.status()),
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
    fn columns_are_left_out_of_a_narrow_page_one_after_another() {
        let heading = |page| {
            let table = layout(&samples::tasks(), samples::NOW, page, SYMBOLS);
            table.columns.iter().map(|column| column.title).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(heading(80), "ID STATUS NAME NOW TIME COST");
        assert_eq!(heading(40), "ID STATUS NAME TIME");
        assert_eq!(heading(20), "ID STATUS NAME");
        let narrow = layout(&samples::tasks(), samples::NOW, 20, SYMBOLS);
        assert!(narrow.columns[2].width >= 4, "{}", narrow.columns[2].width);
    }

    #[test]
    fn no_line_is_wider_than_the_page() {
        for page in 16..160 {
            let table = tasks(&samples::tasks(), samples::NOW, page, SYMBOLS);
            for line in table.lines() {
                assert!(width(line) <= page, "{page}: {line}");
            }
        }
    }
}
