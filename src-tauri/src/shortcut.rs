//! The keyboard shortcut that opens the quick entry: stored, and in force while the app runs.

use std::sync::{Arc, Mutex, PoisonError};

use claude_worker_api::ApiError;
use claude_worker_desktop::shortcut::{Shortcut, ShortcutFile};
use serde::Serialize;

use crate::platform::shortcut::Grab;

/// The shortcut of this app.
pub(crate) struct QuickEntryShortcut {
    file: ShortcutFile,
    grab: Result<Grab, String>,
    /// Why the stored shortcut is not in force.
    problem: Mutex<Option<String>>,
}

/// What the settings page shows of it.
#[derive(Debug, Serialize)]
pub(crate) struct ShortcutInfo {
    /// The shortcut as text; empty if it is turned off.
    shortcut: String,
    /// Why it does not work.
    problem: Option<String>,
    /// Whether shortcuts can be set here at all.
    supported: bool,
    /// The keys that open it as the desktop calls them, if that has chosen them.
    keys: Option<String>,
}

impl QuickEntryShortcut {
    /// Brings the stored shortcut into force. `on_press` gets the time of the key press, as the display
    /// counts, where that is known, and must return at once.
    pub(crate) fn start(
        file: ShortcutFile,
        on_press: impl Fn(Option<u32>) + Send + Sync + 'static,
    ) -> Self {
        let this = Self { file, grab: Grab::new(Arc::new(on_press)), problem: Mutex::new(None) };
        let stored = this.file.read();
        let set = this.apply(stored);
        if let Err(problem) = &set {
            tracing::warn!(problem, shortcut = ?stored, "the quick entry has no shortcut");
        }
        this.set_problem(set.err());
        this
    }

    /// Changes the shortcut; an empty text turns it off.
    ///
    /// # Errors
    /// The text is not a shortcut, another program uses it, or it cannot be stored. The shortcut before
    /// stays in force.
    pub(crate) fn change(&self, text: &str) -> Result<(), ApiError> {
        let before = self.file.read();
        let shortcut = match text.trim() {
            "" => None,
            text => Some(text.parse::<Shortcut>().map_err(ApiError::invalid)?),
        };
        if let Err(problem) = self.apply(shortcut) {
            self.set_problem(self.apply(before).err());
            return Err(ApiError::unavailable(problem));
        }
        self.set_problem(None);
        self.file
            .write(shortcut)
            .map_err(|error| ApiError::internal(format!("The shortcut cannot be stored: {error}")))
    }

    /// What the settings page shows.
    pub(crate) fn info(&self) -> ShortcutInfo {
        let shortcut = self.file.read().map(|shortcut| shortcut.to_string()).unwrap_or_default();
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let later = self.grab.as_ref().map(Grab::in_force).unwrap_or_default();
        ShortcutInfo {
            shortcut,
            problem: later.problem.or(problem),
            supported: self.grab.is_ok() && !later.unsupported,
            keys: later.keys,
        }
    }

    fn apply(&self, shortcut: Option<Shortcut>) -> Result<(), String> {
        match (&self.grab, shortcut) {
            (Ok(grab), shortcut) => grab.set(shortcut),
            (Err(_), None) => Ok(()),
            (Err(reason), Some(_)) => Err(reason.clone()),
        }
    }

    fn set_problem(&self, problem: Option<String>) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }
}
