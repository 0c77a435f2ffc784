//! The one loop that decides.
//!
//! It runs on a thread of its own and is the only owner of the [`Writer`]. Each round takes what
//! has been said since the last one, applies it through [`transition`], commits it as one
//! transaction, and only then tells the world (events, answers) and acts (effects). A crash
//! before the commit means that it never happened; a crash after it is mended at the next start,
//! because every effect can be seen to be missing from the files and rows.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use claude_worker_api::{
    ApiError, CleanQuery, Cleaned, Counts, ErrorCode, EventKind, Failure, NewTask, Queue, RunId,
    RunOutcome, Status, StopMode, Stopped, TaskId, Timestamp, Verdict,
};
use claude_worker_supervisor::{boot_id, fault_point};
use tokio::sync::{mpsc, oneshot, watch};

use crate::live::{Order, Runs};
use crate::message::{Message, Reply, Report, Request};
use crate::state::{Effect, GoOn, Illegal, Input, Plan, TaskState, Wish, transition};
use crate::store::{RunEnd, StoredTask, Writer};
use crate::{Config, EngineError, Paths, env_file};

/// The places at which tests let an engine die, in the order in which a task passes them.
pub const FAULT_POINTS: &[&str] = &[
    "engine.opened",
    "engine.submitted",
    "engine.before_commit",
    "engine.committed",
    "engine.before_launch",
    "engine.run_created",
    "engine.launched",
    "engine.ended",
];

/// How many messages one transaction takes on.
const BATCH: usize = 256;
/// How many tasks one request to clean removes; whoever wants more asks again.
pub(crate) const CLEANED_AT_ONCE: u32 = 500;
/// How long the loop pauses after a round that could not be written down.
const AFTER_FAILURE: Duration = Duration::from_millis(200);
/// The longest that a task waits for a usage limit before it looks for itself. What an agent says
/// about it is text, and may be wrong.
const LONGEST_LIMIT: u64 = 8 * 86_400_000;
/// How long the dispatcher starts nothing after it could not start something.
const HOLD: Duration = Duration::from_secs(1);
/// How often finished tasks are looked through for those past their retention.
const SWEEP: Duration = Duration::from_secs(600);
/// How long a directory that could not be deleted is left alone.
const GARBAGE_AGAIN: Duration = Duration::from_secs(60);
/// How long the loop sleeps at the most while a task waits for an instant: its clock stands still
/// while the machine is asleep, and the wall clock does not.
const LONGEST_NAP: Duration = Duration::from_secs(30);
/// How often a run may fail to begin before its task is given up.
const BEGINNINGS: u32 = 3;

/// What is known without asking the database. Replaced as a whole when a round has committed.
#[derive(Debug, Clone, Default)]
struct Memory {
    counts: Counts,
    paused: bool,
    position: i64,
    seq: i64,
    output_kept: u64,
    /// The engine is to stop: nothing new is started.
    draining: bool,
    /// How often a task's run did not begin, since one last did.
    failed_beginnings: HashMap<TaskId, u32>,
}

/// What a round does once it has committed.
#[derive(Default)]
struct AfterCommit {
    launches: Vec<Order>,
    ends: Vec<RunId>,
    removed: Vec<TaskId>,
}

type Answer = oneshot::Sender<Result<Reply, ApiError>>;

/// The loop and all it owns.
pub(crate) struct Dispatcher {
    writer: Writer,
    config: Config,
    paths: Paths,
    runs: Arc<Runs>,
    inbox: mpsc::Receiver<Message>,
    seq: watch::Sender<i64>,
    queue: watch::Sender<Queue>,
    output_kept: watch::Sender<u64>,
    memory: Memory,
    random: RandomState,
    /// The machine's present start.
    boot: Option<String>,
    /// Nothing is started before this instant. Of the machine's own clock, which nobody sets.
    hold_until: Option<Instant>,
    /// Whether the last round could not be written down.
    failed: bool,
    next_sweep: Timestamp,
    /// Runs of the last engine that could not be taken up for want of a thread.
    to_adopt: Vec<(Order, Wish)>,
    awaiting_removal: HashMap<TaskId, Vec<Answer>>,
    awaiting_stop: Vec<Answer>,
    stopping: bool,
    garbage: Garbage,
}

/// How the deletion of old run directories stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Garbage {
    /// Nobody deletes; there may be some from this instant on.
    LookFrom(Timestamp),
    /// This many directories are being deleted.
    BeingDeleted(usize),
}

