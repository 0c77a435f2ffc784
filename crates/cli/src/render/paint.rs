//! Colours and symbols: for state only, and only on a terminal.

use claude_worker_api::{State, Status};

/// The meaning of a piece of text, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// No colour.
    Plain,
    /// The most important part of its line.
    Strong,
    /// Less important text.
    Quiet,
    /// Something is running.
    Running,
    /// Something waits or needs a person.
    Attention,
    /// Something went well.
    Good,
    /// Something went wrong.
    Bad,
}

/// Whether there is colour, and whether there are symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Whether colours are wanted (a terminal that has them, and no `NO_COLOR`).
    pub colour: bool,
    /// Whether symbols are wanted (a terminal).
    pub symbols: bool,
}

impl Paint {
    /// No colour, no symbols: for files and pipes.
    pub const NONE: Self = Self { colour: false, symbols: false };

    /// The text in its tone. The text must be clean already.
    #[must_use]
    pub fn tone(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Strong => "1",
            Tone::Quiet => "2",
            Tone::Running => "34",
            Tone::Attention => "33",
            Tone::Good => "32",
            Tone::Bad => "31",
        };
        if self.colour && !text.trim().is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// The text in one of six colours, for telling things of the same kind apart.
    #[must_use]
    pub fn one_of_many(self, place: usize, text: &str) -> String {
        const CODES: [&str; 6] = ["36", "33", "35", "32", "34", "31"];
        if self.colour {
            format!("\u{1b}[{}m{text}\u{1b}[0m", CODES[place % CODES.len()])
        } else {
            text.to_owned()
        }
    }

    /// `symbol` and a space where symbols are wanted, nothing elsewhere.
    #[must_use]
    pub const fn symbol(self, symbol: &'static str) -> &'static str {
        if self.symbols { symbol } else { "" }
    }

    /// A state's word with its symbol: `● running`.
    #[must_use]
    pub fn status(self, state: &State) -> String {
        let word = match state {
            State::Running { stopping: true, .. } => "stopping",
            other => other.status().name(),
        };
        format!("{}{word}", self.symbol(symbol_of(state.status())))
    }
}

/// The tone of a status.
#[must_use]
pub const fn tone_of(status: Status) -> Tone {
    match status {
        Status::Waiting | Status::Unknown(_) => Tone::Attention,
        Status::Pending => Tone::Plain,
        Status::Running => Tone::Running,
        Status::Completed => Tone::Good,
        Status::Failed => Tone::Bad,
        Status::Cancelled | Status::Skipped => Tone::Quiet,
    }
}

const fn symbol_of(status: Status) -> &'static str {
    match status {
        Status::Waiting => "◌ ",
        Status::Pending => "○ ",
        Status::Running => "● ",
        Status::Completed => "✓ ",
        Status::Failed => "✗ ",
        Status::Cancelled => "■ ",
        Status::Skipped => "– ",
        Status::Unknown(_) => "? ",
    }
}
