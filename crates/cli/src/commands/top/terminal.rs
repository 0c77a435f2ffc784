//! The terminal as `top` uses it: raw, with a screen of its own, and given back however `top` ends.

use std::io::{self, Write};
use std::sync::Once;

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

/// A second screen, so that what was on the first comes back; the cursor is hidden.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

/// The terminal in raw mode. Dropping it gives the terminal back.
pub(super) struct Terminal(());

impl Terminal {
    /// Takes the terminal.
    pub(super) fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let usual = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                // Or the message would be written to the screen that disappears.
                give_back();
                usual(info);
            }));
        });
        enable_raw_mode()?;
        let terminal = Self(());
        write(ENTER)?;
        Ok(terminal)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    // Where this fails, the terminal has gone.
    let _ = write(LEAVE);
    let _ = disable_raw_mode();
}

fn write(sequence: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

/// Draws a screen in one write. Terminals that know the sequences around it show it at once.
pub(super) fn screen(lines: &[String]) -> String {
    let mut text = "\u{1b}[?2026h\u{1b}[H".to_owned();
    for (place, line) in lines.iter().enumerate() {
        if place > 0 {
            text += "\r\n";
        }
        text += line;
        text += "\u{1b}[K";
    }
    text + "\u{1b}[J\u{1b}[?2026l"
}