/// What the dispatcher shows to the rest of the engine.
pub(crate) struct Shown {
    /// The newest event.
    pub seq: watch::Receiver<i64>,
    /// The queue.
    pub queue: watch::Receiver<Queue>,
    /// Bytes of output kept of finished runs.
    pub output_kept: watch::Receiver<u64>,
}

impl Dispatcher {
    pub(crate) fn new(
        writer: Writer,
        config: Config,
        paths: Paths,
        runs: Arc<Runs>,
        inbox: mpsc::Receiver<Message>,
    ) -> Result<(Self, Shown), EngineError> {
        let memory = Memory {
            counts: writer.counts()?,
            paused: writer.paused()?,
            position: writer.last_position()?,
            seq: writer.last_event()?,
            output_kept: writer.output_kept()?,
            draining: false,
            failed_beginnings: HashMap::new(),
        };
        let (seq, seq_shown) = watch::channel(memory.seq);
        let (queue, queue_shown) = watch::channel(Queue {
            paused: memory.paused,
            workers: config.workers,
            counts: memory.counts,
        });
        let (output_kept, output_kept_shown) = watch::channel(memory.output_kept);
        let dispatcher = Self {
            writer,
            config,
            paths,
            runs,
            inbox,
            seq,
            queue,
            output_kept,
            memory,
            random: RandomState::new(),
            boot: boot_id(),
            hold_until: None,
            failed: false,
            next_sweep: Timestamp::default(),
            to_adopt: Vec::new(),
            awaiting_removal: HashMap::new(),
            awaiting_stop: Vec::new(),
            stopping: false,
            garbage: Garbage::LookFrom(Timestamp::default()),
        };
        let shown = Shown { seq: seq_shown, queue: queue_shown, output_kept: output_kept_shown };
        Ok((dispatcher, shown))
    }

    /// Takes up the runs that the last engine left. The table of what becomes of each is in
    /// [`crate::live`].
    pub(crate) fn recover(&mut self) -> Result<(), EngineError> {
        for id in self.writer.tasks_in(Status::Running)? {
            let found = self.writer.task(id).and_then(|stored| {
                let request = self.writer.request(id)?;
                Ok((stored, request))
            });
            match found {
                Ok((Some(stored), request)) => {
                    let TaskState::Running { run, plan, wish, .. } = stored.state else { continue };
                    let boot = self.writer.boot_of(&run)?;
                    let this_boot = boot.is_some() && boot == self.boot;
                    self.to_adopt.push((Order { task: id, run, request, plan, this_boot }, wish));
                }
                Ok((None, _)) => {}
                // One bad row must not keep all the others waiting.
                Err(error) => tracing::error!(%id, %error, "a running task cannot be taken up"),
            }
        }
        self.adopt();
        Ok(())
    }

    /// Takes up what can be taken up now.
    fn adopt(&mut self) {
        let runs = Arc::clone(&self.runs);
        self.to_adopt.retain(|(order, wish)| {
            let adopted = runs.adopt(order.clone(), *wish);
            adopted
                .inspect_err(|error| tracing::warn!(%error, "a run waits to be taken up"))
                .is_err()
        });
    }

    /// The loop. Ends when the engine has been told to stop, or nobody can say anything any more.
    pub(crate) async fn run(mut self) {
        // What the last engine left in the queue begins without anybody saying so.
        let mut again = self.round(Vec::new());
        loop {
            if self.failed {
                // The disk is full or the file is busy: what cannot be refused is tried again.
                tokio::time::sleep(AFTER_FAILURE).await;
            }
            let mut batch = std::mem::take(&mut again);
            if batch.is_empty() {
                let nap = self.until_next_timer();
                match tokio::time::timeout(nap, self.inbox.recv()).await {
                    Ok(Some(message)) => batch.push(message),
                    Ok(None) => return,
                    Err(_) => {}
                }
            }
            // On top of what is tried again, so that requests are always answered.
            for _ in 0..BATCH {
                match self.inbox.try_recv() {
                    Ok(message) => batch.push(message),
                    Err(_) => break,
                }
            }
            self.adopt();
            again = self.round(batch);
            if self.stopping {
                self.writer.fold_log();
                return;
            }
        }
    }

