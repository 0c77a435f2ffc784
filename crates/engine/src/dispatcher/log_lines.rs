//! What a round has done, for the engine's log and its counters.
//!
//! Lines are collected while a transaction is made and written once it is on disk, so that the log
//! never tells of something that was rolled back. They contain no prompt, no output of an agent and
//! no variables.

use claude_worker_api::{
    Activity, Agent, Asker, Failure, RunId, StopMode, SubmittedBy, TaskId, Timestamp, Verdict,
    WaitReason, format_duration,
};
use tracing::Span;

use super::Dispatcher;
use crate::clock::Now;
use crate::metrics::Meter;
use crate::{RunRecord, scheduler};

/// One line of the log, to be written after the commit.
pub(super) struct LogLine {
    /// The request or the run that it belongs to.
    span: Span,
    happened: Happened,
}

/// An event of the log.
#[derive(Debug)]
pub(super) enum Happened {
    Submitted {
        task: TaskId,
        agent: Agent,
        directory: String,
        asked_by: Asker,
        submitted_by: SubmittedBy,
    },
    QueuedAgain {
        task: TaskId,
        resumes: bool,
        asked_by: Asker,
    },
    AgentStarted {
        agent: Agent,
        queued_at: Option<Timestamp>,
        started_at: Timestamp,
    },
    RunEnded {
        run: Box<RunRecord>,
        /// Whether this is also the first news of its start: it was over too soon.
        starts: bool,
    },
    Waits {
        task: TaskId,
        reason: WaitReason,
    },
    WaitOver {
        task: TaskId,
    },
    EndRequested {
        task: TaskId,
        run: RunId,
    },
    CancelledInQueue {
        task: TaskId,
    },
    Removed {
        task: TaskId,
    },
    Imported {
        tasks: u64,
    },
    GivenUp {
        task: TaskId,
        failure: Failure,
    },
    QueuePaused {
        paused: bool,
    },
    SettingsChanged,
    AccessChanged {
        what: &'static str,
        name: String,
    },
    Stopping {
        mode: StopMode,
        running: u64,
    },
}

impl LogLine {
    /// A line in the span that the dispatcher is in.
    pub(super) fn new(happened: Happened) -> Self {
        Self { span: Span::current(), happened }
    }
}

impl Happened {
    fn count(&self, activity: &mut Activity) {
        match self {
            Self::Submitted { .. } => activity.submitted += 1,
            Self::AgentStarted { .. } => activity.started += 1,
            Self::RunEnded { run, .. } => match &run.verdict {
                Verdict::Completed { .. } => activity.completed += 1,
                Verdict::Cancelled => activity.cancelled += 1,
                Verdict::Failed { failure } => {
                    activity.failed += 1;
                    activity.lost += u64::from(*failure == Failure::Lost);
                }
                Verdict::Unknown(_) => activity.failed += 1,
            },
            Self::GivenUp { .. } => activity.failed += 1,
            Self::CancelledInQueue { .. } => activity.cancelled += 1,
            Self::QueuedAgain { .. }
            | Self::Waits { .. }
            | Self::WaitOver { .. }
            | Self::EndRequested { .. }
            | Self::Removed { .. }
            | Self::Imported { .. }
            | Self::QueuePaused { .. }
            | Self::SettingsChanged
            | Self::AccessChanged { .. }
            | Self::Stopping { .. } => {}
        }
    }

    fn measure(&self, meter: &Meter) {
        match self {
            Self::AgentStarted { agent, queued_at, started_at } => {
                meter.started(*agent, *queued_at, *started_at);
            }
            Self::RunEnded { run, starts } => {
                if let Some(started_at) = run.started_at.filter(|_| *starts) {
                    meter.started(run.agent, run.queued_at, started_at);
                }
                meter.ended(run);
            }
            _ => {}
        }
    }

