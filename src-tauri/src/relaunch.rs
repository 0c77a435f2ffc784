//! Other starts of the app: what becomes of their arguments while this one starts, runs and quits.

use std::sync::{Arc, Mutex, PoisonError};

use crate::log::report;
use crate::platform;

/// Whether the app can do what another start asks for, and the start that has to wait. Clones share the
/// same state.
#[derive(Clone, Default)]
pub(crate) struct DeferredStart(Arc<Mutex<State>>);

/// The arguments of the newest start that waits.
type Waiting = Option<Vec<String>>;

enum State {
    /// The app starts, and has no window yet.
    Starting(Waiting),
    Running,
    /// The app quits. The start follows afterwards.
    Quitting(Waiting),
    /// The app has quit, and accepts no start any more.
    Ended,
}

impl Default for State {
    fn default() -> Self {
        Self::Starting(None)
    }
}

/// What becomes of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// The app does now what the start asks for.
    Now,
    /// It does so once it has started, or after it has quit.
    Later,
    /// Never: the other process has to start an app of its own.
    No,
}

impl DeferredStart {
    /// The app runs. Returns the arguments of a start that has waited for that.
    pub(crate) fn begin(&self) -> Waiting {
        self.change(|state| match std::mem::replace(state, State::Running) {
            State::Starting(waiting) => waiting,
            other => {
                *state = other;
                None
            }
        })
    }

    /// From now on, starts are deferred until the app has quit.
    pub(crate) fn begin_quit(&self) {
        self.change(|state| match state {
            State::Starting(waiting) => *state = State::Quitting(waiting.take()),
            State::Running => *state = State::Quitting(None),
            State::Quitting(_) | State::Ended => {}
        });
    }

    /// The app continues to run. Returns the arguments of a start that was deferred.
    pub(crate) fn cancel_quit(&self) -> Waiting {
        self.change(|state| match state {
            State::Quitting(waiting) => {
                let waiting = waiting.take();
                *state = State::Running;
                waiting
            }
            State::Starting(_) | State::Running | State::Ended => None,
        })
    }

    /// Decides what becomes of a start with these arguments, and stores them if it has to wait.
    pub(crate) fn accept(&self, arguments: &[String]) -> Accepted {
        self.change(|state| match state {
            State::Running => Accepted::Now,
            State::Starting(waiting) | State::Quitting(waiting) => {
                *waiting = Some(arguments.to_vec());
                Accepted::Later
            }
            State::Ended => Accepted::No,
        })
    }

    /// Accepts no start any more, and replaces this process by a new app if one was deferred. Call it
    /// last, when the engine and the tray are gone.
    pub(crate) fn relaunch(&self) {
        if let Some(arguments) = self.end() {
            let error = platform::relaunch(&arguments);
            report(&format!("the app cannot be started again: {error}"));
        }
    }

    fn end(&self) -> Waiting {
        self.change(|state| match std::mem::replace(state, State::Ended) {
            State::Quitting(waiting) | State::Starting(waiting) => waiting,
            State::Running | State::Ended => None,
        })
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
    fn a_start_waits_until_the_app_has_started() {
        let start = DeferredStart::default();
        assert_eq!(start.accept(&arguments(&["open"])), Accepted::Later);
        assert_eq!(start.begin(), Some(arguments(&["open"])));
        assert_eq!(start.accept(&arguments(&["open"])), Accepted::Now);
        assert_eq!(start.cancel_quit(), None);
    }

    #[test]
    fn the_newest_start_during_a_quit_is_deferred() {
        let start = DeferredStart::default();
        start.begin();
        start.begin_quit();
        assert_eq!(start.accept(&arguments(&["open"])), Accepted::Later);
        assert_eq!(start.accept(&arguments(&["new"])), Accepted::Later);
        // A second request to quit keeps the start.
        start.begin_quit();
        assert_eq!(start.cancel_quit(), Some(arguments(&["new"])));
        assert_eq!(start.accept(&arguments(&["open"])), Accepted::Now);
    }

    #[test]
    fn an_app_that_has_quit_accepts_no_start() {
        let start = DeferredStart::default();
        start.begin();
        start.begin_quit();
        assert_eq!(start.accept(&arguments(&["open"])), Accepted::Later);
        assert_eq!(start.end(), Some(arguments(&["open"])));
        assert_eq!(start.accept(&arguments(&["open"])), Accepted::No);
        assert_eq!(start.end(), None);
    }

    #[test]
    fn an_app_that_quits_while_it_starts_keeps_the_start_that_waits() {
        let start = DeferredStart::default();
        assert_eq!(start.accept(&arguments(&["open"])), Accepted::Later);
        start.begin_quit();
        assert_eq!(start.begin(), None, "it quits");
        assert_eq!(start.end(), Some(arguments(&["open"])));
    }
}