    /// One transaction. Returns the reports that must be tried again.
    fn round(&mut self, batch: Vec<Message>) -> Vec<Message> {
        let now = Timestamp::now();
        let before = self.memory.clone();
        let mut after = AfterCommit::default();
        match self.transact(&batch, now, &mut after) {
            Ok(replies) => {
                fault_point("engine.committed");
                self.failed = false;
                self.publish(&before);
                let answers = batch.into_iter().filter_map(|message| match message {
                    Message::Request(_, answer) => Some(answer),
                    Message::Report(_) => None,
                });
                for (answer, reply) in answers.zip(replies) {
                    self.answer(answer, reply);
                }
                self.act(after)
            }
            Err(error) => {
                self.writer.rollback();
                self.memory = before;
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::error!(%error, "a transaction failed; nothing of it was kept");
                }
                self.hold_until = Some(Instant::now() + HOLD);
                let refusal = ApiError::from(error);
                let mut kept = Vec::new();
                for message in batch {
                    kept.extend(self.give_back(message, &refusal));
                }
                kept
            }
        }
    }

    /// What becomes of a message whose round could not be written down: a request is refused, a
    /// fact is kept until it can be written, and what is only nice to know is dropped.
    fn give_back(&mut self, message: Message, refusal: &ApiError) -> Option<Message> {
        match message {
            // To stop needs nothing to be written down.
            Message::Request(Request::Stop(StopMode::LeaveRunning), answer) => {
                self.stopping = true;
                let left_running = self.memory.counts.running;
                drop(answer.send(Ok(Reply::Stopped(Stopped { left_running }))));
                None
            }
            Message::Request(request, answer) => {
                let mut refusal = refusal.clone();
                if let Request::Cancel(id) | Request::Remove(id) = request
                    && let Ok(Some(stored)) = self.writer.task(id)
                    && let Some(run) = stored.state.live_run()
                {
                    // Its end may be what makes room again; the supervisor is told all the same.
                    self.runs.request_end(run);
                    refusal.hint =
                        format!("Task {id} is being stopped; ask again when it has ended");
                }
                drop(answer.send(Err(refusal)));
                None
            }
            Message::Report(Report::Progress { .. } | Report::Quiet { .. }) => None,
            report @ Message::Report(_) => Some(report),
        }
    }

    /// Applies a batch. The replies come in the order of the batch, one per request.
    fn transact(
        &mut self,
        batch: &[Message],
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Vec<Result<Reply, ApiError>>, EngineError> {
        self.writer.begin()?;
        let mut replies = Vec::with_capacity(batch.len());
        for message in batch {
            match message {
                // Whoever asked has gone away: nothing may happen that nobody is told of.
                Message::Request(_, answer) if answer.is_closed() => {
                    replies.push(Err(ApiError::unavailable("Nobody waits for the answer")));
                }
                Message::Request(request, _) => {
                    let done =
                        self.alone(after, |this, after| this.request(request, now, after))?;
                    replies.push(done.map_err(ApiError::from));
                }
                Message::Report(report) => {
                    let done = self.alone(after, |this, after| this.report(report, now, after))?;
                    if let Err(error) = done {
                        tracing::error!(?report, %error, "a report cannot be written down");
                    }
                }
            }
        }
        self.wake_due(now, after)?;
        self.sweep(now, after)?;
        self.fill_workers(now, after)?;
        self.keep_output_within_cap()?;
        fault_point("engine.before_commit");
        self.writer.commit()?;
        Ok(replies)
    }

    /// Does one thing within the transaction so that its failure leaves the others alone. The
    /// outer error means that nothing of the whole transaction can be written.
    fn alone<T>(
        &mut self,
        after: &mut AfterCommit,
        act: impl FnOnce(&mut Self, &mut AfterCommit) -> Result<T, EngineError>,
    ) -> Result<Result<T, EngineError>, EngineError> {
        let memory = self.memory.clone();
        let (launches, ends, removed) =
            (after.launches.len(), after.ends.len(), after.removed.len());
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
                after.launches.truncate(launches);
                after.ends.truncate(ends);
                after.removed.truncate(removed);
                Ok(Err(error))
            }
        }
    }

    fn request(
        &mut self,
        request: &Request,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        match request {
            Request::Submit(task) => self.submit(task, now),
            Request::Cancel(id) => self.apply(*id, Input::Cancel, now, after).map(shown),
            Request::Retry(id) => self.apply(*id, Input::Retry, now, after).map(shown),
            Request::Resume(id, follow_up) => {
                let session_id = self.writer.task(*id)?.and_then(|stored| stored.session_id);
                let input = Input::Resume { session_id, follow_up: follow_up.clone() };
                self.apply(*id, input, now, after).map(shown)
            }
            Request::Remove(id) => {
                self.apply(*id, Input::Remove, now, after)?;
                let gone = after.removed.contains(id);
                Ok(if gone { Reply::Removed } else { Reply::Removing(*id) })
            }
            Request::Clean(query) => self.clean(query, now, after),
            Request::SetPaused(paused) => {
                if *paused != self.memory.paused {
                    self.writer.set_paused(*paused)?;
                    self.memory.paused = *paused;
                    self.event(None, &EventKind::QueuePaused { paused: *paused }, now)?;
                }
                Ok(Reply::Queue(self.queue_now()))
            }
            Request::Stop(StopMode::LeaveRunning) => {
                self.memory.draining = true;
                Ok(Reply::Stopped(Stopped { left_running: self.memory.counts.running }))
            }
            Request::Stop(StopMode::CancelRunning) => {
                self.memory.draining = true;
                for id in self.writer.tasks_in(Status::Running)? {
                    self.apply(id, Input::Cancel, now, after)?;
                }
                Ok(match self.memory.counts.running {
                    0 => Reply::Stopped(Stopped { left_running: 0 }),
                    _ => Reply::Stopping,
                })
            }
        }
    }

    fn submit(&mut self, request: &NewTask, now: Timestamp) -> Result<Reply, EngineError> {
        let mut stored_request = request.clone();
        stored_request.env.values_mut().for_each(String::clear);
        if let Some(key) = &request.idempotency_key
            && let Some(id) = self.writer.task_by_key(key)?
            && let Some(stored) = self.writer.task(id)?
        {
            if self.writer.request(id)? == stored_request {
                return Ok(shown(stored));
            }
            return Err(EngineError::Refused(
                ApiError::conflict(format!(
                    "The key \"{key}\" belongs to task {id}, which is another one"
                ))
                .hint("Use a new key for a new task"),
            ));
        }
        let counts = &self.memory.counts;
        if counts.pending + counts.waiting >= self.config.caps.queued {
            return Err(EngineError::Refused(
                ApiError::new(
                    ErrorCode::QueueFull,
                    format!("The queue already holds {} tasks", counts.pending + counts.waiting),
                )
                .hint("Wait for some to finish, remove some, or raise caps.queued"),
            ));
        }
        let name = task_name(request);
        self.memory.position += 1;
        let id = self.writer.insert_task(&stored_request, &name, self.memory.position, now)?;
        if request.env.is_empty() {
            // A submission that was rolled back may have left a file under the same number.
            env_file::delete(&self.paths.env, id);
        } else {
            env_file::write(&self.paths.env, id, &request.env)?;
        }
        self.memory.counts.pending += 1;
        self.event(Some(id), &EventKind::Submitted, now)?;
        fault_point("engine.submitted");
        match self.writer.task(id)? {
            Some(stored) => Ok(shown(stored)),
            None => Err(EngineError::Unreadable(format!("task {id} is not there after insertion"))),
        }
    }

    fn clean(
        &mut self,
        query: &CleanQuery,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        let unfinished = query.statuses.iter().find(|status| !status.is_finished());
        if let Some(status) = unfinished {
            return Err(EngineError::Refused(
                ApiError::invalid(format!("Tasks that are {} cannot be cleaned", status.name()))
                    .hint("Cancel or remove them by id"),
            ));
        }
        let before = now.minus_millis(query.older_than_ms);
        let ids = self.writer.finished(&query.statuses, before, CLEANED_AT_ONCE)?;
        for id in &ids {
            self.apply(*id, Input::Remove, now, after)?;
        }
        Ok(Reply::Cleaned(Cleaned { removed: ids.len() as u64 }))
    }

    fn report(
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

    /// The only place where a task's state changes.
    fn apply(
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
        let next = transition(&stored.state, input, now)
            .map_err(|illegal| EngineError::Refused(refusal(id, illegal, &stored.state)))?;
        let old_status = stored.state.to_wire().status();
        match next.effect {
            Some(Effect::RequestEnd { run }) => after.ends.push(run),
            Some(Effect::Launch { run }) => {
                let TaskState::Running { plan, .. } = &next.state else {
                    return Err(EngineError::Unreadable("a launch without a run".to_owned()));
                };
                let plan = plan.clone();
                let number = stored.task.runs + 1;
                self.writer.insert_run(id, &run, number, &plan, self.boot.as_deref())?;
                let request = self.writer.request(id)?;
                after.launches.push(Order { task: id, run, request, plan, this_boot: true });
            }
            None => {}
        }
        *self.memory.counts.get_mut(old_status) -= 1;
        if next.state == TaskState::Gone {
            let freed = self.writer.output_of(id)?;
            self.memory.output_kept = self.memory.output_kept.saturating_sub(freed);
            self.writer.delete_task(id)?;
            self.event(Some(id), &EventKind::Removed, now)?;
            after.removed.push(id);
            return Ok(stored);
        }
        *self.memory.counts.get_mut(next.state.to_wire().status()) += 1;
        if next.state != stored.state {
            let position = queued_anew.then(|| {
                self.memory.position += 1;
                self.memory.position
            });
            self.writer.set_state(id, &stored.state, &next.state, position)?;
            let shown = next.state.to_wire();
            if shown != stored.task.state {
                self.event(Some(id), &EventKind::StateChanged { state: shown.clone() }, now)?;
            }
            stored.task.state = shown;
            stored.state = next.state;
        }
        Ok(stored)
    }

    fn wake_due(&mut self, now: Timestamp, after: &mut AfterCommit) -> Result<(), EngineError> {
        if self.memory.counts.waiting == 0 {
            return Ok(());
        }
        for id in self.writer.due(now)?.0 {
            self.apply(id, Input::Due, now, after)?;
        }
        Ok(())
    }

    /// Removes what is past its retention.
    fn sweep(&mut self, now: Timestamp, after: &mut AfterCommit) -> Result<(), EngineError> {
        if self.config.retention.finished == 0 || now < self.next_sweep {
            return Ok(());
        }
        self.next_sweep = now.plus_millis(SWEEP.as_millis() as u64);
        let before = now.minus_millis(self.config.retention.finished);
        for id in self.writer.finished(&[], before, 1000)? {
            self.apply(id, Input::Remove, now, after)?;
        }
        Ok(())
    }

    fn can_start_one(&self) -> bool {
        let Memory { counts, paused, draining, .. } = &self.memory;
        !paused
            && !draining
            && counts.pending > 0
            && counts.running < u64::from(self.config.workers)
    }

    /// Starts what is first in the queue while workers are free.
    fn fill_workers(&mut self, now: Timestamp, after: &mut AfterCommit) -> Result<(), EngineError> {
        if self.hold_until.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        self.hold_until = None;
        if !self.can_start_one() {
            return Ok(());
        }
        if !crate::disk::has_room(&self.paths, self.config.caps.free_disk) {
            self.hold_until = Some(Instant::now() + HOLD);
            return Ok(());
        }
        while self.can_start_one() {
            let Some(id) = self.writer.next_pending()? else { break };
            let started = self.alone(after, |this, after| {
                let number = this.writer.task(id)?.map_or(1, |stored| stored.task.runs + 1);
                let random = this.random.hash_one((id.0, this.memory.seq, now.as_millis())) as u32;
                let run = RunId::new(id, number, random);
                this.apply(id, Input::Dispatch { run }, now, after).map(drop)
            })?;
            if let Err(error) = started {
                // One bad row must not stop the queue.
                tracing::error!(%id, %error, "a task cannot be started");
                self.writer.give_up(id, now, &format!("Its record cannot be read: {error}"))?;
                self.memory.counts = self.writer.counts()?;
            }
        }
        Ok(())
    }

    /// Lets the oldest finished runs lose their output until the total fits.
    fn keep_output_within_cap(&mut self) -> Result<(), EngineError> {
        let live = self.runs.output_bytes();
        while self.memory.output_kept + live > self.config.caps.output_total {
            let Some(freed) = self.writer.drop_oldest_output()? else { break };
            self.memory.output_kept = self.memory.output_kept.saturating_sub(freed);
        }
        Ok(())
    }

    fn event(
        &mut self,
        task: Option<TaskId>,
        kind: &EventKind,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        self.memory.seq = self.writer.append_event(task, kind, now)?;
        Ok(())
    }

    const fn queue_now(&self) -> Queue {
        Queue {
            paused: self.memory.paused,
            workers: self.config.workers,
            counts: self.memory.counts,
        }
    }

    fn publish(&self, before: &Memory) {
        let queue = self.queue_now();
        self.queue.send_if_modified(|shown| std::mem::replace(shown, queue) != queue);
        if self.memory.output_kept != before.output_kept {
            self.output_kept.send_replace(self.memory.output_kept);
        }
        if self.memory.seq != before.seq {
            self.seq.send_replace(self.memory.seq);
        }
    }

    fn answer(&mut self, answer: Answer, reply: Result<Reply, ApiError>) {
        match reply {
            Ok(Reply::Removing(id)) => self.awaiting_removal.entry(id).or_default().push(answer),
            Ok(Reply::Stopping) => self.awaiting_stop.push(answer),
            Ok(reply @ Reply::Stopped(_)) => {
                self.stopping = true;
                drop(answer.send(Ok(reply)));
            }
            reply => drop(answer.send(reply)),
        }
    }

    /// What was decided and is now on disk, is done.
    /// Returns what could not be done, as the reports of it.
    fn act(&mut self, after: AfterCommit) -> Vec<Message> {
        let mut failed = Vec::new();
        for run in after.ends {
            fault_point("engine.before_end");
            self.runs.request_end(&run);
        }
        for order in after.launches {
            fault_point("engine.before_launch");
            let (task, run) = (order.task, order.run.clone());
            if let Err(error) = self.runs.launch(order) {
                let reason = error.to_string();
                failed.push(Message::Report(Report::NeverStarted {
                    task,
                    run,
                    reason,
                    passing: true,
                }));
            }
        }
        for id in &after.removed {
            env_file::delete(&self.paths.env, *id);
            for answer in self.awaiting_removal.remove(id).unwrap_or_default() {
                drop(answer.send(Ok(Reply::Removed)));
            }
        }
        if self.memory.counts.running == 0 {
            for answer in std::mem::take(&mut self.awaiting_stop) {
                self.stopping = true;
                drop(answer.send(Ok(Reply::Stopped(Stopped { left_running: 0 }))));
            }
        }
        self.collect_garbage();
        failed
    }

    fn collect_garbage(&mut self) {
        match self.garbage {
            Garbage::LookFrom(instant) if instant <= Timestamp::now() => {}
            _ => return,
        }
        match self.writer.garbage() {
            Ok(garbage) if garbage.is_empty() => {}
            Ok(garbage) => {
                let count = garbage.len();
                self.garbage = match self.runs.delete(garbage) {
                    Ok(()) => Garbage::BeingDeleted(count),
                    Err(_) => Garbage::LookFrom(
                        Timestamp::now().plus_millis(GARBAGE_AGAIN.as_millis() as u64),
                    ),
                };
            }
            Err(error) => tracing::warn!(%error, "cannot read what is to be deleted"),
        }
    }

    /// How long nothing needs to be done if nobody says anything.
    fn until_next_timer(&self) -> Duration {
        let now = Timestamp::now();
        let mut next = now.plus_millis(3_600_000);
        if self.memory.counts.waiting > 0
            && let Ok((due, later)) = self.writer.due(now)
        {
            next = next.min(later.unwrap_or(next));
            next = next.min(now.plus_millis(LONGEST_NAP.as_millis() as u64));
            next = if due.is_empty() { next } else { now };
        }
        if self.config.retention.finished > 0 {
            next = next.min(self.next_sweep);
        }
        let mut nap = Duration::from_millis(next.millis_since(now));
        if let Some(until) = self.hold_until {
            nap = nap.min(until.saturating_duration_since(Instant::now()));
        }
        if self.to_adopt.is_empty() { nap } else { nap.min(HOLD) }
    }
}

fn shown(stored: StoredTask) -> Reply {
    Reply::Task(Box::new(stored.task))
}

/// What a task is called: its given name, or the first line of its prompt that says something.
fn task_name(request: &NewTask) -> String {
    let text = request.name.as_deref().unwrap_or(&request.execution_prompt);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("task");
    let clean: String = line.chars().filter(|c| !c.is_control()).take(120).collect();
    if clean.is_empty() { "task".to_owned() } else { clean }
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

fn refusal(id: TaskId, illegal: Illegal, state: &TaskState) -> ApiError {
    let status = state.to_wire().status().name();
    match illegal {
        Illegal::NotFinished if !matches!(state, TaskState::Running { .. }) => {
            ApiError::conflict(format!("Task {id} is {status} and has its turn before it"))
                .hint("Wait for it, or cancel it first")
        }
        Illegal::NotFinished => {
            ApiError::conflict(format!("Task {id} is {status}; its session is in use"))
                .hint(format!("Wait for it with `claude-worker wait {id}`, or cancel it first"))
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
        Illegal::Stale | Illegal::Impossible => {
            ApiError::conflict(format!("Task {id} is {status}; that does not apply to it"))
        }
    }
}