    fn write(&self) {
        match self {
            Self::Submitted { task, agent, directory, asked_by, submitted_by } => {
                let (agent, asked_by) = (agent.name(), words_for(asked_by));
                tracing::info!(%task, agent, ?directory, asked_by, %submitted_by, "task submitted");
            }
            Self::QueuedAgain { task, resumes, asked_by } => {
                let asked_by = words_for(asked_by);
                tracing::info!(%task, resumes, asked_by, "task queued again");
            }
            Self::AgentStarted { .. } => tracing::info!("agent started"),
            Self::RunEnded { run, .. } => {
                let RunRecord { verdict, started_at, ended_at, usage, .. } = &**run;
                let verdict = verdict_words(verdict);
                let duration = started_at.map(|at| format_duration(ended_at.millis_since(at)));
                let (cost_usd, turns) = (usage.cost_usd, usage.turns);
                tracing::info!(verdict, duration, cost_usd, turns, "run ended");
            }
            Self::Waits { task, reason } => {
                let (until, reason) =
                    (reason.until().map(tracing::field::display), reason.describe());
                tracing::info!(%task, reason, until, "task waits");
            }
            Self::WaitOver { task } => tracing::info!(%task, "wait is over"),
            Self::EndRequested { task, run } => {
                tracing::info!(%task, %run, "asking the run to end");
            }
            Self::CancelledInQueue { task } => tracing::info!(%task, "task cancelled in the queue"),
            Self::Removed { task } => tracing::info!(%task, "task removed"),
            Self::Imported { tasks } => {
                tracing::info!(tasks, "tasks of the Python version imported");
            }
            Self::GivenUp { task, failure } => {
                tracing::error!(%task, reason = failure.describe(), "task given up");
            }
            Self::QueuePaused { paused: true } => tracing::info!("queue paused"),
            Self::QueuePaused { paused: false } => tracing::info!("queue unpaused"),
            Self::SettingsChanged => tracing::info!("settings changed"),
            Self::AccessChanged { what, name } => tracing::info!(name, "{what}"),
            Self::Stopping { mode, running } => {
                let mode = match mode {
                    StopMode::LeaveRunning => "leave running",
                    StopMode::CancelRunning => "cancel running",
                    StopMode::HandOver => "hand over to the next engine",
                };
                tracing::info!(mode, running, "engine stopping");
            }
        }
    }
}

impl Dispatcher {
    /// Writes and counts the lines of a round that is on disk.
    pub(super) fn write_log(&mut self, lines: Vec<LogLine>, now: Now) {
        let together = removed_together(&lines);
        if let Some(count) = together {
            tracing::info!(count, "tasks removed");
        }
        for LogLine { span, happened } in lines {
            happened.count(&mut self.activity);
            happened.measure(&self.meter);
            if together.is_some() && matches!(happened, Happened::Removed { .. }) {
                continue;
            }
            span.in_scope(|| {
                happened.write();
                // After submitting a task, the next question is why it does not start.
                if let Happened::Submitted { task, .. } | Happened::QueuedAgain { task, .. } =
                    happened
                    && let Some(blocked) = scheduler::explain(&self.view(), task, now)
                {
                    tracing::info!(%task, reason = %blocked, "task waits");
                }
            });
            if let Happened::RunEnded { run, .. } = happened {
                self.tell_ended_run(*run);
            }
        }
    }
}

impl Dispatcher {
    /// Passes the end of a run on to where traces are made of it, and never waits for that.
    fn tell_ended_run(&self, run: RunRecord) {
        let Some(ended_runs) = &self.ended_runs else { return };
        if self.config.telemetry.otlp_endpoint.is_some() && ended_runs.try_send(run).is_err() {
            self.meter.spans_dropped(1);
        }
    }
}

/// How many tasks a round has removed, when they get one line together: cleaning up 100,000 tasks must not
/// push everything else out of a log of bounded size.
fn removed_together(lines: &[LogLine]) -> Option<usize> {
    /// As many lines a person may read one by one.
    const MOST_LINES: usize = 20;
    let removed = |line: &&LogLine| matches!(line.happened, Happened::Removed { .. });
    Some(lines.iter().filter(removed).count()).filter(|count| *count > MOST_LINES)
}

fn words_for(asker: &Asker) -> String {
    match asker {
        Asker { parent: Some(parent), caller: None } => format!("task {parent}"),
        Asker { parent: Some(parent), caller: Some(caller) } => {
            format!("{caller} in task {parent}")
        }
        Asker { parent: None, caller: Some(caller) } => caller.clone(),
        Asker { parent: None, caller: None } => "a person".to_owned(),
    }
}

/// The verdict without anything that the agent has printed.
fn verdict_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Completed { denied_tools, .. } if denied_tools.is_empty() => {
            "completed".to_owned()
        }
        Verdict::Completed { denied_tools, .. } => {
            format!("completed, {} tool calls denied", denied_tools.len())
        }
        Verdict::Cancelled => "cancelled".to_owned(),
        Verdict::Failed { failure } => match failure {
            Failure::Exit { code, .. } => format!("failed with exit code {code}"),
            Failure::Signal { signal } => format!("failed by signal {signal}"),
            // These are the engine's own words.
            Failure::Spawn { .. } | Failure::DamagedRecord { .. } | Failure::Lost => {
                format!("failed: {}", failure.describe())
            }
            failure => format!("failed: {}", failure.kind()),
        },
        Verdict::Unknown(verdict) => format!("unknown: {}", verdict.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_removed_tasks_get_one_line() {
        let lines = |count: i64| -> Vec<LogLine> {
            let removed = (1..=count).map(|id| Happened::Removed { task: TaskId(id) });
            removed.chain([Happened::SettingsChanged]).map(LogLine::new).collect()
        };
        assert_eq!(removed_together(&lines(0)), None);
        assert_eq!(removed_together(&lines(20)), None);
        assert_eq!(removed_together(&lines(21)), Some(21));
    }
}
