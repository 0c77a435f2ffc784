//! Standard output and standard error of a command, and how to write to them.

use std::io::{self, IsTerminal, Write};

use claude_worker_api::{ApiError, Timestamp};
use serde::Serialize;

use crate::color::Color;
use crate::error::CliError;
use crate::render::Paint;
use crate::render::local_time::Zone;
use crate::render::text::{clean, escape_json};
use crate::render::wrap::wrap_lines;
use crate::taskbar::Progress;

/// The width, in columns, of an output that has none: a pipe or a file.
const DEFAULT_WIDTH: usize = 120;

/// What standard output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Whether standard output is a terminal.
    pub terminal: bool,
    /// Colours and symbols.
    pub paint: Paint,
}

/// Where a command writes, the time, and the width of the page. Commands take these only from here, so
/// that tests can replace them.
pub struct Console<'a> {
    /// Standard output: what was asked for.
    pub out: &'a mut dyn Write,
    /// Standard error: messages for people.
    pub err: &'a mut dyn Write,
    /// What standard output can show.
    pub view: View,
    /// Whether one JSON document is wanted instead of text.
    pub json: bool,
    /// Reads the answer to a question; none when standard input or standard error is not a terminal,
    /// so that there is no person to ask.
    pub ask: Option<&'a mut dyn FnMut() -> io::Result<String>>,
    /// Measures the width in columns. Called whenever a line is redrawn.
    pub measure: fn() -> usize,
    /// Measures the width of standard error in columns, if it is a terminal.
    pub measure_err: fn() -> Option<usize>,
    /// Measures the height in rows.
    pub measure_rows: fn() -> usize,
    /// Reads the clock.
    pub now: fn() -> Timestamp,
    /// Reads in which time zone this machine is.
    pub zone: fn() -> Zone,
    /// Whether the terminal shows progress.
    pub taskbar: bool,
}

impl Console<'_> {
    /// Writes text to standard output.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print(&mut self, text: &str) -> Result<(), CliError> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()?;
        Ok(())
    }

    /// Writes a line to standard output.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn line(&mut self, text: &str) -> Result<(), CliError> {
        self.print(&format!("{text}\n"))
    }

    /// Writes a line for a person: to standard output if it is a terminal, to standard error otherwise.
    /// A closed standard error is ignored.
    ///
    /// # Errors
    /// When standard output is a terminal and cannot be written.
    pub fn remark(&mut self, text: &str) -> Result<(), CliError> {
        if self.view.terminal && !self.json {
            return self.line(&wrap_lines(text, self.width()));
        }
        self.tell(text);
        Ok(())
    }

    /// Writes lines to standard error, as wide as the terminal that it is. It is one write, so that the lines of
    /// commands that run at the same time are not mixed.
    fn tell(&mut self, text: &str) {
        let width = (self.measure_err)().unwrap_or(usize::MAX);
        let lines = format!("{}\n", wrap_lines(text, width));
        let _ = self.err.write_all(lines.as_bytes());
    }

    /// Writes a line for a person to standard error, where it is not mixed with what was asked for. A closed
    /// standard error is ignored.
    pub fn notice(&mut self, text: &str) {
        self.tell(&clean(text));
    }

    /// Lets the terminal show progress, if it can.
    ///
    /// # Errors
    /// When standard output is a terminal and cannot be written.
    pub fn progress(&mut self, progress: Progress) -> Result<(), CliError> {
        if self.taskbar && self.view.terminal { self.print(progress.sequence()) } else { Ok(()) }
    }

    /// Whether a person can be asked. With `--json` a program reads the output, so no question is asked.
    #[must_use]
    pub const fn can_ask(&self) -> bool {
        self.ask.is_some() && !self.json
    }

    /// Asks a question on standard error. Every answer but yes means no.
    ///
    /// # Errors
    /// When the question cannot be shown or the answer cannot be read.
    pub fn confirm(&mut self, question: &str) -> Result<bool, CliError> {
        let Some(ask) = self.ask.as_mut().filter(|_| !self.json) else { return Ok(false) };
        self.err.write_all(format!("{} [y/N] ", clean(question)).as_bytes())?;
        self.err.flush()?;
        let answer = ask()?;
        // After Ctrl-D the cursor is still on the line of the question.
        if !answer.ends_with('\n') {
            writeln!(self.err)?;
        }
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Writes an error to standard error, and its hint on a line of its own.
    pub fn complain(&mut self, error: &ApiError) {
        let mut lines = format!("claude-worker: {}", clean(&error.message));
        if !error.hint.is_empty() {
            lines += &format!("\n{}", clean(&error.hint));
        }
        self.tell(&lines);
    }

    /// Writes a value as one JSON document.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn document(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string(value).map_err(|error| {
            ApiError::internal(format!("This cannot be shown as JSON: {error}"))
        })?;
        self.line(&escape_json(&text))
    }

    /// Writes an error as one JSON document: `{"error":{"code","message","hint"}}`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn error_document(&mut self, error: &ApiError) -> Result<(), CliError> {
        #[derive(Serialize)]
        struct Document<'a> {
            error: &'a ApiError,
        }
        self.document(&Document { error })
    }

    /// The width in columns.
    #[must_use]
    pub fn width(&self) -> usize {
        (self.measure)()
    }

    /// The width at which sentences are divided: what goes to a file or another program stays in one line.
    #[must_use]
    pub fn wrap_width(&self) -> usize {
        if self.view.terminal { self.width() } else { usize::MAX }
    }

    /// The height in rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        (self.measure_rows)()
    }

    /// The time zone of this machine.
    #[must_use]
    pub fn zone(&self) -> Zone {
        (self.zone)()
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }
}

