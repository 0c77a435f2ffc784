//! The screen of `top`, as ratatui draws it.

use claude_worker_api::{Counts, Timestamp};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::Line;
use ratatui::widgets::{
    Block, Cell, Clear, HighlightSpacing, Padding, Paragraph, Row, Table, TableState,
};

use super::state::{Mode, Question, Top};
use crate::render::delay::Delay;
use crate::render::local_time::Zone;
use crate::render::text::{clean_line, truncate, width};
use crate::render::{Paint, Tone, table};

const KEYS: &str = "? help  q quit  ↵ log  c cancel  r retry  p pause  / filter  a all";
const HELP: &[&str] = &[
    "j k ↓ ↑    next and previous task",
    "PgDn PgUp  ten tasks on and back",
    "g G        first and last task",
    "↵ l →      its log; q or Esc: back",
    "c          cancel it (asks)",
    "r          retry it (asks if it costs)",
    "p          pause, or end the pause",
    "/          show tasks with a text",
    "a          all, or unfinished tasks",
    "Esc        end the filter, or quit",
    "q          quit",
];

/// At the right of the first line while a request is under way.
const ASKING: &str = " asking…";

/// What the engine said last.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) counts: Counts,
    pub(super) delay: Option<Delay>,
}

/// How the engine can be reached.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Engine {
    /// Whether none answers.
    pub(super) is_away: bool,
    /// Whether it has not answered a request for a while.
    pub(super) is_slow: bool,
}

/// The time and the colours.
pub(super) struct Page {
    pub(super) now: Timestamp,
    pub(super) zone: Zone,
    pub(super) paint: Paint,
}

/// Draws the screen: a line about the queue or a task, the tasks or the log, and a line about keys.
pub(super) fn draw(frame: &mut Frame<'_>, top: &Top, queue: &Queue, engine: Engine, page: &Page) {
    let rows = [Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)];
    let [head, body, last] = Layout::vertical(rows).areas(frame.area());
    let asking = if engine.is_slow { width(ASKING) as u16 } else { 0 };
    let [head, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(asking)]).areas(head);
    let mut line = |text: &str, tone: Tone, area: Rect| {
        frame.render_widget(cut(text, area).style(style(page.paint, tone)), area);
    };
    if engine.is_slow {
        line(ASKING, Tone::Attention, right);
    }
    if let Mode::Log { id, page } = &top.mode {
        line(&format!("Task {id}  {}", top.name(*id)), Tone::Strong, head);
        match &top.message {
            Some(message) => line(&clean_line(message), Tone::Plain, last),
            None => line("q back  k j scroll  g G start and end", Tone::Quiet, last),
        }
        if page.is_read() {
            log(frame, body, page.shown());
        }
        return;
    }
    line(&about_queue(queue, engine, page), Tone::Strong, head);
    line(&last_line(top), Tone::Quiet, last);
    list(frame, body, top, page);
    if top.mode == Mode::Help {
        help(frame, page.paint);
    }
}

/// How a tone looks. The colours are those of the terminal, which suit its background, light or dark.
fn style(paint: Paint, tone: Tone) -> Style {
    if !paint.colour {
        return Style::new();
    }
    match tone {
        Tone::Plain => Style::new(),
        Tone::Strong => Style::new().bold(),
        Tone::Quiet => Style::new().dim(),
        Tone::Running => Style::new().fg(Color::Blue),
        Tone::Attention => Style::new().fg(Color::Yellow),
        Tone::Good => Style::new().fg(Color::Green),
        Tone::Bad => Style::new().fg(Color::Red),
    }
}

/// A line that shows where it was cut to the width of the area.
fn cut(text: &str, area: Rect) -> Line<'static> {
    Line::raw(truncate(text, usize::from(area.width)).into_owned())
}

