//! The only place where a task's state changes.

use claude_worker_agents::can;
use claude_worker_api::{
    ApiError, Capability, EventKind, Failure, RunId, State, TaskId, Timestamp,
};

use super::log_lines::Happened;
use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::event_waiters::NewEvent;
use crate::live::PlannedRun;
use crate::state::{Effect, Illegal, Input, RequestedEnd, TaskState, transition};
use crate::store::{Columns, StoredTask, TaskEnvFiles, UnseenKind};

impl Dispatcher {
    /// The only place where a task's state changes.
    pub(super) fn apply(
        &mut self,
        id: TaskId,
        input: Input,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<StoredTask, EngineError> {
        let Some(mut stored) = self.writer.task(id)? else {
            return Err(EngineError::Refused(ApiError::no_task(id)));
        };
        let queued_anew = matches!(input, Input::Retry | Input::Resume { .. });
        let is_due = input == Input::Due;
        let is_cancel = input == Input::Cancel;
        let next = transition(&stored.state, input, now).map_err(|illegal| {
            match (illegal, stored.state.unreadable()) {
                (Illegal::Unreadable, Some(failure)) => EngineError::Record(failure),
                _ => EngineError::Refused(refusal(&stored, illegal)),
            }
        })?;
        let old_status = stored.columns.status;
        for effect in next.effects {
            match effect {
                Effect::RequestEnd { run } => {
                    if matches!(
                        next.state,
                        TaskState::Running { requested_end: RequestedEnd::Remove, .. }
                    ) {
                        after.to_remove.push(run.clone());
                    }
                    after.log(Happened::EndRequested { task: id, run: run.clone() });
                    after.ends.push(run);
                }
                Effect::Launch { run } => {
                    let number = stored.task.runs + 1;
                    after.launches.push(self.insert_run(id, run, number, &next.state)?);
                }
            }
        }
        let count = self.memory.counts.get_mut(old_status);
        *count = count.saturating_sub(1);
        if stored.task.unseen
            && let Some(count) =
                UnseenKind::after(&stored.task.state).counted_in(&mut self.memory.unseen)
        {
            *count = count.saturating_sub(1);
        }
        if next.state == TaskState::Gone {
            let freed = self.writer.output_of(id)?;
            self.memory.output_kept = self.memory.output_kept.saturating_sub(freed);
            let TaskEnvFiles { given, of_shell } = self.writer.env_files(id)?;
            after.left_env_files.extend(given.into_iter().chain(of_shell));
            self.writer.delete_task(id)?;
            self.queued.set(id, None);
            self.event(Some(id), &EventKind::Removed, now)?;
            after.removed.push(id);
            after.log(Happened::Removed { task: id });
            return Ok(stored);
        }
        *self.memory.counts.get_mut(next.state.to_wire().status()) += 1;
        if next.state != stored.state {
            if is_due {
                after.log(Happened::WaitOver { task: id });
            }
            if is_cancel && matches!(next.state, TaskState::Cancelled { .. }) {
                after.log(Happened::CancelledInQueue { task: id });
            }
            let position = queued_anew.then(|| self.next_place());
            let place = self.writer.set_state(id, &stored.columns, &next.state, position)?;
            if queued_anew || is_due {
                self.writer.set_queued_at(id, now)?;
            }
            self.queued.set(id, next.state.queued_at(place));
            stored.task.queue_place = next.state.is_queued().then_some(place);
            let shown = next.state.to_wire();
            if shown != stored.task.state {
                self.event(Some(id), &EventKind::StateChanged { state: shown.clone() }, now)?;
            }
            stored.task.unseen = UnseenKind::after(&shown) != UnseenKind::Nothing;
            stored.task.error_message = shown.error_message();
            stored.task.state = shown;
            stored.columns = Columns::from(&next.state);
            stored.state = next.state;
        }
        if stored.task.unseen
            && let Some(count) =
                UnseenKind::after(&stored.task.state).counted_in(&mut self.memory.unseen)
        {
            *count += 1;
        }
        Ok(stored)
    }

    /// Stores a run that is to be launched, as the run of this number of its task.
    fn insert_run(
        &mut self,
        id: TaskId,
        run: RunId,
        number: u32,
        state: &TaskState,
    ) -> Result<PlannedRun, EngineError> {
        let TaskState::Running { plan, .. } = state else {
            return Err(EngineError::Unreadable("a launch without a run".to_owned()));
        };
        self.writer.insert_run(id, &run, number, plan, self.boot.as_deref())?;
        let request = self.writer.request(id)?.map_err(EngineError::Record)?;
        if let Some(traceparent) = request.traceparent {
            self.writer.set_traceparent(&run, traceparent)?;
        }
        Ok(PlannedRun {
            task: id,
            run,
            request,
            env_files: self.writer.env_files(id)?,
            plan: plan.clone(),
            this_boot: true,
            may_have_begun: false,
            agent_asked: self.writer.agent_asked(id)?,
        })
    }

    /// Ends a task about which nothing else can be decided, because of what is stored of it or how that
    /// can be written, and frees its worker. It works whatever is in the row.
    pub(super) fn give_up(
        &mut self,
        id: TaskId,
        failure: Failure,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        let (status, unseen) = self.writer.give_up(id, now, &failure)?;
        self.queued.set(id, None);
        let count = self.memory.counts.get_mut(status);
        *count = count.saturating_sub(1);
        self.memory.counts.failed += 1;
        if let Some(count) = unseen.counted_in(&mut self.memory.unseen) {
            *count = count.saturating_sub(1);
        }
        self.memory.unseen.failed += 1;
        after.log(Happened::GivenUp { task: id, failure: failure.clone() });
        let state = State::Failed { ended_at: now, failure };
        self.event(Some(id), &EventKind::StateChanged { state }, now)
    }

    pub(super) fn event(
        &mut self,
        task: Option<TaskId>,
        kind: &EventKind,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        self.memory.seq = self.writer.append_event(task, kind, now)?;
        self.new_events.push(NewEvent { task, lasting: kind.is_lasting() });
        Ok(())
    }
}

fn refusal(stored: &StoredTask, illegal: Illegal) -> ApiError {
    let (id, state) = (stored.task.id, &stored.state);
    let status = state.to_wire().status().name();
    match illegal {
        Illegal::NotFinished if matches!(state, TaskState::Running { .. }) => {
            let session = if can(stored.task.agent, Capability::Sessions) {
                "; its session is in use"
            } else {
                ""
            };
            ApiError::conflict(format!("Task {id} is {status}{session}"))
                .hint(format!("Wait for it with `claude-worker wait {id}`, or cancel it first"))
        }
        Illegal::NotFinished if stored.task.runs > 0 => {
            ApiError::conflict(format!("Task {id} is {status} again: its next run has not begun"))
                .hint(format!(
                    "`claude-worker wait {id}` waits for it, `claude-worker cancel {id}` takes it out of the queue"
                ))
        }
        Illegal::NotFinished => {
            ApiError::conflict(format!("Task {id} is {status}: it has not run yet")).hint(format!(
                "`claude-worker wait {id}` waits for it, `claude-worker edit {id}` changes it before it begins"
            ))
        }
        Illegal::AlreadyFinished => ApiError::conflict(format!(
            "Task {id} has already {}",
            match state {
                TaskState::Completed { .. } => "completed",
                _ => "failed",
            }
        )),
        Illegal::NoSession => {
            ApiError::conflict(format!("Task {id} has no agent session to go on in"))
                .hint(format!("`claude-worker retry {id}` runs it from the beginning"))
        }
        Illegal::Stale | Illegal::Impossible | Illegal::Unreadable => {
            ApiError::conflict(format!("Task {id} is {status}; that does not apply to it"))
        }
    }
}
