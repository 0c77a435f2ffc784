//! A second start of the app while it quits: it is remembered, and done after the quit.

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use claude_worker_supervisor::without_own_variables;

use crate::log::report;

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

    /// Replaces this process by a new app if a start was deferred. Call it last, when the engine,
    /// the tray and the bus name are gone. It runs the program that is installed now, which may be
    /// newer than this one.
    pub(crate) fn relaunch(&self) {
        let Some(arguments) = self.cancel_quit() else { return };
        let Some(program) = program() else { return };
        let error = without_own_variables(&mut Command::new(&program)).args(arguments).exec();
        report(&format!("{} cannot be started again: {error}", program.display()));
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The path at which this program is installed. Linux appends a note to the path of a program that
/// was replaced.
fn program() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.into_os_string();
    let path = path.as_bytes().strip_suffix(b" (deleted)").unwrap_or(path.as_bytes());
    Some(std::ffi::OsString::from_vec(path.to_vec()).into())
}
