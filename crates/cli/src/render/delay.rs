//! Why a task that a command waits for makes no progress, and what ends that.

use claude_worker_api::{EngineInfo, LogItem, State, Task, Timestamp};

use super::figures::{plural, short};
use super::local_time::Zone;
use super::text::clean_line;

/// Why a task makes no progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delay {
    /// No engine answers; the client tries again.
    NoEngine,
    /// The engine has been told to stop.
    EngineStopping,
    /// A person has paused the queue.
    QueuePaused,
    /// The engine starts nothing until there is room on the disk.
    DiskFull,
    /// A program of Claude Worker is missing.
    ProgramMissing {
        /// Which one.
        program: String,
    },
    /// A task runs, and its output waits where the disk has no room for it.
    DiskFullMeanwhile,
    /// As many tasks run as there may.
    WorkersBusy {
        /// How many that is.
        workers: u32,
    },
    /// A limit of the account or the API.
    Limit {
        /// What was reached.
        cause: String,
        /// When the task goes on.
        until: Option<Timestamp>,
    },
    /// The agent repeats a request that the API did not answer.
    ApiRetries {
        /// The attempt that failed.
        attempt: u32,
        /// After how many it gives up.
        most: u32,
        /// Why it failed.
        reason: String,
    },
}

impl Delay {
    /// What keeps this task from starting or holds up its output; `None` when it runs without that, has finished, or
    /// is about to start.
    #[must_use]
    pub fn of(task: &Task, engine: &EngineInfo) -> Option<Self> {
        match &task.state {
            State::Waiting { reason } => {
                Some(Self::Limit { cause: clean_line(&reason.cause()), until: reason.until() })
            }
            State::Pending => Self::of_queue(engine),
            State::Running { .. } if engine.disk_full => Some(Self::DiskFullMeanwhile),
            _ => None,
        }
    }

    /// What keeps all tasks of the queue from starting.
    #[must_use]
    pub fn of_queue(engine: &EngineInfo) -> Option<Self> {
        let queue = &engine.queue;
        if engine.stopping {
            Some(Self::EngineStopping)
        } else if queue.paused {
            Some(Self::QueuePaused)
        } else if engine.disk_full {
            Some(Self::DiskFull)
        } else if let Some(program) = &engine.missing_program {
            Some(Self::ProgramMissing { program: clean_line(program) })
        } else if queue.counts.running >= u64::from(queue.workers) {
            Some(Self::WorkersBusy { workers: queue.workers })
        } else {
            None
        }
    }

    /// The delay of a running task whose log ends with this entry.
    #[must_use]
    pub fn of_entry(last: &LogItem) -> Option<Self> {
        let LogItem::Retry { attempt, max_attempts, reason, .. } = last else { return None };
        let reason = clean_line(reason);
        Some(Self::ApiRetries { attempt: *attempt, most: *max_attempts, reason })
    }

