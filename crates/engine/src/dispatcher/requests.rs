//! Requests of clients.

use std::sync::Arc;

use claude_worker_api::{
    ApiError, Asker, CleanQuery, ErrorCode, EventKind, NewTask, Retry, Settings, Status, StopMode,
    Stopped, TaskId, Timestamp,
};
use claude_worker_supervisor::fault_point;

use super::log_lines::Happened;
use super::{AfterCommit, CLEANED_AT_ONCE, Dispatcher};
use crate::EngineError;
use crate::access::Principal;
use crate::message::{Reply, Request};
use crate::scheduler::QueuedTask;
use crate::state::Input;
use crate::store::{FilledDefaults, Origin, OwnedKey, StoredTask, UnseenKind};
use crate::submitted::Submission;

impl Dispatcher {
    pub(super) fn request(
        &mut self,
        request: &Request,
        principal: &Principal,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        match request {
            Request::Submit(task) => self.submit(task, principal, now, after),
            Request::SubmitBatch(batch) => self.submit_batch(batch, principal, now, after),
            Request::Cancel(id) => {
                self.check_may_change(*id, principal)?;
                self.apply(*id, Input::Cancel, now, after).map(shown)
            }
            Request::Retry(id, retry) => {
                let Retry { asked_by: asker, changes, inherited_env, .. } = &**retry;
                self.check_may_change(*id, principal)?;
                self.check_may_run_again(*id, asker)?;
                self.apply(*id, Input::Retry, now, after)?;
                let of_shell = (!asker.is_agent()).then_some(inherited_env);
                self.check_environment(*id, &changes.env, of_shell)?;
                self.change_request(*id, changes, after)?;
                self.writer.asked_again(*id, asker)?;
                self.renew_shell_env(*id, asker, inherited_env, after)?;
                let (task_id, asked_by) = (*id, asker.clone());
                after.log(Happened::QueuedAgain { task: task_id, resumes: false, asked_by });
                self.task_now(*id)
            }
            Request::Resume(id, follow_up) => {
                self.check_may_change(*id, principal)?;
                self.check_may_run_again(*id, &follow_up.asked_by)?;
                let session_id = self.writer.task(*id)?.and_then(|stored| stored.session_id);
                let input = Input::Resume { session_id, follow_up: follow_up.prompt.clone() };
                self.apply(*id, input, now, after)?;
                let is_agent = follow_up.asked_by.is_agent();
                let of_shell = (!is_agent).then_some(&follow_up.inherited_env);
                self.check_environment(*id, &follow_up.changes.env, of_shell)?;
                self.change_request(*id, &follow_up.changes, after)?;
                self.writer.asked_again(*id, &follow_up.asked_by)?;
                self.renew_shell_env(*id, &follow_up.asked_by, &follow_up.inherited_env, after)?;
                let (task_id, asked_by) = (*id, follow_up.asked_by.clone());
                after.log(Happened::QueuedAgain { task: task_id, resumes: true, asked_by });
                self.task_now(*id)
            }
            Request::Edit(id, edit) => {
                self.check_may_change(*id, principal)?;
                self.edit(*id, edit, now, after)
            }
            Request::Move(id, to) => self.move_task(*id, *to, now),
            Request::Remove(id) => {
                self.apply(*id, Input::Remove, now, after)?;
                let gone = after.removed.contains(id);
                Ok(if gone { Reply::Removed } else { Reply::Removing(*id) })
            }
            Request::Clean { query, except } => self.clean(query, except, now, after),
            Request::Import { tasks, queue, dry_run } => {
                self.import(tasks, (*queue, *dry_run), principal, now, after)
            }
            Request::Seen(ids) => self.seen(ids, now),
            Request::SetPaused(paused) => {
                if *paused != self.memory.paused {
                    self.writer.set_paused(*paused)?;
                    self.memory.paused = *paused;
                    self.event(None, &EventKind::QueuePaused { paused: *paused }, now)?;
                    after.log(Happened::QueuePaused { paused: *paused });
                }
                Ok(Reply::Queue(self.queue_now()))
            }
            Request::Configure(config) => {
                if self.configure(config) {
                    self.event(None, &EventKind::SettingsChanged, now)?;
                    after.log(Happened::SettingsChanged);
                }
                Ok(Reply::Configured)
            }
            Request::Access(change) => self.change_access(change, now, after),
            Request::Stop(mode @ (StopMode::LeaveRunning | StopMode::HandOver)) => {
                self.memory.draining = Some(*mode);
                let running = self.still_running();
                after.log(Happened::Stopping { mode: *mode, running });
                Ok(Reply::Stopped(Stopped { left_running: running }))
            }
            Request::Stop(mode @ StopMode::CancelRunning) => {
                self.memory.draining = Some(*mode);
                after.log(Happened::Stopping { mode: *mode, running: self.still_running() });
                for id in self.writer.tasks_in(Status::Running)? {
                    let asked = self.alone(after, |this, after| {
                        this.apply(id, Input::Cancel, now, after).map(drop)
                    })?;
                    if let Err(error) = asked {
                        tracing::error!(%id, %error, "a running task cannot be cancelled");
                    }
                }
                Ok(match self.still_running() {
                    0 => Reply::Stopped(Stopped { left_running: 0 }),
                    _ => Reply::Stopping,
                })
            }
        }
    }

