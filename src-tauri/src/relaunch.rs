//! A second start of the app while it quits: it is stored, and done after the quit.

use std::sync::{Arc, Mutex, PoisonError};

use crate::log::report;
use crate::platform;

/// Whether the app is quitting, and the start it has to do afterwards. Clones share the same state.
#[derive(Clone, Default)]
pub(crate) struct DeferredStart(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Running,
    Quitting {
        /// The arguments of the newest start since the quit began.
        arguments: Option<Vec<String>>,
    },
}

impl DeferredStart {
    /// From now on, starts are deferred until the app has quit.
    pub(crate) fn begin_quit(&self) {
        self.change(|state| {
            if matches!(state, State::Running) {
                *state = State::Quitting { arguments: None };
            }
        });
    }

    /// The app continues to run. Returns the arguments of a start that was deferred.
    pub(crate) fn cancel_quit(&self) -> Option<Vec<String>> {
        self.change(|state| match std::mem::take(state) {
            State::Running => None,
            State::Quitting { arguments } => arguments,
        })
    }

    /// Defers a start with these arguments if the app is quitting; returns whether it did.
    pub(crate) fn defer(&self, arguments: &[String]) -> bool {
        self.change(|state| match state {
            State::Running => false,
            State::Quitting { arguments: newest } => {
                *newest = Some(arguments.to_vec());
                true
            }
        })
    }

    /// Replaces this process by a new app if a start was deferred. Call it last, when the engine, the
    /// tray and the bus name are gone.
    pub(crate) fn relaunch(&self) {
        if let Some(arguments) = self.cancel_quit() {
            let error = platform::relaunch(&arguments);
            report(&format!("the app cannot be started again: {error}"));
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_running_app_defers_no_start() {
        let start = DeferredStart::default();
        assert!(!start.defer(&arguments(&["open"])));
        assert_eq!(start.cancel_quit(), None);
    }

    #[test]
    fn the_newest_start_during_a_quit_is_deferred() {
        let start = DeferredStart::default();
        start.begin_quit();
        assert!(start.defer(&arguments(&["open"])));
        assert!(start.defer(&arguments(&["new"])));
        // A second request to quit keeps the start.
        start.begin_quit();
        assert_eq!(start.cancel_quit(), Some(arguments(&["new"])));
        assert!(!start.defer(&arguments(&["open"])));
    }
}