    /// Whether it is the same as the other for a person: a further attempt is nothing new.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ApiRetries { reason, .. }, Self::ApiRetries { reason: other, .. }) => {
                reason == other
            }
            _ => self == other,
        }
    }

    /// The cause: `the queue is paused`.
    #[must_use]
    pub fn cause(&self, now: Timestamp, zone: &Zone) -> String {
        match self {
            Self::NoEngine => "no engine answers".to_owned(),
            Self::EngineStopping => "the engine is stopping".to_owned(),
            Self::QueuePaused => "the queue is paused".to_owned(),
            Self::DiskFull => "the disk is nearly full".to_owned(),
            Self::DiskFullMeanwhile => {
                "the disk is nearly full; without room for its output, a task stands still"
                    .to_owned()
            }
            Self::ProgramMissing { program } => format!("the program {program} is missing"),
            Self::WorkersBusy { workers: 0 } => "there are no workers".to_owned(),
            Self::WorkersBusy { workers: 1 } => "the only worker is busy".to_owned(),
            Self::WorkersBusy { workers } => format!("all {workers} workers are busy"),
            Self::Limit { cause, until } => {
                let mut letters = cause.chars();
                // Within a sentence, but for an abbreviation such as API.
                let cause = match (letters.next(), letters.next()) {
                    (Some(first), Some(second)) if !second.is_uppercase() => {
                        format!("{}{}", first.to_lowercase(), &cause[first.len_utf8()..])
                    }
                    _ => cause.clone(),
                };
                match until {
                    Some(until) if *until > now => {
                        let left = short(until.millis_since(now));
                        format!("{cause} until {} (in {left})", zone.clock(*until, now))
                    }
                    _ => cause,
                }
            }
            Self::ApiRetries { attempt, most, reason } => {
                format!("the API answers {reason}, attempt {attempt} of {most}")
            }
        }
    }

    /// What ends it, as a sentence without a full stop.
    #[must_use]
    pub const fn end(&self) -> &'static str {
        match self {
            Self::NoEngine => "Trying again; claude-worker server start starts one",
            Self::EngineStopping => "The next engine goes on: claude-worker server start",
            Self::QueuePaused => "Continue it with: claude-worker unpause",
            Self::DiskFull | Self::DiskFullMeanwhile => {
                "Make room on the disk; claude-worker clean removes finished tasks and their output"
            }
            Self::ProgramMissing { .. } => {
                "Install Claude Worker again; the queue then goes on by itself"
            }
            Self::WorkersBusy { workers: 0 } => {
                "Set `workers` to more than 0: claude-worker config set workers 4"
            }
            Self::WorkersBusy { .. } => "It starts when one is free",
            Self::Limit { .. } => "It goes on by itself",
            Self::ApiRetries { .. } => "Claude Code tries again by itself",
        }
    }

    /// Cause and end for a command that waits for `tasks` (`Task 12`, `3 tasks`), of which the first has
    /// `ahead` tasks before it in the queue.
    #[must_use]
    pub fn sentence(&self, tasks: &str, ahead: u64, now: Timestamp, zone: &Zone) -> String {
        let ahead = match (self, ahead) {
            (Self::WorkersBusy { .. }, 1..) => format!(", {} ahead", plural(ahead, "task")),
            _ => String::new(),
        };
        format!("{tasks}: {}{ahead}. {}", self.cause(now, zone), self.end())
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Queue, WaitReason};

    use super::*;
    use crate::render::samples::{self, NOW};

    /// An engine with two workers, of which so many are busy.
    fn engine(running: u64) -> EngineInfo {
        let mut engine = samples::engine();
        engine.queue = Queue { paused: false, workers: 2, ..engine.queue };
        engine.queue.counts.running = running;
        engine
    }

    #[test]
    fn each_cause_is_named_with_what_ends_it() {
        let task = |state| samples::task(12, "x", state);
        let pending = task(State::Pending);
        let busy = engine(2);
        let paused = EngineInfo { queue: Queue { paused: true, ..busy.queue }, ..busy.clone() };
        let full = EngineInfo { disk_full: true, ..busy.clone() };
        let stopping = EngineInfo { stopping: true, ..paused.clone() };
        let limit = |reason| task(State::Waiting { reason });
        let until = NOW.plus_millis(7_200_000);
        let usage = limit(WaitReason::UsageLimit { until, tries: 1, most_tries: 8 });
        let api = limit(WaitReason::Overloaded { until: NOW, tries: 1, most_tries: 6 });
        let retry = LogItem::Retry {
            attempt: 3,
            max_attempts: 10,
            delay_ms: 4000,
            reason: "529 overloaded\n".to_owned(),
        };
        let delays = [
            Delay::of(&pending, &busy),
            Delay::of(&pending, &paused),
            Delay::of(&pending, &full),
            Delay::of(&pending, &stopping),
            Delay::of(&samples::running(12, "x", "y"), &full),
            Delay::of(&usage, &busy),
            Delay::of(&api, &busy),
            Delay::of_entry(&retry),
            Some(Delay::NoEngine),
        ];
        let text: Vec<_> = delays
            .into_iter()
            .map(|delay| delay.unwrap().sentence("Task 12", 3, NOW, &Zone::UTC))
            .collect();
        insta::assert_snapshot!(text.join("\n"));
    }

    #[test]
    fn nothing_delays_a_task_that_runs_or_is_about_to_start() {
        let pending = samples::task(12, "x", State::Pending);
        assert_eq!(Delay::of(&pending, &engine(1)), None);
        assert_eq!(Delay::of(&samples::running(12, "x", "y"), &engine(2)), None);
        assert_eq!(Delay::of(&samples::completed(12, "x", "y"), &engine(2)), None);
    }

    #[test]
    fn a_further_attempt_is_nothing_new_but_another_limit_is() {
        let retry = |attempt, reason: &str| Delay::ApiRetries {
            attempt,
            most: 10,
            reason: reason.to_owned(),
        };
        assert!(retry(1, "529").is_like(&retry(2, "529")));
        assert!(!retry(1, "529").is_like(&retry(2, "500")));
        let limit = |until| Delay::Limit { cause: "x".to_owned(), until };
        assert!(!limit(Some(NOW)).is_like(&limit(None)));
    }
}