    /// From here on this configuration counts; says whether it is another one. It is not undone
    /// with the round: the file says it already.
    pub(super) fn configure(&mut self, config: &Arc<Settings>) -> bool {
        let changed = *config != self.config;
        if changed {
            self.config = Arc::clone(config);
            self.in_force.replace(Arc::clone(config));
            self.next_sweep = Timestamp::default();
        }
        changed
    }

    pub(super) fn submit(
        &mut self,
        submission: &Submission,
        principal: &Principal,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        let key = submission.task.idempotency_key.as_ref();
        let key = key.map(|key| OwnedKey::of(principal, key));
        self.submit_with_key(submission, key, principal, now, after)
    }

    /// Queues a task, unless there is one with this key.
    pub(super) fn submit_with_key(
        &mut self,
        submission: &Submission,
        key: Option<OwnedKey>,
        principal: &Principal,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        let Submission { task: request, sent_directory } = submission;
        let mut stored_request = request.clone();
        stored_request.env.values_mut().for_each(String::clear);
        stored_request.inherited_env.clear();
        if let Some(key) = &key
            && let Some(id) = self.writer.task_by_key(key)?
            && let Some(mut stored) = self.writer.task(id)?
        {
            if self.writer.was_sent(id, &stored_request, sent_directory.as_deref())? {
                stored.task.submitted_before = true;
                return Ok(shown(stored));
            }
            let key = request.idempotency_key.as_deref().unwrap_or_default().escape_debug();
            return Err(EngineError::Refused(
                ApiError::conflict(format!(
                    "The key \"{key}\" belongs to task {id}, which is another one"
                ))
                .hint("Use a new key for a new task"),
            ));
        }
        self.check_queue_has_room(1)?;
        let depth = self.depth_of(request)?;
        let origin = Origin {
            depth,
            principal: principal.clone(),
            key,
            sent_directory: sent_directory.clone(),
            project_root: self.project_root(&request.working_directory, after),
        };
        let name = task_name(request);
        let filled_defaults =
            FilledDefaults::into(&mut stored_request, self.config.permission_mode);
        let position = self.next_place();
        let id = self.writer.insert_task(
            &stored_request,
            filled_defaults,
            &name,
            position,
            &origin,
            now,
        )?;
        if !request.env.is_empty() {
            self.keep_given_env(id, &request.env, after)?;
        }
        self.keep_shell_env(id, &request.inherited_env, after)?;
        self.memory.counts.pending += 1;
        self.queued.set(id, Some(QueuedTask::Ready { place: position }));
        self.event(Some(id), &EventKind::Submitted, now)?;
        after.log(Happened::Submitted {
            task: id,
            agent: request.agent,
            directory: request.working_directory.clone(),
            asked_by: request.asked_by(),
            submitted_by: principal.submitted_by(),
        });
        fault_point("engine.submitted");
        match self.writer.task(id)? {
            Some(stored) => Ok(shown(stored)),
            None => Err(EngineError::Unreadable(format!("task {id} is not there after insertion"))),
        }
    }

    /// Whether this many more tasks may be queued.
    pub(super) fn check_queue_has_room(&self, new: u64) -> Result<(), EngineError> {
        let counts = &self.memory.counts;
        let (queued, most) = (counts.pending + counts.waiting, self.config.caps.queued);
        if new == 0 || queued + new <= most {
            return Ok(());
        }
        let (message, hint) = match new {
            1 => (
                format!("The queue already holds {queued} tasks"),
                "Wait for some to finish, remove some, or raise caps.queued",
            ),
            _ => (
                format!("The queue holds {queued} tasks and at most {most}: {new} more do not fit"),
                "Submit fewer, wait for some to finish, or raise caps.queued",
            ),
        };
        Err(EngineError::Refused(ApiError::new(ErrorCode::QueueFull, message).hint(hint)))
    }

