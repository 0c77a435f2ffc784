//! Exit codes: part of the interface, listed in `--help`.

use std::fmt::Write as _;
use std::process::ExitCode;

use claude_worker_api::{ErrorCode, Failure, State, Status};

/// How the command line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success; with `--wait`: the task is completed.
    Done = 0,
    /// The command failed for a reason that has no code of its own.
    Failed = 1,
    /// The command line or the request is wrong.
    Usage = 2,
    /// The task, run or output does not exist.
    NotFound = 3,
    /// The state of the task does not allow the request.
    Conflict = 4,
    /// No engine answers, or one of another version.
    NoEngine = 5,
    /// The disk or the queue is full.
    NoRoom = 6,
    /// The stored data is damaged, or of a newer version.
    BadData = 7,
    /// The token, or the owner of a file, does not allow it.
    Forbidden = 8,
    /// The task failed.
    TaskFailed = 10,
    /// The task was cancelled.
    TaskCancelled = 11,
    /// The task was skipped.
    TaskSkipped = 12,
    /// The task was stopped at one of its limits.
    TaskLimit = 13,
    /// The task was lost: its processes disappeared.
    TaskLost = 14,
    /// The time of `wait --timeout` is over.
    TimedOut = 124,
    /// The terminal was closed while the command watched or waited.
    HungUp = 129,
    /// Interrupted with Ctrl-C while it watched or waited.
    Interrupted = 130,
    /// Ended with SIGTERM while it watched or waited.
    Terminated = 143,
}

/// Every code with its meaning, as `--help` prints it.
pub const TABLE: [(Exit, &str); 18] = [
    (Exit::Done, "done; with --wait or --watch: the task is completed"),
    (
        Exit::Failed,
        "the command failed (doctor: something needed is missing; wait, --wait, --watch: the task ended in \
         a status that only a newer version knows)",
    ),
    (Exit::Usage, "the command line or the request is wrong"),
    (Exit::NotFound, "the task, run or output does not exist"),
    (Exit::Conflict, "the task's state does not allow it (retry while it runs)"),
    (Exit::NoEngine, "no engine answers, or one of another version"),
    (Exit::NoRoom, "the disk or the queue is full; nothing was lost"),
    (Exit::BadData, "the stored data is damaged or of a newer version"),
    (Exit::Forbidden, "not allowed: by the token, the owner of a file, or from inside a task"),
    (Exit::TaskFailed, "the task failed"),
    (Exit::TaskCancelled, "the task was cancelled"),
    (Exit::TaskSkipped, "the task was never run"),
    (
        Exit::TaskLimit,
        "the task was stopped at a limit: time, silence, output, budget, turns, usage, rate",
    ),
    (
        Exit::TaskLost,
        "the task was lost: its supervisor was killed, its files were removed, or the machine went down",
    ),
    (Exit::TimedOut, "wait --timeout: the time is over; the tasks keep running"),
    (Exit::HungUp, "the terminal was closed (SIGHUP); the task keeps running"),
    (Exit::Interrupted, "interrupted with Ctrl-C (SIGINT); the task keeps running"),
    (Exit::Terminated, "ended with SIGTERM; the task keeps running"),
];

/// The table as the text that ends `--help`.
#[must_use]
pub fn help() -> String {
    let mut text = String::from("Exit codes (10 to 14 with --wait, --watch and wait):\n");
    for (exit, meaning) in TABLE {
        let _ = writeln!(text, "  {:>3}  {meaning}", exit as u8);
    }
    text
}

impl Exit {
    /// The code for an error of the engine.
    #[must_use]
    pub const fn of_error(code: ErrorCode) -> Self {
        match code {
            ErrorCode::InvalidRequest => Self::Usage,
            ErrorCode::NotFound => Self::NotFound,
            ErrorCode::Conflict => Self::Conflict,
            ErrorCode::Unavailable | ErrorCode::VersionMismatch | ErrorCode::Locked => {
                Self::NoEngine
            }
            ErrorCode::Forbidden => Self::Forbidden,
            ErrorCode::QueueFull | ErrorCode::DiskFull => Self::NoRoom,
            ErrorCode::BadDatabase => Self::BadData,
            ErrorCode::Internal | ErrorCode::Unknown(_) => Self::Failed,
        }
    }

    /// The code for the state of a task. An unfinished task is not an error.
    #[must_use]
    pub fn of_state(state: &State) -> Self {
        match state {
            State::Failed { failure, .. } => match failure {
                Failure::Timeout { .. }
                | Failure::Silent { .. }
                | Failure::OutputLimit { .. }
                | Failure::UsageLimit { .. }
                | Failure::RateLimit { .. }
                | Failure::Budget
                | Failure::Turns => Self::TaskLimit,
                Failure::Lost => Self::TaskLost,
                _ => Self::TaskFailed,
            },
            other => match other.status() {
                Status::Cancelled => Self::TaskCancelled,
                Status::Skipped => Self::TaskSkipped,
                // This version cannot tell whether a state of a newer version is a success, so it is
                // neither the code of a success nor that of a failed task.
                Status::Unknown(_) if other.is_finished() => Self::Failed,
                _ => Self::Done,
            },
        }
    }

    /// The first of two that is not [`Exit::Done`].
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match self {
            Self::Done => other,
            _ => self,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::Timestamp;

    use super::*;

    #[test]
    fn every_code_is_listed_once_and_in_order() {
        let codes: Vec<u8> = TABLE.iter().map(|(exit, _)| *exit as u8).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
        assert!(help().contains("\n  124  wait --timeout"));
    }

    #[test]
    fn every_error_of_the_engine_has_a_listed_code() {
        let listed: Vec<Exit> = TABLE.iter().map(|(exit, _)| *exit).collect();
        for code in ErrorCode::ALL {
            assert!(listed.contains(&Exit::of_error(code)), "{code:?}");
            assert_ne!(Exit::of_error(code), Exit::Done, "{code:?}");
        }
        assert_eq!(Exit::of_error(ErrorCode::Forbidden), Exit::Forbidden);
        assert_eq!(Exit::of_error(ErrorCode::DiskFull), Exit::NoRoom);
        assert_eq!(Exit::of_error(ErrorCode::BadDatabase), Exit::BadData);
    }

    #[test]
    fn each_outcome_of_a_task_has_its_own_code() {
        let ended_at = Timestamp::default();
        let failed = |failure| Exit::of_state(&State::Failed { ended_at, failure });
        assert_eq!(failed(Failure::Lost), Exit::TaskLost);
        assert_eq!(failed(Failure::Turns), Exit::TaskLimit);
        assert_eq!(failed(Failure::Exit { code: 3, message: String::new() }), Exit::TaskFailed);
        let completed = State::Completed { ended_at, denied_tools: Vec::new(), notes: Vec::new() };
        assert_eq!(Exit::of_state(&completed), Exit::Done);
        assert_eq!(Exit::of_state(&State::Cancelled { ended_at }), Exit::TaskCancelled);
        let skipped = State::Skipped { ended_at, reason: String::new() };
        assert_eq!(Exit::of_state(&skipped), Exit::TaskSkipped);
        assert_eq!(Exit::of_state(&State::Pending), Exit::Done);
    }

    #[test]
    fn the_first_failure_decides() {
        assert_eq!(Exit::Done.or(Exit::Conflict), Exit::Conflict);
        assert_eq!(Exit::NotFound.or(Exit::Conflict), Exit::NotFound);
    }
}
