//! Where the supervisors of new runs come from.
//!
//! To start a process is the slowest step between a submission and the agent's first instruction.
//! So one supervisor is started ahead, waits as a [`Spare`], and takes the next run; another is
//! started when that has begun. A run that begins while the spare is being started waits for it,
//! which takes less time than to start another one. One is enough: of several runs that begin at once,
//! the others have their supervisors started as ever, which also happens when the spare has died.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use claude_worker_os::files::is_executable;
use claude_worker_supervisor::{
    Launched, RunDir, Spare, SupervisorCommand, SupervisorError, launch,
};

/// Starts supervisors, mostly ahead of time.
pub(super) struct Supervisors {
    command: SupervisorCommand,
    spare: Mutex<Place>,
    /// The spare was started, or could not be.
    started: Condvar,
    /// Whether the log says that the program is missing.
    told_missing: AtomicBool,
}

/// The place for the spare.
enum Place {
    Empty,
    /// A thread is starting one.
    Starting {
        /// Another thread waits for it, and will take it.
        promised: bool,
    },
    Taken(Spare),
}

impl Supervisors {
    pub(super) fn new(command: SupervisorCommand) -> Self {
        Self {
            command,
            spare: Mutex::new(Place::Empty),
            started: Condvar::new(),
            told_missing: AtomicBool::new(false),
        }
    }

    /// The program, if it is missing: while Claude Worker is being installed again, say. Every run that
    /// begins meanwhile would fail.
    pub(super) fn missing_program(&self) -> Option<&Path> {
        let program = self.command.program.as_path();
        let is_there =
            std::fs::metadata(program).is_ok_and(|found| found.is_file() && is_executable(&found));
        (!is_there).then_some(program)
    }

    /// As [`Supervisors::missing_program`], and writes changes to the log.
    pub(super) fn can_start(&self) -> bool {
        let missing = self.missing_program();
        if self.told_missing.swap(missing.is_some(), Ordering::Relaxed) != missing.is_some() {
            match missing {
                Some(program) => tracing::error!(
                    program = %program.display(),
                    "a program of Claude Worker is missing; nothing is started until it is back"
                ),
                None => tracing::info!("the missing program is back; the queue goes on"),
            }
        }
        missing.is_none()
    }

    /// A supervisor for the run in `dir`: the spare one, or a new one.
    ///
    /// # Errors
    /// When there is no spare and no process could be made: nothing has started, and nothing will.
    pub(super) fn launch(&self, dir: &RunDir) -> Result<Launched, SupervisorError> {
        if let Some(launched) = self.take().and_then(|spare| spare.take_on(dir)) {
            return Ok(launched);
        }
        self.launch_new(dir)
    }

    /// A new supervisor for the run in `dir`.
    ///
    /// # Errors
    /// When no process could be made: nothing has started, and nothing will.
    pub(super) fn launch_new(&self, dir: &RunDir) -> Result<Launched, SupervisorError> {
        launch(&self.command, dir)
    }

    /// Starts a spare one, if there is none. Blocks this thread while the process is being made.
    pub(super) fn keep_a_spare(&self) {
        {
            let mut place = self.place();
            if !matches!(*place, Place::Empty) {
                return;
            }
            *place = Place::Starting { promised: false };
        }
        let spare = Spare::start(&self.command)
            // Without one, runs start a little later; `launch` reports what is wrong.
            .inspect_err(|error| tracing::debug!(%error, "there is no spare supervisor"));
        *self.place() = spare.map_or(Place::Empty, Place::Taken);
        self.started.notify_all();
    }

    /// Ends the spare one.
    pub(super) fn dismiss(&self) {
        drop(self.take());
    }

    /// The spare one, once it is started; none when there is none, or another thread waits for it.
    fn take(&self) -> Option<Spare> {
        let mut place = self.place();
        if let Place::Starting { promised } = &mut *place {
            if std::mem::replace(promised, true) {
                return None;
            }
            let is_starting = |place: &mut Place| matches!(place, Place::Starting { .. });
            place =
                self.started.wait_while(place, is_starting).unwrap_or_else(PoisonError::into_inner);
        }
        match std::mem::replace(&mut *place, Place::Empty) {
            Place::Taken(spare) => Some(spare),
            other => {
                *place = other;
                None
            }
        }
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Place> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_missing_or_cannot_be_executed_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("claude-worker");
        let supervisors =
            Supervisors::new(SupervisorCommand { program: program.clone(), args: Vec::new() });
        assert_eq!(supervisors.missing_program(), Some(program.as_path()));
        assert!(!supervisors.can_start());
        std::fs::write(&program, "").unwrap();
        assert!(!supervisors.can_start(), "it is not executable");
        std::fs::remove_file(&program).unwrap();
        std::fs::copy("/bin/cat", &program).unwrap();
        assert!(supervisors.can_start());
        assert_eq!(supervisors.missing_program(), None);
    }

    #[test]
    fn one_run_waits_for_the_spare_that_is_being_started_and_no_other_does() {
        let command = SupervisorCommand { program: "/bin/cat".into(), args: Vec::new() };
        let supervisors = Supervisors::new(command.clone());
        *supervisors.place() = Place::Starting { promised: false };
        std::thread::scope(|threads| {
            let waits = threads.spawn(|| supervisors.take().is_some());
            while !matches!(*supervisors.place(), Place::Starting { promised: true }) {
                std::thread::yield_now();
            }
            assert!(supervisors.take().is_none());
            *supervisors.place() = Place::Taken(Spare::start(&command).unwrap());
            supervisors.started.notify_all();
            assert!(waits.join().unwrap());
        });
        assert!(supervisors.take().is_none());
    }
}
