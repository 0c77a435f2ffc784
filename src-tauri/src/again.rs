//! A start that comes while the app is being left: it is made up for at the end.

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use claude_worker_supervisor::without_own_variables;

use crate::journal::say;

/// Whether the app stays. Cloning gives another handle.
#[derive(Clone, Default)]
pub(crate) struct Stay(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Stays,
    Leaves {
        /// The arguments of the newest start since.
        started_again: Option<Vec<String>>,
    },
}

impl Stay {
    /// From here on a start is put off until the app has been left.
    pub(crate) fn leaves(&self) {
        self.change(|state| {
            if matches!(state, State::Stays) {
                *state = State::Leaves { started_again: None };
            }
        });
    }

    /// The app is not left after all. Gives the arguments of a start that was put off.
    pub(crate) fn stays(&self) -> Option<Vec<String>> {
        self.change(|state| match std::mem::take(state) {
            State::Stays => None,
            State::Leaves { started_again } => started_again,
        })
    }

    /// Whether a start with these arguments is put off because the app is being left.
    pub(crate) fn puts_off(&self, arguments: &[String]) -> bool {
        self.change(|state| match state {
            State::Stays => false,
            State::Leaves { started_again } => {
                *started_again = Some(arguments.to_vec());
                true
            }
        })
    }

    /// Becomes the app that was started meanwhile, if one was. Only when nothing is left of this
    /// one. It is the program as it is installed now, which may be a newer one.
    pub(crate) fn start_what_was_put_off(&self) {
        let Some(arguments) = self.stays() else { return };
        let Some(program) = program() else { return };
        let error = without_own_variables(&mut Command::new(&program)).args(arguments).exec();
        say(&format!("{} cannot be started again: {error}", program.display()));
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where this program is installed. Linux adds a remark to the path of one that was replaced.
fn program() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.into_os_string();
    let path = path.as_bytes().strip_suffix(b" (deleted)").unwrap_or(path.as_bytes());
    Some(std::ffi::OsString::from_vec(path.to_vec()).into())
}