/// What keeps the queue from starting tasks comes first, so that a narrow page does not cut it.
fn about_queue(queue: &Queue, engine: Engine, page: &Page) -> String {
    let counts = queue.counts.describe();
    match &queue.delay {
        _ if engine.is_away => format!("No engine answers, reconnecting · {counts}"),
        Some(Delay::WorkersBusy { .. }) | None => counts,
        Some(delay) => {
            let cause = delay.cause(page.now, &page.zone);
            format!("{}{} · {counts}", cause[..1].to_uppercase(), &cause[1..])
        }
    }
}

fn list(frame: &mut Frame<'_>, area: Rect, top: &Top, page: &Page) {
    let shown = top.shown();
    if shown.is_empty() {
        let words = match (top.filter.is_empty(), top.unfinished_only) {
            (true, false) => "  No tasks yet",
            (true, true) => "  No unfinished tasks",
            (false, _) => "  No task matches the filter",
        };
        frame.render_widget(cut(words, area), area);
        return;
    }
    let table = table::layout(&shown, page.now, usize::from(area.width), page.paint);
    let quiet = style(page.paint, Tone::Quiet);
    let cell = |column: &table::Column, text: String, style: Style| {
        let line = Line::styled(text, style);
        Cell::new(if column.right { line.right_aligned() } else { line })
    };
    let heading = table.columns.iter().map(|column| cell(column, column.title.to_owned(), quiet));
    let rows = table.rows.into_iter().map(|row| {
        let cells = table.columns.iter().zip(row);
        Row::new(cells.map(|(column, of)| cell(column, of.text, style(page.paint, of.tone))))
    });
    let widths = table
        .columns
        .iter()
        .map(|column| Constraint::Length(u16::try_from(column.width).unwrap_or(u16::MAX)));
    // The selected task stays in the middle, but for the ends of the list.
    let selected = top.selected_place();
    let room = usize::from(area.height.saturating_sub(1)).max(1);
    let start = selected.unwrap_or(0).saturating_sub(room / 2);
    let start = start.min(shown.len().saturating_sub(room));
    let widget = Table::new(rows, widths)
        .header(Row::new(heading))
        .column_spacing(2)
        .highlight_symbol(Line::styled("❯ ", style(page.paint, Tone::Running)))
        .highlight_spacing(HighlightSpacing::Always);
    let mut state = TableState::new().with_offset(start).with_selected(selected);
    frame.render_stateful_widget(widget, area, &mut state);
}

/// What of the screen a log has: its columns and rows.
pub(super) fn log_size(screen: Rect) -> (usize, usize) {
    // Without the first and the last line.
    (usize::from(screen.width), usize::from(screen.height.saturating_sub(2)))
}

fn log(frame: &mut Frame<'_>, area: Rect, rows: &[String]) {
    if rows.is_empty() {
        frame.render_widget(cut("It has printed nothing yet", area), area);
        return;
    }
    let rows = rows.iter().map(|row| cut(row, area));
    frame.render_widget(Paragraph::new(rows.collect::<Vec<_>>()), area);
}

