//! The terminal as `top` uses it: raw, with a screen of its own, and given back however `top` ends.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use crossterm::cursor::{Hide, Show};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, TerminalOptions, Viewport};

use super::guard::Guard;

/// What ratatui has written, and the terminal has not got yet: ratatui flushes in the middle of a frame.
#[derive(Clone, Default)]
struct Unwritten(Rc<RefCell<Vec<u8>>>);

impl Write for Unwritten {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal in raw mode, with a second screen, so that what was on the first comes back. Dropping it
/// gives the terminal back.
pub(super) struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Unwritten>>,
    unwritten: Unwritten,
    area: Rect,
    _guard: Guard,
}

impl Terminal {
    /// Takes the terminal, of which `area` is drawn on.
    pub(super) fn enter(area: Rect, colour: bool) -> io::Result<Self> {
        // Whether there are colours has been decided by more than NO_COLOR, which crossterm follows.
        crossterm::style::force_color_output(colour);
        let guard = Guard::new(give_back);
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        let unwritten = Unwritten::default();
        let backend = CrosstermBackend::new(unwritten.clone());
        // The size is given and not measured by ratatui: it draws nothing on a terminal that says it has none,
        // such as a serial line.
        let options = TerminalOptions { viewport: Viewport::Fixed(area) };
        let inner = ratatui::Terminal::with_options(backend, options)?;
        let mut terminal = Self { inner, unwritten, area, _guard: guard };
        terminal.forget();
        Ok(terminal)
    }

    /// Writes what has changed since the last frame, and everything when the area is another. It is one write,
    /// and terminals that know the sequences around it show it at once.
    pub(super) fn draw(
        &mut self,
        area: Rect,
        frame: impl FnOnce(&mut Frame<'_>),
    ) -> io::Result<()> {
        queue!(self.unwritten, BeginSynchronizedUpdate)?;
        if self.area != area {
            self.area = area;
            self.inner.resize(area)?;
        }
        self.inner.draw(frame)?;
        queue!(self.unwritten, EndSynchronizedUpdate)?;
        let bytes = self.unwritten.0.take();
        let mut out = io::stdout();
        out.write_all(&bytes)?;
        out.flush()
    }

    /// Has everything written with the next frame: another program may have written to the screen.
    pub(super) fn forget(&mut self) {
        self.area = Rect::ZERO;
    }
}

fn give_back() {
    // Where this fails, the terminal has gone.
    let _ = execute!(io::stdout(), Show, LeaveAlternateScreen);
    let _ = disable_raw_mode();
}
