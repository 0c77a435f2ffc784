//! What happened to runs.

use std::time::Instant;

use claude_worker_api::{EventKind, Failure, RunId, RunOutcome, TaskId, Timestamp, Verdict};
use claude_worker_supervisor::fault_point;

use super::{AfterCommit, Dispatcher, GARBAGE_AGAIN, Garbage, HOLD};
use crate::message::Report;
use crate::state::{GoOn, Input, Plan, TaskState};
use crate::store::{RunEnd, StoredTask};
use crate::{Config, EngineError};

/// The longest that a task waits for a usage limit before it looks for itself. What an agent says
/// about it is text, and may be wrong.
const LONGEST_LIMIT: u64 = 8 * 86_400_000;
/// How often a run may fail to begin before its task is given up.
const BEGINNINGS: u32 = 3;

impl Dispatcher {
    pub(super) fn report(
        &mut self,
        report: &Report,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        match report {
            Report::Started { task, run, at } => {
                self.memory.failed_beginnings.remove(task);
                let input = Input::Started { run: run.clone(), at: *at };
                if self.apply_report(*task, input, now, after)? {
                    self.writer.run_started(*task, run, *at)?;
                }
            }
            Report::Progress { task, run, last_action, session_id, model } => {
                let Some(stored) = self.live(*task, run)? else { return Ok(()) };
                self.writer.progress(
                    *task,
                    run,
                    last_action.as_deref(),
                    session_id.as_deref(),
                    model.as_deref(),
                )?;
                if let Some(last_action) = last_action
                    && stored.task.last_action.as_ref() != Some(last_action)
                {
                    let kind = EventKind::Progress { last_action: last_action.clone() };
                    self.event(Some(*task), &kind, now)?;
                }
            }
            Report::Quiet { task, run, silent_ms } => {
                if self.live(*task, run)?.is_some() {
                    self.event(Some(*task), &EventKind::Quiet { silent_ms: *silent_ms }, now)?;
                }
            }
            Report::Ended { task, run, end } => self.ended(*task, run, end, now, after)?,
            Report::NeverStarted { task, run, reason, passing } => {
                if *passing {
                    self.memory.failed_beginnings.remove(task);
                }
                self.never_started(*task, run, reason, now, after)?;
            }
            Report::Deleted(runs) => {
                self.writer.forget_garbage(runs)?;
                let all = self.garbage == Garbage::BeingDeleted(runs.len());
                // What could not be deleted is tried again, but not at once.
                let pause = if all { 0 } else { GARBAGE_AGAIN.as_millis() as u64 };
                self.garbage = Garbage::LookFrom(now.plus_millis(pause));
            }
        }
        Ok(())
    }

    fn ended(
        &mut self,
        task: TaskId,
        run: &RunId,
        end: &RunEnd,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        let Some(stored) = self.live(task, run)? else { return Ok(()) };
        self.memory.failed_beginnings.remove(&task);
        // First the run, then the state: the event of the state must find the run's data.
        self.writer.run_ended(task, run, end)?;
        self.memory.output_kept += end.output_bytes;
        let TaskState::Running { plan, .. } = &stored.state else { return Ok(()) };
        let session_id = end.session_id.as_ref().or(stored.session_id.as_ref());
        let input = Input::Ended {
            run: run.clone(),
            at: end.outcome.ended_at,
            verdict: end.outcome.verdict.clone(),
            go_on: go_on(&self.config, end, plan, session_id, now),
        };
        self.apply_report(task, input, now, after)?;
        fault_point("engine.ended");
        Ok(())
    }

    fn never_started(
        &mut self,
        task: TaskId,
        run: &RunId,
        reason: &str,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        let count = self.memory.failed_beginnings.entry(task).or_insert(0);
        *count += 1;
        tracing::warn!(%task, %run, reason, count, "a run did not begin");
        if *count >= BEGINNINGS {
            let message = format!("Could not be started {BEGINNINGS} times: {reason}");
            let outcome = RunOutcome {
                ended_at: now,
                verdict: Verdict::Failed { failure: Failure::Spawn { message } },
                exit_code: None,
                exit_signal: None,
            };
            return self.ended(task, run, &RunEnd::without_output(outcome), now, after);
        }
        if self.apply_report(task, Input::NeverStarted { run: run.clone() }, now, after)? {
            self.writer.delete_run(task, run)?;
            self.hold_until = Some(Instant::now() + HOLD);
        }
        Ok(())
    }

    /// The task, if this is its live run.
    fn live(&self, task: TaskId, run: &RunId) -> Result<Option<StoredTask>, EngineError> {
        Ok(self.writer.task(task)?.filter(|stored| stored.state.live_run() == Some(run)))
    }

    /// Applies what a run reported; says whether it was news.
    fn apply_report(
        &mut self,
        id: TaskId,
        input: Input,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<bool, EngineError> {
        match self.apply(id, input, now, after) {
            Ok(_) => Ok(true),
            // Stale, or of a task that has been removed since.
            Err(EngineError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// How a task that hit the usage limit goes on by itself, when the configuration says so.
fn go_on(
    config: &Config,
    end: &RunEnd,
    plan: &Plan,
    session_id: Option<&String>,
    now: Timestamp,
) -> Option<GoOn> {
    let Verdict::Failed { failure: Failure::UsageLimit { resets_at, .. } } = &end.outcome.verdict
    else {
        return None;
    };
    if !config.usage_limit.wait {
        return None;
    }
    let until = resets_at
        .filter(|at| *at > now && *at < now.plus_millis(LONGEST_LIMIT))
        .unwrap_or_else(|| now.plus_millis(config.usage_limit.retry_after));
    // A run that got no answer at all has nothing to go on from: it is done again as it was.
    let plan = match session_id {
        Some(session_id) if end.usage.output_tokens.unwrap_or(0) > 0 => Plan::Resume {
            session_id: session_id.clone(),
            follow_up: "The usage limit is over. Go on where you stopped.".to_owned(),
        },
        _ => plan.clone(),
    };
    Some(GoOn { until, plan })
}