/// What the keys do, over the list.
fn help(frame: &mut Frame<'_>, paint: Paint) {
    let screen = frame.area();
    let mut lines = HELP.to_vec();
    let title = "Any key goes back";
    let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
    let height = lines.len() + 2;
    // A frame only where it takes no line away.
    let block = if height <= usize::from(screen.height) {
        Block::bordered().title(title).border_style(style(paint, Tone::Quiet))
    } else {
        lines.insert(0, title);
        Block::new()
    };
    let block = if widest + 4 <= usize::from(screen.width) {
        block.padding(Padding::horizontal(1))
    } else {
        block
    };
    let cells = |count: usize| Constraint::Length(u16::try_from(count).unwrap_or(u16::MAX));
    let area = screen.centered(cells(widest + 4), cells(height));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    let lines: Vec<Line<'_>> = lines.iter().map(|line| cut(line, inner)).collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn last_line(top: &Top) -> String {
    match &top.mode {
        Mode::Filter => format!("/{}▏  ↵ keep  Esc end", clean_line(&top.filter)),
        Mode::Confirm(Question::Cancel(id)) => {
            format!("Cancel task {id}? y/n  {}", top.name(*id))
        }
        Mode::Confirm(Question::Retry(id)) => {
            format!("Retry task {id}? It costs money. y/n  {}", top.name(*id))
        }
        _ => match &top.message {
            Some(message) => clean_line(message),
            None if !top.filter.is_empty() => {
                format!("filter: {}  Esc ends it  ? help", clean_line(&top.filter))
            }
            None if top.unfinished_only => "Only unfinished tasks  a shows all  ? help".to_owned(),
            None => KEYS.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::TaskId;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::buffer::Buffer;

    use super::super::log_page::LogPage;
    use super::*;
    use crate::render::samples::{self, NOW};

    fn drawn(size: (u16, u16), top: &Top, queue: &Queue, engine: Engine, colour: bool) -> Buffer {
        let page = Page { now: NOW, zone: Zone::UTC, paint: Paint { colour, symbols: true } };
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        terminal.draw(|frame| draw(frame, top, queue, engine, &page)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// What is on the screen, without spaces at the ends of lines.
    fn screen(size: (u16, u16), top: &Top, queue: &Queue) -> String {
        screen_with(size, top, queue, Engine::default())
    }

    fn screen_with(size: (u16, u16), top: &Top, queue: &Queue, engine: Engine) -> String {
        let buffer = drawn(size, top, queue, engine, false);
        let plain = ratatui::buffer::Cell::EMPTY.style();
        assert!(buffer.content().iter().all(|cell| cell.style() == plain), "{buffer:?}");
        let row = |y| {
            let mut line = String::new();
            let mut x = 0;
            while x < size.0 {
                let symbol = buffer[(x, y)].symbol();
                line += symbol;
                x += u16::try_from(width(symbol)).unwrap().max(1);
            }
            line.trim_end().to_owned() + "\n"
        };
        (0..size.1).map(row).collect()
    }

    fn top() -> (Top, Queue) {
        let mut top = Top::default();
        top.set_tasks(samples::tasks());
        let counts = Counts { running: 3, pending: 1, completed: 4, ..Counts::default() };
        (top, Queue { counts, delay: Some(Delay::QueuePaused) })
    }

    fn log_of(lines: Vec<String>) -> Mode {
        let mut page = LogPage::default();
        page.set_lines(lines);
        Mode::Log { id: TaskId(127), page }
    }

    fn press(top: &mut Top, keys: &str) {
        for c in keys.chars() {
            top.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
    }

    #[test]
    fn a_page_of_80_one_of_40_and_one_of_20_columns() {
        let (top, queue) = top();
        for (columns, rows) in [(80, 24), (40, 12), (20, 8)] {
            insta::assert_snapshot!(
                format!("top_{columns}"),
                screen((columns, rows), &top, &queue)
            );
        }
    }

    #[test]
    fn a_selected_task_that_failed() {
        let (mut top, queue) = top();
        press(&mut top, "Gkkk");
        insta::assert_snapshot!(screen((80, 10), &top, &queue));
    }

    #[test]
    fn the_colours_of_a_selected_task_that_failed() {
        let (mut top, queue) = top();
        press(&mut top, "Gkkk");
        let buffer = drawn((80, 7), &top, &queue, Engine::default(), true);
        // Those of the terminal, on its own background: they suit a light one as they do a dark one.
        let suits = |cell: &ratatui::buffer::Cell| {
            cell.bg == Color::Reset && !matches!(cell.fg, Color::Black | Color::White)
        };
        assert!(buffer.content().iter().all(suits));
        insta::assert_debug_snapshot!(buffer);
    }

    #[test]
    fn the_help_is_over_the_list_and_has_every_line_at_40_columns() {
        let (mut top, queue) = top();
        press(&mut top, "?");
        insta::assert_snapshot!("help_80", screen((80, 24), &top, &queue));
        let narrow = screen((40, 12), &top, &queue);
        assert!(HELP.iter().all(|line| narrow.contains(line)), "{narrow}");
        insta::assert_snapshot!("help_40", narrow);
    }

    #[test]
    fn questions_are_in_the_last_line() {
        let (mut top, queue) = top();
        let mut last = |keys: &str| {
            press(&mut top, keys);
            screen((40, 12), &top, &queue).lines().last().unwrap().to_owned()
        };
        assert_eq!(last("jc"), "Cancel task 131? y/n  Split the auth mi…");
        assert_eq!(last("nGkkkr"), "Retry task 128? It costs money. y/n  Ge…");
        assert_eq!(last("n"), "Task 128 was not run again");
        assert_eq!(last("/翻訳"), "/翻訳▏  ↵ keep  Esc end");
    }

    #[test]
    fn a_question_over_the_list() {
        let (mut top, queue) = top();
        press(&mut top, "jc");
        insta::assert_snapshot!(screen((80, 10), &top, &queue));
    }

    #[test]
    fn an_empty_queue() {
        insta::assert_snapshot!(screen((80, 5), &Top::default(), &Queue::default()));
    }

    #[test]
    fn while_the_engine_is_away() {
        let (top, queue) = top();
        let engine = Engine { is_away: true, is_slow: false };
        insta::assert_snapshot!(screen_with((80, 6), &top, &queue, engine));
    }

    #[test]
    fn the_end_of_a_log() {
        let (mut top, queue) = top();
        let lines = (1..=30).map(|line| format!("{line} 翻訳を更新する and more words")).collect();
        top.mode = log_of(lines);
        top.fit_log(34, 6);
        press(&mut top, "kkk");
        insta::assert_snapshot!(screen((34, 8), &top, &queue));
    }

    #[test]
    fn a_request_under_way_is_at_the_right_of_the_first_line() {
        let (mut top, queue) = top();
        let engine = Engine { is_away: false, is_slow: true };
        let first = |top: &Top, columns| {
            let screen = screen_with((columns, 8), top, &queue, engine);
            screen.lines().next().unwrap().to_owned()
        };
        let list = first(&top, 80);
        assert!(list.starts_with("The queue is paused · 3 running") && list.ends_with(" asking…"));
        assert_eq!(first(&top, 20), "The queue i… asking…");
        top.mode = Mode::Log { id: TaskId(127), page: LogPage::default() };
        let log = first(&top, 80);
        assert!(log.starts_with("Task 127  ") && log.ends_with(" asking…"), "{log}");
    }

    #[test]
    fn a_log_that_was_not_read_yet_is_not_called_empty() {
        let (mut top, queue) = top();
        top.mode = Mode::Log { id: TaskId(127), page: LogPage::default() };
        assert!(!screen((80, 8), &top, &queue).contains("nothing"));
        top.message = Some("Task 127 does not exist".to_owned());
        assert!(screen((80, 8), &top, &queue).ends_with("\nTask 127 does not exist\n"));
        top.mode = log_of(Vec::new());
        assert!(screen((80, 8), &top, &queue).contains("It has printed nothing yet"));
    }

    #[test]
    fn each_page_can_be_drawn_at_each_size() {
        let (mut top, queue) = top();
        let log = log_of(vec!["翻訳 ".repeat(100); 50]);
        let question = Mode::Confirm(Question::Cancel(TaskId(131)));
        for mode in [Mode::List, Mode::Filter, question, Mode::Help, log] {
            top.mode = mode;
            for columns in [1, 2, 3, 19, 20, 21, 30, 40, 100] {
                for rows in 1..20 {
                    let (width, height) = log_size(Rect::new(0, 0, columns, rows));
                    top.fit_log(width, height);
                    screen((columns, rows), &top, &queue);
                    let engine = Engine { is_away: true, is_slow: true };
                    screen_with((columns, rows), &top, &queue, engine);
                }
            }
        }
    }
}