/// Whether a person can be asked: standard input and standard error are terminals.
#[must_use]
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Reads a line from standard input.
///
/// # Errors
/// When it cannot be read.
pub fn read_answer() -> io::Result<String> {
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer)
}

/// What standard output can show, by its kind, the option `--color` and the environment.
#[must_use]
pub fn detect_view(color: Color) -> View {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    view_of(io::stdout().is_terminal(), dumb, |capable| {
        color.is_on(capable, |name| std::env::var_os(name))
    })
}

/// A terminal of type `dumb` has no colours and cannot move its cursor, so it is treated like a file.
fn view_of(is_terminal: bool, dumb: bool, has_colour: impl Fn(bool) -> bool) -> View {
    let terminal = is_terminal && !dumb;
    View { terminal, paint: Paint { colour: has_colour(terminal), symbols: terminal } }
}

/// The width of standard output in columns: the terminal's, or `COLUMNS`, or 120.
#[must_use]
pub fn measure() -> usize {
    let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    let wanted = || std::env::var("COLUMNS").ok()?.parse().ok();
    match terminal.filter(|columns| *columns > 0).or_else(wanted) {
        Some(columns) => usize::from(columns).max(20),
        None => DEFAULT_WIDTH,
    }
}

/// The width of standard error in columns, if it is a terminal.
#[must_use]
pub fn measure_err() -> Option<usize> {
    let columns = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| width.0);
    columns.filter(|columns| *columns > 0).map(|columns| usize::from(columns).max(20))
}

/// The height of standard output in rows, if it is a terminal, or 24.
#[must_use]
pub fn measure_rows() -> usize {
    let rows = terminal_size::terminal_size_of(io::stdout()).map(|(_, height)| height.0);
    rows.filter(|rows| *rows > 0).map_or(24, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps what each write has.
    #[derive(Default)]
    struct Writes(Vec<String>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_on_standard_error_are_one_write_each() {
        let (mut out, mut err) = (Vec::new(), Writes::default());
        let mut console = Console {
            out: &mut out,
            err: &mut err,
            view: View { terminal: false, paint: Paint::NONE },
            json: false,
            ask: None,
            measure: || 80,
            measure_rows: || 24,
            measure_err: || None,
            now: Timestamp::default,
            zone: || Zone::UTC,
            taskbar: false,
        };
        console.remark("Task 1 queued").unwrap();
        console.notice("Task 2 queued");
        console.complain(&ApiError::internal("It failed").hint("Type this"));
        let expected =
            ["Task 1 queued\n", "Task 2 queued\n", "claude-worker: It failed\nType this\n"];
        assert_eq!(err.0, expected);
    }

    #[test]
    fn messages_are_as_wide_as_the_terminal_that_they_go_to() {
        use crate::fake_engine::{Look, Written};
        let error = ApiError::invalid("cancel needs to know which tasks, and none was named").hint(
            "Name them: claude-worker cancel 12, or all; claude-worker list shows the numbers",
        );
        let mut written = Written::new();
        let mut console = written.console(Look::Terminal);
        console.measure_err = || Some(40);
        console.complain(&error);
        console.notice("The queue is paused: claude-worker unpause");
        let said = "claude-worker: cancel needs to know\nwhich tasks, and none was named\n\
                    Name them: claude-worker cancel 12, or\n\
                    all; claude-worker list shows the\nnumbers\n\
                    The queue is paused:\nclaude-worker unpause\n";
        assert_eq!(written.err(), said);
        let mut written = Written::new();
        written.console(Look::Pipe).complain(&error);
        assert_eq!(written.err().lines().count(), 2, "for a program");
    }

    #[test]
    fn a_dumb_terminal_is_treated_like_a_file() {
        let both = Paint { colour: true, symbols: true };
        let auto = |capable| capable;
        assert_eq!(view_of(true, false, auto), View { terminal: true, paint: both });
        let symbols = Paint { colour: false, symbols: true };
        assert_eq!(view_of(true, false, |_| false), View { terminal: true, paint: symbols });
        let nothing = View { terminal: false, paint: Paint::NONE };
        assert_eq!(view_of(true, true, auto), nothing);
        assert_eq!(view_of(false, false, auto), nothing);
        let colour = Paint { colour: true, symbols: false };
        assert_eq!(view_of(false, false, |_| true), View { terminal: false, paint: colour });
    }
}
