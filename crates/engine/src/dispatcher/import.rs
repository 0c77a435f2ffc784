//! Taking over the tasks of the Python claude-worker.

use std::hash::BuildHasher;

use claude_worker_agents::plain_text;
use claude_worker_api::{EventKind, Failure, ImportedTasks, RunId, RunOutcome, Timestamp, Verdict};

use super::log_lines::Happened;
use super::requests::task_name;
use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::access::Principal;
use crate::message::Reply;
use crate::old_task::{Fate, OldTask};
use crate::state::TaskState;
use crate::store::{OwnedKey, PastTask};
use crate::submitted::Submission;

/// The longest summary in one line, in characters.
const MAX_SUMMARY: usize = 300;

impl Dispatcher {
    /// Takes over some tasks, or with `dry_run` says what would become of them. A task that was taken
    /// over before is left as it is.
    pub(super) fn import(
        &mut self,
        tasks: &[OldTask],
        (queue, dry_run): (bool, bool),
        principal: &Principal,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        let mut imported = ImportedTasks { dry_run, ..ImportedTasks::default() };
        for task in tasks {
            let key = OwnedKey::of_import(&task.key());
            if self.writer.task_by_key(&key)?.is_some() {
                imported.known += 1;
                continue;
            }
            match task.fate() {
                Fate::History(verdict) => {
                    if matches!(verdict, Verdict::Failed { failure: Failure::Lost }) {
                        imported.interrupted += 1;
                    } else {
                        imported.finished += 1;
                    }
                    if !dry_run {
                        self.add_to_history(task, &key, verdict, now, after)?;
                    }
                }
                Fate::Queue | Fate::CannotQueue(_) if !queue => imported.left_out += 1,
                Fate::CannotQueue(why) => imported.skip(format!("Task {}: {why}", task.id)),
                Fate::Queue => {
                    if !dry_run {
                        let mut request = task.request.clone();
                        request.idempotency_key = Some(task.key());
                        let submission = Submission { task: request, sent_directory: None };
                        match self.alone(after, |this, after| {
                            this.submit_with_key(
                                &submission,
                                Some(key.clone()),
                                principal,
                                now,
                                after,
                            )
                        })? {
                            Ok(_) => {}
                            Err(error) => {
                                imported.skip(format!("Task {}: {error}", task.id));
                                continue;
                            }
                        }
                    }
                    imported.queued += 1;
                }
            }
        }
        let added = imported.finished + imported.interrupted;
        if !dry_run && added > 0 {
            after.log(Happened::Imported { tasks: added });
        }
        Ok(Reply::Imported(Box::new(imported)))
    }

    fn add_to_history(
        &mut self,
        task: &OldTask,
        key: &OwnedKey,
        verdict: Verdict,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        let ended_at = task.ended(now);
        let outcome = RunOutcome { ended_at, verdict, exit_code: None, exit_signal: None };
        let state = TaskState::finished(outcome.verdict.clone(), ended_at);
        let mut request = task.request.clone();
        request.idempotency_key = Some(task.key());
        let summary = task.summary.as_deref().map(|text| one_line(&plain_text(text)));
        let name = task_name(&request);
        let past = PastTask {
            request: &request,
            project_root: self.project_root(&request.working_directory, after),
            key,
            name: &name,
            state: &state,
            created_at: task.created(now),
            started_at: task.started_at,
            outcome: &outcome,
            last_action: task.last_action.as_deref(),
            result: task.summary.as_deref(),
            final_summary: summary.as_deref(),
        };
        let place = self.next_place();
        let random = self.random.hash_one(task.key()) as u32;
        let run = |id| RunId::new(id, 1, random);
        let id = self.writer.insert_past_task(&past, place, run)?;
        *self.memory.counts.get_mut(state.to_wire().status()) += 1;
        self.event(Some(id), &EventKind::Submitted, now)
    }
}

/// The beginning of a text, in one line.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(MAX_SUMMARY).collect()
}
