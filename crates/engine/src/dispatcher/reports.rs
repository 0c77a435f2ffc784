//! Reports of the runs' threads.

use std::hash::BuildHasher;

use claude_worker_api::{EventKind, Failure, RunId, RunOutcome, TaskId, Timestamp, Verdict};
use claude_worker_supervisor::fault_point;

use super::log_lines::{Happened, LogLine};
use super::retry_after_limit::{self, Decision, FailedRun};
use super::{AfterCommit, Dispatcher, GARBAGE_AGAIN, Garbage, HOLD};
use crate::clock::Now;
use crate::message::RunReport;
use crate::state::{Input, RequestedEnd, TaskState};
use crate::store::{RunEnd, StoredTask, WhatFollows};
use crate::{EngineError, RunRecord};

/// How often a run may fail to begin before its task is given up.
const BEGINNINGS: u32 = 3;

impl Dispatcher {
    pub(super) fn report(
        &mut self,
        report: &RunReport,
        now: Now,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        match report {
            RunReport::Started { task, run, at } => {
                self.memory.failed_beginnings.remove(task);
                let input = Input::Started { run: run.clone(), at: *at };
                if let Some(stored) = self.apply_report(*task, input, now.wall, after)? {
                    let queued_at = self.writer.origin_of(run)?.queued_at;
                    let agent = stored.task.agent;
                    after.log(Happened::AgentStarted { agent, queued_at, started_at: *at });
                    self.writer.run_started(*task, run, *at)?;
                }
            }
            RunReport::Progress { task, run, last_action, session_id, model } => {
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
                    self.event(Some(*task), &kind, now.wall)?;
                }
            }
            RunReport::Quiet { task, run, silent_ms } => {
                if self.live(*task, run)?.is_some() {
                    self.event(Some(*task), &EventKind::Quiet { silent_ms: *silent_ms }, now.wall)?;
                }
            }
            RunReport::Ended { task, run, end } => self.ended(*task, run, end, now.wall, after)?,
            RunReport::NeverStarted { task, run, reason, passing } => {
                if *passing {
                    self.memory.failed_beginnings.remove(task);
                }
                self.never_started(*task, run, reason, now, after)?;
            }
            RunReport::Deleted(runs) => {
                self.writer.forget_garbage(runs)?;
                let all = self.garbage == Garbage::BeingDeleted(runs.len());
                // What could not be deleted is tried again, but not at once.
                let pause = if all { 0 } else { GARBAGE_AGAIN.as_millis() as u64 };
                self.garbage = Garbage::LookFrom(now.wall.plus_millis(pause));
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
        self.memory.output_kept += end.output_bytes;
        let mut verdict = end.outcome.verdict.clone();
        let mut retry = None;
        // Without a readable record the task does not go on.
        if let Verdict::Failed { failure } = &mut verdict
            && let TaskState::Running { plan, tried, .. } = &stored.state
        {
            let met = FailedRun {
                failure,
                answered: end.usage.output_tokens.unwrap_or(0) > 0,
                plan,
                session_id: end.session_id.as_ref().or(stored.session_id.as_ref()),
                tried: *tried,
            };
            let chance = self.random.hash_one(run.as_str()) as u32;
            match retry_after_limit::decide(&self.config, met, now, chance) {
                Decision::Retry(next) => {
                    // Of tries that achieved nothing, one directory is as good as all.
                    if next.tried.tries > 1 {
                        let freed = self.writer.drop_tries_before(task, run)?;
                        self.memory.output_kept = self.memory.output_kept.saturating_sub(freed);
                    }
                    retry = Some(next);
                }
                Decision::GiveUp { tries } => {
                    *failure = retry_after_limit::with_tries(failure.clone(), tries);
                }
                Decision::End => {}
            }
        }
        // First the run, then the state: the event of the state must find the run's data.
        let follows = if retry.is_some() { WhatFollows::TaskGoesOn } else { WhatFollows::TaskEnds };
        let cost_usd = self.writer.run_ended(task, run, end, follows)?;
        let origin = self.writer.origin_of(run)?;
        let starts = matches!(stored.state, TaskState::Running { started_at: None, .. });
        let record = RunRecord {
            task,
            run: run.clone(),
            number: origin.number,
            agent: stored.task.agent,
            model: end.model.clone().or_else(|| stored.task.model.clone()),
            verdict: verdict.clone(),
            queued_at: origin.queued_at,
            started_at: end.started_at,
            ended_at: end.outcome.ended_at,
            session_id: end.session_id.clone().or_else(|| stored.session_id.clone()),
            usage: end.usage,
            cost_usd,
            traceparent: origin.traceparent,
        };
        let log_line = Happened::RunEnded { run: Box::new(record), starts };
        let input = Input::Ended { run: run.clone(), at: end.outcome.ended_at, verdict, retry };
        // The end of the run comes before what becomes of its task.
        let place = after.log.len();
        if let Some(stored) = self.apply_report(task, input, now, after)? {
            after.log.insert(place, LogLine::new(log_line));
            if let TaskState::Waiting { reason, .. } = stored.state {
                after.log(Happened::Waits { task, reason });
            }
        }
        fault_point("engine.ended");
        Ok(())
    }

    fn never_started(
        &mut self,
        task: TaskId,
        run: &RunId,
        reason: &str,
        now: Now,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        // One that is to be ended is not begun again, so that this says nothing about the next.
        let ends = self.live(task, run)?.is_some_and(|stored| {
            matches!(
                stored.state,
                TaskState::Running {
                    requested_end: RequestedEnd::Cancel | RequestedEnd::Remove,
                    ..
                }
            )
        });
        if ends {
            self.memory.failed_beginnings.remove(&task);
            tracing::info!(%task, %run, reason, "a run that was to be ended did not start");
            let input = Input::NeverStarted { run: run.clone() };
            if self.apply_report(task, input, now.wall, after)?.is_some() {
                self.writer.delete_run(task, run)?;
            }
            return Ok(());
        }
        let count = self.memory.failed_beginnings.entry(task).or_insert(0);
        *count += 1;
        tracing::warn!(%task, %run, reason, count, "a run did not start");
        if *count >= BEGINNINGS {
            let message = format!("Could not be started {BEGINNINGS} times: {reason}");
            let outcome = RunOutcome {
                ended_at: now.wall,
                verdict: Verdict::Failed { failure: Failure::Spawn { message } },
                exit_code: None,
                exit_signal: None,
            };
            return self.ended(task, run, &RunEnd::without_output(outcome), now.wall, after);
        }
        let input = Input::NeverStarted { run: run.clone() };
        if self.apply_report(task, input, now.wall, after)?.is_some() {
            self.writer.delete_run(task, run)?;
            self.held_until = Some(now.instant + HOLD);
        }
        Ok(())
    }

    /// How many runs are not over, as far as is known.
    pub(super) fn still_running(&self) -> u64 {
        self.memory.counts.running.saturating_sub(self.unstored.count())
    }

    /// A report cannot be written down, and others can. If it says that a run is over, that is written
    /// down with nothing but the reason, so that its task does not run for ever. Says whether it was.
    pub(super) fn end_without_report(
        &mut self,
        report: &RunReport,
        error: &EngineError,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<bool, EngineError> {
        // It is retried many times, and logged once.
        let is_first = !self.unstored.knows(report);
        if is_first {
            tracing::error!(%error, "a report cannot be stored");
        }
        let (RunReport::Ended { task, run, .. } | RunReport::NeverStarted { task, run, .. }) =
            report
        else {
            return Ok(false);
        };
        let message = format!("how its run ended cannot be stored ({error})");
        let failure = Failure::DamagedRecord { message };
        let ended = self.alone(after, |this, after| match this.live(*task, run)? {
            Some(_) => this.give_up(*task, failure, now, after),
            None => Ok(()),
        })?;
        if let Err(error) = &ended
            && is_first
        {
            tracing::error!(%task, %error, "the end of a run cannot be stored; it will be retried");
        }
        Ok(ended.is_ok())
    }

    /// What becomes of a report after the commit.
    pub(super) fn settle_report(&mut self, report: RunReport, is_unwritten: bool) {
        if is_unwritten {
            let now = self.clock.now();
            if let RunReport::Deleted(_) = report {
                // What is deleted already is deleted again, later.
                let again = now.wall.plus_millis(GARBAGE_AGAIN.as_millis() as u64);
                self.garbage = Garbage::LookFrom(again);
            }
            // Whether its run began the database does not say yet: that stays noted elsewhere.
            return self.unstored.keep(report, now.instant);
        }
        if let Some(run) = report.of_end() {
            self.unstored.stored(run);
        }
        if let Some(run) = report.of_launched() {
            self.runs.launched().forget(run);
        }
    }

    /// The task, if this is its live run.
    fn live(&self, task: TaskId, run: &RunId) -> Result<Option<StoredTask>, EngineError> {
        Ok(self.writer.task(task)?.filter(|stored| stored.state.live_run() == Some(run)))
    }

    /// Applies what a run reported. None when it was no news.
    fn apply_report(
        &mut self,
        id: TaskId,
        input: Input,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Option<StoredTask>, EngineError> {
        match self.apply(id, input, now, after) {
            Ok(stored) => Ok(Some(stored)),
            // Stale, or of a task that has been removed since.
            Err(EngineError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
