//! What a run's thread reports at last.

use claude_worker_api::Timestamp;
use claude_worker_supervisor::{EndedBy, Ending, Exit};

/// What has become of a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RunEnding {
    /// Its supervisor recorded its end.
    Finished(Exit),
    /// Its supervisor vanished and what was left of it has been ended.
    Lost { started_at: Option<Timestamp> },
    /// Its agent was not started and will not be.
    NeverStarted {
        reason: String,
        /// Whether the same thing may work in a moment.
        passing: bool,
    },
    /// Its agent cannot be started at all.
    CannotStart { message: String },
    /// This engine has stopped before anything was started: the next one finds the row.
    EngineStopped,
}

impl RunEnding {
    /// What a supervisor's record comes to. An agent that could not be started because the system
    /// lacked something just then has never run, and its task goes back into the queue.
    pub(super) fn recorded(exit: Exit) -> Self {
        match exit {
            Exit {
                ending: Ending::SpawnFailed { message, passing: true },
                ended_by: EndedBy::Itself,
                ..
            } => Self::NeverStarted { reason: message, passing: true },
            exit => Self::Finished(exit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_of_processes_does_not_end_a_run() {
        let exit = |ended_by, passing| Exit {
            ending: Ending::SpawnFailed { message: "no more processes".to_owned(), passing },
            ended_by,
            started_at: None,
            ended_at: Timestamp::from_millis(1),
            stdout_bytes: 0,
            stderr_bytes: 0,
            leftovers: 0,
        };
        let reason = "no more processes".to_owned();
        let never = RunEnding::NeverStarted { reason, passing: true };
        assert_eq!(RunEnding::recorded(exit(EndedBy::Itself, true)), never);
        for (ended_by, passing) in [(EndedBy::Itself, false), (EndedBy::Cancel, true)] {
            let exit = exit(ended_by, passing);
            assert_eq!(RunEnding::recorded(exit.clone()), RunEnding::Finished(exit));
        }
    }
}
