//! Reports of a run to the dispatcher.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use claude_worker_api::{Failure, RunOutcome, Timestamp, Verdict};
use claude_worker_supervisor::{Ending, Exit};

use super::super::run_ending::RunEnding;
use super::super::stopped_supervisor::SupervisorCheck;
use super::Follower;
use crate::changes;
use crate::message::RunReport;
use crate::store::RunEnd;

/// How often a run's progress is written to the database, at the most.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// What has been reported, so that only news is.
#[derive(Default)]
pub(super) struct Reported {
    /// When the agent was started.
    pub(super) started: Option<Timestamp>,
    last_action: Option<String>,
    session_id: Option<String>,
    model: Option<String>,
    /// When, and so when the next report may follow.
    at: Option<Instant>,
    /// Whether there is news that came too soon after the last report.
    pub(super) due: bool,
}

impl Follower {
    pub(super) fn report_started(&mut self, at: Timestamp) {
        self.starting = None;
        if self.reported.started.replace(at).is_none() {
            self.remember_supervisor();
            match self.live.dir.spec() {
                Ok(Some(spec)) => {
                    let now = (Instant::now(), Timestamp::now());
                    self.limit_check = SupervisorCheck::at_limit(&spec, at, now);
                }
                unreadable => tracing::warn!(
                    ?unreadable,
                    "its time limit is not known here; only its supervisor keeps it"
                ),
            }
            let (task, run) = (self.planned.task, self.planned.run.clone());
            self.runs.tell(RunReport::Started { task, run, at });
        }
    }

    pub(super) fn until_next_report(&self) -> Duration {
        let since = self.reported.at.map_or(PROGRESS_EVERY, |at| at.elapsed());
        PROGRESS_EVERY.saturating_sub(since)
    }

    /// Reports what is new, or remembers that it is due.
    pub(super) fn report_progress(&mut self) {
        if !self.until_next_report().is_zero() {
            self.reported.due = true;
            return;
        }
        self.reported.due = false;
        let news = |reported: &mut Option<String>, now: Option<&str>| {
            let now = now.filter(|now| reported.as_deref() != Some(*now))?;
            *reported = Some(now.to_owned());
            Some(now.to_owned())
        };
        let last_action =
            news(&mut self.reported.last_action, self.summary.last_action().as_deref());
        let session_id = news(&mut self.reported.session_id, self.summary.session_id());
        let model = news(&mut self.reported.model, self.summary.model());
        if last_action.is_none() && session_id.is_none() && model.is_none() {
            return;
        }
        self.reported.at = Some(Instant::now());
        self.runs.tell(RunReport::Progress {
            task: self.planned.task,
            run: self.planned.run.clone(),
            last_action,
            session_id,
            model,
        });
    }

    pub(super) fn report_end(&mut self, over: RunEnding) {
        let (task, run) = (self.planned.task, self.planned.run.clone());
        let without_exit = |ended_at, failure| RunOutcome {
            ended_at,
            verdict: Verdict::Failed { failure },
            exit_code: None,
            exit_signal: None,
        };
        let end = match over {
            RunEnding::EngineStopped => return,
            RunEnding::NeverStarted { reason, passing } => {
                self.runs.tell(RunReport::NeverStarted { task, run, reason, passing });
                return;
            }
            RunEnding::CannotStart { message } => {
                RunEnd::without_output(without_exit(Timestamp::now(), Failure::Spawn { message }))
            }
            RunEnding::Lost { started_at } => {
                self.read_to_the_end();
                self.keep_changes();
                self.end(without_exit(Timestamp::now(), Failure::Lost), started_at)
            }
            RunEnding::Finished(exit) => {
                self.read_to_the_end();
                self.keep_changes();
                self.end(self.outcome(&exit), exit.started_at)
            }
        };
        // From now on its output is counted with that of the finished runs.
        self.live.output_bytes.store(0, Ordering::Relaxed);
        self.runs.tell(RunReport::Ended { task, run, end: Box::new(end) });
    }

    /// Finds out what the run changed. Before its end is reported, because then another task may start in
    /// the same directory.
    fn keep_changes(&self) {
        let request = &self.planned.request;
        let directory = Path::new(&request.working_directory);
        let met = self.runs.overlaps.of(&self.planned.run);
        changes::finish(&self.live.dir, request.agent, directory, met);
    }

    pub(super) fn outcome(&self, exit: &Exit) -> RunOutcome {
        let verdict = match self.live.dir.spec() {
            Ok(Some(spec)) => claude_worker_agents::verdict(&self.summary, exit, &spec),
            unreadable => {
                tracing::error!(?unreadable, "its spec cannot be read");
                Verdict::Failed { failure: Failure::Lost }
            }
        };
        let (exit_code, exit_signal) = match exit.ending {
            Ending::Exited { code } => (Some(code), None),
            Ending::Signalled { signal } => (None, Some(signal)),
            _ => (None, None),
        };
        RunOutcome { ended_at: exit.ended_at, verdict, exit_code, exit_signal }
    }

    pub(super) fn end(&self, outcome: RunOutcome, started_at: Option<Timestamp>) -> RunEnd {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        RunEnd {
            outcome,
            started_at,
            session_id: owned(self.summary.session_id()),
            model: owned(self.summary.model()),
            usage: self.summary.usage(),
            result: owned(self.summary.result()),
            final_summary: self.summary.final_summary(),
            last_action: self.summary.last_action(),
            output_bytes: self.stdout.offset + self.stderr.offset,
        }
    }
}

impl RunEnd {
    /// The end of a run that printed nothing.
    pub(crate) fn without_output(outcome: RunOutcome) -> Self {
        Self {
            outcome,
            started_at: None,
            session_id: None,
            model: None,
            usage: claude_worker_api::Usage::default(),
            result: None,
            final_summary: None,
            last_action: None,
            output_bytes: 0,
        }
    }
}
