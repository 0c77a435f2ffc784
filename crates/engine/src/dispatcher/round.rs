//! One round: a batch of messages, applied as one transaction, then published and acted on.

use claude_worker_api::{ApiError, StopMode, Stopped};
use claude_worker_supervisor::fault_point;

use super::full_disk::FreedSpace;
use super::{AfterCommit, Dispatcher, HOLD, Memory};
use crate::EngineError;
use crate::clock::Now;
use crate::message::{Message, Reply, Request, RunReport};

impl Dispatcher {
    /// One transaction. Returns the reports that must be tried again.
    pub(super) fn round(&mut self, mut batch: Vec<Message>) -> Vec<Message> {
        self.meter.round();
        let now = self.clock.now();
        batch.extend(self.unstored.due(now.instant));
        let before = self.memory.clone();
        let mut after = AfterCommit::default();
        let mut done = self.transact(&batch, now, &mut after);
        let mut tried = FreedSpace::default();
        while let Err(error) = &done {
            self.roll_back(before.clone());
            self.delete_unused(after.new_env_files.drain(..));
            if !self.free_space(&batch, error, now.wall, &mut tried) {
                break;
            }
            after = AfterCommit::default();
            done = self.transact(&batch, now, &mut after);
        }
        match done {
            Ok(replies) => {
                fault_point("engine.committed");
                self.failed = false;
                self.queued.settle();
                self.activity.commits += 1;
                for change in std::mem::take(&mut after.grants) {
                    self.grants.apply(change);
                }
                // Before runs are launched, whose threads write to the log, too.
                self.write_log(std::mem::take(&mut after.log), now);
                match self.storage.check_after_commit() {
                    // The files were removed: no later engine can find what was just stored.
                    Some(gone) if gone.orphans_runs => return batch,
                    // The next engine finds it and acts on it: there may be one already.
                    Some(_) => {
                        self.publish(&before);
                        self.answer_all(batch, replies);
                        return Vec::new();
                    }
                    None => {}
                }
                // Before the answers: a client that has removed a task may rely on its variables being gone.
                self.delete_unused(std::mem::take(&mut after.left_env_files));
                self.look_for_projects(std::mem::take(&mut after.unplaced_directories));
                // The same of its room on the disk: a submission that follows waits for a deletion that has begun.
                self.collect_garbage();
                // Before publishing, because of all that follows this takes longest.
                let not_launched = self.launch(std::mem::take(&mut after.launches));
                self.publish(&before);
                let mut answers = Vec::with_capacity(replies.len());
                for (n, message) in batch.into_iter().enumerate() {
                    match message {
                        Message::Request(_, _, answer) => answers.push(answer),
                        Message::AccessUsed(..) | Message::DirectoriesPlaced(_) => {}
                        Message::RunReport(report) => {
                            self.settle_report(report, after.unwritten.contains(&n));
                        }
                    }
                }
                for (answer, reply) in answers.into_iter().zip(replies) {
                    self.answer(answer, reply);
                }
                self.act(after);
                not_launched
            }
            Err(error) => {
                self.activity.failed_commits += 1;
                self.activity_shown.send_replace(self.activity);
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::error!(%error, "a transaction failed; nothing of it was kept");
                }
                self.held_until = Some(now.instant + HOLD);
                let refusal = ApiError::from(error);
                let mut kept = Vec::new();
                for message in batch {
                    kept.extend(self.give_back(message, &refusal));
                }
                kept
            }
        }
    }

    /// Undoes a transaction, here and in the database.
    pub(super) fn roll_back(&mut self, before: Memory) {
        self.writer.rollback();
        self.memory = before;
        self.queued.undo_all();
        self.new_events.clear();
    }

    /// Answers the requests of a round that this engine does not act on any more.
    pub(super) fn answer_all(
        &mut self,
        batch: Vec<Message>,
        replies: Vec<Result<Reply, ApiError>>,
    ) {
        let answers = batch.into_iter().filter_map(|message| match message {
            Message::Request(_, _, answer) => Some(answer),
            Message::RunReport(_) | Message::AccessUsed(..) | Message::DirectoriesPlaced(_) => None,
        });
        for (answer, reply) in answers.zip(replies) {
            self.answer(answer, reply);
        }
    }

    /// Handles a message whose round could not be stored: a request is refused, the start or end of a
    /// run is kept until it can be stored, and progress is dropped.
    pub(super) fn give_back(&mut self, message: Message, refusal: &ApiError) -> Option<Message> {
        match message {
            // Stopping needs no write. The client disconnected: drop its stop request.
            Message::Request(Request::Stop(_), _, answer) if answer.is_closed() => None,
            Message::Request(Request::Stop(mode), _, answer) => {
                if mode == StopMode::CancelRunning {
                    // The supervisors end what runs, and the next engine writes that down.
                    self.runs.request_all_ends();
                }
                self.stopping = true;
                self.draining.send_replace(Some(mode));
                let left_running = self.still_running();
                tracing::warn!(?mode, left_running, "engine stopping; this could not be stored");
                drop(answer.send(Ok(Reply::Stopped(Stopped { left_running }))));
                None
            }
            // Nor does this; it is in force, and only its event is missing.
            Message::Request(Request::Configure(config), _, answer) => {
                self.configure(&config);
                drop(answer.send(Ok(Reply::Configured)));
                None
            }
            Message::Request(request, _, answer) => {
                let mut refusal = refusal.clone();
                if let Request::Cancel(id) | Request::Remove(id) = request
                    && let Ok(Some(stored)) = self.writer.task(id)
                    && let Some(run) = stored.state.live_run()
                {
                    // Ending the run may free disk space, so the supervisor is asked although nothing is stored.
                    self.runs.request_end(run);
                    refusal.hint =
                        format!("Task {id} is being stopped; ask again when it has ended");
                }
                drop(answer.send(Err(refusal)));
                None
            }
            Message::AccessUsed(..)
            | Message::DirectoriesPlaced(_)
            | Message::RunReport(RunReport::Progress { .. } | RunReport::Quiet { .. }) => None,
            report @ Message::RunReport(_) => Some(report),
        }
    }

    /// Applies a batch. The replies come in the order of the batch, one per request.
    pub(super) fn transact(
        &mut self,
        batch: &[Message],
        now: Now,
        after: &mut AfterCommit,
    ) -> Result<Vec<Result<Reply, ApiError>>, EngineError> {
        self.writer.begin()?;
        let mut replies = Vec::with_capacity(batch.len());
        for (n, message) in batch.iter().enumerate() {
            match message {
                // The client disconnected: do nothing it would not hear of.
                Message::Request(_, _, answer) if answer.is_closed() => {
                    replies.push(Err(ApiError::unavailable("The client disconnected")));
                }
                Message::Request(request, principal, _) => {
                    let _span = tracing::info_span!("request", kind = request.kind()).entered();
                    let done = self.alone(after, |this, after| {
                        this.request_once(request, principal, now.wall, after)
                    })?;
                    replies.push(done.map_err(ApiError::from));
                }
                Message::AccessUsed(id, at) => {
                    let noted = self.alone(after, |this, _| this.writer.note_use(*id, *at))?;
                    if let Err(error) = noted {
                        tracing::warn!(%error, "the use of a token cannot be written down");
                    }
                }
                Message::DirectoriesPlaced(places) => {
                    let placed =
                        self.alone(after, |this, _| this.place_directories(places, now.wall))?;
                    if let Err(error) = placed {
                        tracing::warn!(%error, "the projects of directories cannot be stored");
                    }
                }
                Message::RunReport(report) => {
                    let _span = report.span().entered();
                    let done = self.alone(after, |this, after| this.report(report, now, after))?;
                    if let Err(error) = done
                        && !self.end_without_report(report, &error, now.wall, after)?
                    {
                        after.unwritten.push(n);
                    }
                }
            }
        }
        self.sweep(now.wall, after)?;
        self.start_tasks(now, after)?;
        self.keep_output_within_cap()?;
        fault_point("engine.before_commit");
        let begun = self.clock.now().instant;
        self.writer.commit()?;
        self.meter.committed(self.clock.now().instant.saturating_duration_since(begun));
        Ok(replies)
    }

    /// Does one thing within the transaction so that its failure leaves the others alone. The
    /// outer error means that nothing of the whole transaction can be written.
    pub(super) fn alone<T>(
        &mut self,
        after: &mut AfterCommit,
        act: impl FnOnce(&mut Self, &mut AfterCommit) -> Result<T, EngineError>,
    ) -> Result<Result<T, EngineError>, EngineError> {
        let (memory, queued) = (self.memory.clone(), self.queued.mark());
        let (launches, ends) = (after.launches.len(), after.ends.len());
        let (to_remove, removed) = (after.to_remove.len(), after.removed.len());
        let (log, grants) = (after.log.len(), after.grants.len());
        let unplaced_directories = after.unplaced_directories.len();
        let (new_env_files, left_env_files) =
            (after.new_env_files.len(), after.left_env_files.len());
        self.writer.savepoint()?;
        match act(self, after) {
            Ok(done) => {
                self.writer.release()?;
                Ok(Ok(done))
            }
            Err(error) if error.is_passing() => Err(error),
            Err(error) => {
                if !self.writer.roll_back_to()? {
                    return Err(error);
                }
                self.memory = memory;
                self.queued.undo_to(queued);
                after.launches.truncate(launches);
                after.ends.truncate(ends);
                after.to_remove.truncate(to_remove);
                after.removed.truncate(removed);
                after.log.truncate(log);
                after.grants.truncate(grants);
                self.delete_unused(after.new_env_files.drain(new_env_files..));
                after.left_env_files.truncate(left_env_files);
                after.unplaced_directories.truncate(unplaced_directories);
                Ok(Err(error))
            }
        }
    }
}