    /// Whether a task that has finished may be queued once more: it counts like a new one. What
    /// may not be queued anew for another reason is refused when that is tried.
    fn check_may_run_again(&self, id: TaskId, asker: &Asker) -> Result<(), EngineError> {
        let stored = self.writer.task(id)?;
        if !stored.is_some_and(|stored| stored.task.state.is_finished()) {
            return Ok(());
        }
        self.check_queue_has_room(1)?;
        let request = self.writer.request(id)?.map_err(|failure| {
            let words = failure.describe();
            EngineError::Refused(
                ApiError::conflict(format!("Task {id} cannot be run again. {words}"))
                    .hint(failure.next_step()),
            )
        })?;
        // Both are bounded: the one that submitted it, and the one that asks for another run.
        let submitter = request.asked_by();
        self.check_unfinished(&submitter)?;
        if *asker == submitter { Ok(()) } else { self.check_unfinished(asker) }
    }

    /// Marks these tasks as seen, or all tasks when `ids` is empty.
    fn seen(&mut self, ids: &[TaskId], now: Timestamp) -> Result<Reply, EngineError> {
        if ids.is_empty() && self.writer.mark_all_seen()? > 0 {
            self.memory.unseen = claude_worker_api::Unseen::default();
            self.event(None, &EventKind::Seen, now)?;
        }
        for id in ids {
            let news = self.writer.mark_seen(*id)?;
            if let Some(count) = news.counted_in(&mut self.memory.unseen) {
                *count = count.saturating_sub(1);
            }
            if news != UnseenKind::Nothing {
                self.event(Some(*id), &EventKind::Seen, now)?;
            }
        }
        Ok(Reply::Queue(self.queue_now()))
    }

    fn clean(
        &mut self,
        query: &CleanQuery,
        except: &[TaskId],
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        let ids = self.to_clean(query, except, now)?;
        let failed = self.remove_finished(&ids, now, after)?;
        Ok(Reply::Cleaned { removed: (ids.len() - failed.len()) as u64, failed })
    }

    /// Which tasks one request to clean removes.
    pub(super) fn to_clean(
        &self,
        query: &CleanQuery,
        except: &[TaskId],
        now: Timestamp,
    ) -> Result<Vec<TaskId>, EngineError> {
        let before = now.minus_millis(query.older_than_ms);
        let most = CLEANED_AT_ONCE + except.len() as u32;
        let mut ids = self.writer.finished(&query.statuses, before, query.unseen, most)?;
        ids.retain(|id| !except.contains(id));
        ids.truncate(CLEANED_AT_ONCE as usize);
        Ok(ids)
    }
}

fn shown(stored: StoredTask) -> Reply {
    Reply::Task(Box::new(stored.task))
}

/// The longest name of a task, in characters.
const LONGEST_NAME: usize = 120;
/// A longer one is cut between words, if it loses no more characters by that.
const LONGEST_WORD: usize = 30;

/// What a task is called: its given name, or the first line of its prompt that has text.
pub(super) fn task_name(request: &NewTask) -> String {
    let text = request.name.as_deref().unwrap_or(&request.execution_prompt);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("task");
    let clean: Vec<char> =
        line.chars().filter(|c| !c.is_control()).take(LONGEST_NAME + 1).collect();
    if clean.is_empty() {
        return "task".to_owned();
    }
    if clean.len() <= LONGEST_NAME {
        return clean.into_iter().collect();
    }
    let end = LONGEST_NAME - 1;
    let between = (end - LONGEST_WORD..=end).rev().find(|at| clean[*at].is_whitespace());
    let kept: String = clean[..between.unwrap_or(end)].iter().collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_ends_between_words_and_shows_that_it_goes_on() {
        let name = |prompt: &str| {
            let prompt = prompt.to_owned();
            task_name(&NewTask { execution_prompt: prompt, ..NewTask::default() })
        };
        assert_eq!(name("\n  Fix it \nand more"), "Fix it");
        assert_eq!(name(" \n\u{7}"), "task");
        let words = "write ".repeat(40);
        assert_eq!(name(&words), format!("{}…", "write ".repeat(20).trim_end()));
        let whole = "x".repeat(LONGEST_NAME);
        assert_eq!(name(&whole), whole);
        assert_eq!(name(&"ß".repeat(500)), format!("{}…", "ß".repeat(LONGEST_NAME - 1)));
    }
}
