//! The one loop that decides.
//!
//! It runs on a thread of its own and is the only owner of the [`Writer`]. Each round takes what
//! has been said since the last one, applies it through [`crate::state::transition`], commits it as one
//! transaction, and only then tells the world (events, answers) and acts (effects). A crash
//! before the commit means that it never happened; a crash after it is mended at the next start,
//! because every effect can be seen to be missing from the files and rows.

mod apply;
mod delegation;
mod going_on;
mod reports;
mod requests;
mod retention;
mod room;
mod start;
#[cfg(test)]
mod tests;
mod timers;
mod unstored;

use std::collections::{HashMap, HashSet};
use std::hash::RandomState;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claude_worker_api::{
    ApiError, Counts, Failure, NewTask, Queue, RunId, Status, StopMode, Stopped, TaskId, Timestamp,
    Unseen, WaitReason,
};
use claude_worker_supervisor::{boot_id, fault_point};
use tokio::sync::{mpsc, oneshot, watch};

use self::room::Room;
use crate::clock::{Clock, Now};
use crate::ground::{Gone, Ground};
use crate::live::{Order, Runs};
use crate::message::{Message, Reply, Report, Request};
use crate::scheduler::QueuedTasks;
use crate::settings::InForce;
use crate::state::{self, Plan, TaskState, Unreadable, Wish};
use crate::store::{Published, Writer};
use crate::{Config, EngineError, Paths, env_file};

use unstored::Unstored;

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
/// How long the dispatcher starts nothing after it could not start something.
const HOLD: Duration = Duration::from_secs(1);
/// How long a directory that could not be deleted is left alone.
const GARBAGE_AGAIN: Duration = Duration::from_secs(60);

/// What is known without asking the database. Replaced as a whole when a round has committed.
#[derive(Debug, Clone, Default)]
struct Memory {
    counts: Counts,
    unseen: Unseen,
    paused: bool,
    position: i64,
    seq: i64,
    output_kept: u64,
    /// The engine is to stop: nothing new is started.
    draining: Option<StopMode>,
    /// How often a task's run did not begin, since one last did.
    failed_beginnings: HashMap<TaskId, u32>,
}

/// What a round does once it has committed.
#[derive(Default)]
struct AfterCommit {
    launches: Vec<Order>,
    ends: Vec<RunId>,
    /// Those of them whose tasks are removed then.
    doomed: Vec<RunId>,
    removed: Vec<TaskId>,
    /// Which messages of the batch are reports that could not be written down.
    unwritten: Vec<usize>,
}

type Answer = oneshot::Sender<Result<Reply, ApiError>>;

/// The loop and all it owns.
pub(crate) struct Dispatcher {
    clock: Box<dyn Clock>,
    writer: Writer,
    config: Arc<Config>,
    in_force: InForce,
    paths: Paths,
    runs: Arc<Runs>,
    inbox: mpsc::Receiver<Message>,
    ground: Arc<Ground>,
    seq: watch::Sender<i64>,
    published: watch::Sender<Published>,
    draining: watch::Sender<Option<StopMode>>,
    output_kept: watch::Sender<u64>,
    memory: Memory,
    /// The tasks that have not started; changed and rolled back together with `memory`.
    queued: QueuedTasks,
    random: RandomState,
    /// The machine's present start.
    boot: Option<String>,
    /// Nothing is started before this instant.
    held_until: Option<Instant>,
    /// Whether the last round could not be written down.
    failed: bool,
    next_sweep: Timestamp,
    /// Runs of the last engine that could not be taken up for want of a thread.
    to_adopt: Vec<(Order, Wish)>,
    awaiting_removal: HashMap<TaskId, Vec<Answer>>,
    awaiting_stop: Vec<Answer>,
    stopping: bool,
    garbage: Garbage,
    unstored: Unstored,
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
    /// The queue, and the event it stands at.
    pub published: watch::Receiver<Published>,
    /// How the engine is to stop, once it is; it starts nothing new then.
    pub draining: watch::Receiver<Option<StopMode>>,
    /// Bytes of output kept of finished runs.
    pub output_kept: watch::Receiver<u64>,
}

impl Dispatcher {
    pub(crate) fn new(
        clock: Box<dyn Clock>,
        writer: Writer,
        in_force: InForce,
        paths: Paths,
        runs: Arc<Runs>,
        inbox: mpsc::Receiver<Message>,
        ground: Arc<Ground>,
    ) -> Result<(Self, Shown), EngineError> {
        let config = in_force.now();
        let memory = Memory {
            counts: writer.counts()?,
            unseen: writer.unseen()?,
            paused: writer.paused()?,
            position: writer.last_position()?,
            seq: writer.last_event()?,
            output_kept: writer.output_kept()?,
            draining: None,
            failed_beginnings: HashMap::new(),
        };
        let queued = QueuedTasks::new(writer.queued_tasks()?);
        let (seq, seq_shown) = watch::channel(memory.seq);
        let queue = Queue {
            paused: memory.paused,
            workers: config.workers,
            counts: memory.counts,
            unseen: memory.unseen,
        };
        let (published, published_shown) = watch::channel(Published { seq: memory.seq, queue });
        let (draining, draining_shown) = watch::channel(None);
        let (output_kept, output_kept_shown) = watch::channel(memory.output_kept);
        let dispatcher = Self {
            clock,
            writer,
            config,
            in_force,
            paths,
            runs,
            inbox,
            ground,
            seq,
            published,
            draining,
            output_kept,
            memory,
            queued,
            random: RandomState::new(),
            boot: boot_id(),
            held_until: None,
            failed: false,
            next_sweep: Timestamp::default(),
            to_adopt: Vec::new(),
            awaiting_removal: HashMap::new(),
            awaiting_stop: Vec::new(),
            stopping: false,
            garbage: Garbage::LookFrom(Timestamp::default()),
            unstored: Unstored::default(),
        };
        let shown = Shown {
            seq: seq_shown,
            published: published_shown,
            draining: draining_shown,
            output_kept: output_kept_shown,
        };
        Ok((dispatcher, shown))
    }

    /// Takes up the runs that the last engine left. The table of what becomes of each is in
    /// [`crate::live`].
    pub(crate) fn recover(&mut self) -> Result<(), EngineError> {
        let running = self.writer.tasks_in(Status::Running)?;
        for id in running.into_iter().chain(self.writer.stranded(self.memory.counts.unknown > 0)?) {
            if let Err(error) = self.take_up(id) {
                // One bad row must not keep all the others waiting.
                tracing::error!(%id, %error, "a running task cannot be taken up");
            }
        }
        let running: HashSet<RunId> =
            self.to_adopt.iter().map(|(order, _)| order.run.clone()).collect();
        self.runs.launched().retain(&running);
        self.adopt();
        Ok(())
    }

    /// Takes up a task's run, whatever else of the task can be read; a task without one that nothing
    /// would ever be heard of is given up. What only a newer version knows stays as it is.
    fn take_up(&mut self, id: TaskId) -> Result<(), EngineError> {
        let Some(stored) = self.writer.task(id)? else { return Ok(()) };
        let known = stored.state.live_run().cloned();
        let is_running = stored.columns.status == Status::Running;
        let run = match known {
            None if is_running => self.writer.unfinished_run(id)?,
            known => known,
        };
        if let Some(run) = run {
            let boot = self.writer.boot_of(&run)?;
            let this_boot = boot.is_some() && boot == self.boot;
            let (plan, wish, may_have_begun) = match stored.state {
                TaskState::Running { plan, wish, started_at, .. } => {
                    (plan, wish, started_at.is_some() || self.runs.launched().may_hold(&run))
                }
                _ => (Plan::New, Wish::None, true),
            };
            // To follow a run to its end, it is enough to know whose output it is.
            let request = self.writer.request(id)?.unwrap_or_else(|_| NewTask {
                agent: stored.task.agent,
                working_directory: stored.task.working_directory,
                ..NewTask::default()
            });
            let agent_asked = self.writer.agent_asked(id)?;
            let task = id;
            let order = Order { task, run, request, plan, this_boot, may_have_begun, agent_asked };
            self.to_adopt.push((order, wish));
            return Ok(());
        }
        let failure = match stored.state {
            TaskState::Unreadable(Unreadable { newer: Some(_), .. }) if !is_running => {
                return Ok(());
            }
            TaskState::Unreadable(Unreadable { ended_at: Some(_), .. }) => return Ok(()),
            TaskState::Unreadable(state) => state.failure,
            TaskState::Waiting { reason: WaitReason::Unknown(reason), .. } => {
                state::newer("reason to wait", reason.name)
            }
            _ => Failure::DamagedRecord { message: "nothing says how it goes on".to_owned() },
        };
        let before = self.memory.clone();
        self.writer.begin()?;
        let given_up = self.give_up(id, failure, self.clock.now().wall);
        match given_up.and_then(|()| self.writer.commit()) {
            Ok(()) => {
                self.queued.settle();
                self.publish(&before);
                Ok(())
            }
            Err(error) => {
                self.roll_back(before);
                Err(error)
            }
        }
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
        self.runs.prepare();
        let mut ground = self.ground.watched();
        loop {
            if let Some(gone) = self.ground.gone() {
                return self.leave(&gone, again);
            }
            if self.failed {
                // The disk is full or the file is busy: what cannot be refused is tried again.
                tokio::time::sleep(AFTER_FAILURE).await;
            }
            let mut batch = std::mem::take(&mut again);
            if batch.is_empty() {
                let nap = self.until_next_timer();
                tokio::select! {
                    message = self.inbox.recv() => match message {
                        Some(message) => batch.push(message),
                        None => return,
                    },
                    _ = ground.changed() => {}
                    () = tokio::time::sleep(nap) => {}
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
            if self.stopping && self.ground.gone().is_none() {
                self.writer.fold_log();
                return;
            }
        }
    }

    /// The files that this engine stands on are not its own any more: it does nothing more with
    /// them, and says why. Runs that no later engine would find are ended; the others are adopted.
    fn leave(self, gone: &Gone, batch: Vec<Message>) {
        let error = gone.error();
        tracing::error!(orphans_runs = gone.orphans_runs, "{error}");
        if gone.orphans_runs {
            self.runs.abandon_all();
        }
        for message in batch {
            if let Message::Request(_, answer) = message {
                drop(answer.send(Err(error.clone())));
            }
        }
    }

    /// One transaction. Returns the reports that must be tried again.
    fn round(&mut self, mut batch: Vec<Message>) -> Vec<Message> {
        let now = self.clock.now();
        batch.extend(self.unstored.due(now.instant));
        let before = self.memory.clone();
        let mut after = AfterCommit::default();
        let mut done = self.transact(&batch, now, &mut after);
        let mut tried = Room::default();
        while let Err(error) = &done {
            self.roll_back(before.clone());
            if !self.make_room(&batch, error, now.wall, &mut tried) {
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
                match self.ground.look_after_commit() {
                    // What was written into files that nobody finds any more never happened.
                    Some(gone) if gone.orphans_runs => return batch,
                    // The next engine finds it and acts on it: there may be one already.
                    Some(_) => {
                        self.publish(&before);
                        self.answer_all(batch, replies);
                        return Vec::new();
                    }
                    None => {}
                }
                // Before anybody is told: of all that follows, this takes longest.
                let not_launched = self.launch(std::mem::take(&mut after.launches));
                self.publish(&before);
                let mut answers = Vec::with_capacity(replies.len());
                for (n, message) in batch.into_iter().enumerate() {
                    match message {
                        Message::Request(_, answer) => answers.push(answer),
                        Message::Report(report) => {
                            self.told(report, after.unwritten.contains(&n));
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
    fn roll_back(&mut self, before: Memory) {
        self.writer.rollback();
        self.memory = before;
        self.queued.undo_all();
    }

    /// Answers the requests of a round that this engine does not act on any more.
    fn answer_all(&mut self, batch: Vec<Message>, replies: Vec<Result<Reply, ApiError>>) {
        let answers = batch.into_iter().filter_map(|message| match message {
            Message::Request(_, answer) => Some(answer),
            Message::Report(_) => None,
        });
        for (answer, reply) in answers.zip(replies) {
            self.answer(answer, reply);
        }
    }

    /// What becomes of a message whose round could not be written down: a request is refused, a
    /// fact is kept until it can be written, and what is only nice to know is dropped.
    fn give_back(&mut self, message: Message, refusal: &ApiError) -> Option<Message> {
        match message {
            // To stop needs nothing to be written down.
            // Who has gone meanwhile does not want it any more.
            Message::Request(Request::Stop(_), answer) if answer.is_closed() => None,
            Message::Request(Request::Stop(mode), answer) => {
                if mode == StopMode::CancelRunning {
                    // The supervisors end what runs, and the next engine writes that down.
                    self.runs.request_all_ends();
                }
                self.stopping = true;
                self.draining.send_replace(Some(mode));
                let left_running = self.still_running();
                drop(answer.send(Ok(Reply::Stopped(Stopped { left_running }))));
                None
            }
            // Nor does this; it is in force, and only its event is missing.
            Message::Request(Request::Configure(config), answer) => {
                self.configure(&config);
                drop(answer.send(Ok(Reply::Configured)));
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
        now: Now,
        after: &mut AfterCommit,
    ) -> Result<Vec<Result<Reply, ApiError>>, EngineError> {
        self.writer.begin()?;
        let mut replies = Vec::with_capacity(batch.len());
        for (n, message) in batch.iter().enumerate() {
            match message {
                // Whoever asked has gone away: nothing may happen that nobody is told of.
                Message::Request(_, answer) if answer.is_closed() => {
                    replies.push(Err(ApiError::unavailable("Nobody waits for the answer")));
                }
                Message::Request(request, _) => {
                    let done =
                        self.alone(after, |this, after| this.request(request, now.wall, after))?;
                    replies.push(done.map_err(ApiError::from));
                }
                Message::Report(report) => {
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
        let (memory, queued) = (self.memory.clone(), self.queued.mark());
        let (launches, ends) = (after.launches.len(), after.ends.len());
        let (doomed, removed) = (after.doomed.len(), after.removed.len());
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
                after.doomed.truncate(doomed);
                after.removed.truncate(removed);
                Ok(Err(error))
            }
        }
    }

    fn queue_now(&self) -> Queue {
        Queue {
            paused: self.memory.paused,
            workers: self.config.workers,
            counts: self.memory.counts,
            unseen: self.memory.unseen,
        }
    }

    fn publish(&self, before: &Memory) {
        let queue = self.queue_now();
        if self.memory.draining != before.draining {
            self.draining.send_replace(self.memory.draining);
        }
        // Before the number alone: whoever it wakes reads this.
        let published = Published { seq: self.memory.seq, queue };
        self.published.send_if_modified(|shown| std::mem::replace(shown, published) != published);
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

    /// Starts the runs whose rows are now on disk. Returns the reports of those that could not be.
    fn launch(&self, launches: Vec<Order>) -> Vec<Message> {
        let mut failed = Vec::new();
        for order in launches {
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
        failed
    }

    /// What else was decided and is now on disk, is done.
    fn act(&mut self, after: AfterCommit) {
        for run in after.ends {
            fault_point("engine.before_end");
            self.runs.request_end(&run);
        }
        for run in &after.doomed {
            self.runs.doom(run);
        }
        for id in &after.removed {
            env_file::delete(&self.paths.env, *id);
            for answer in self.awaiting_removal.remove(id).unwrap_or_default() {
                drop(answer.send(Ok(Reply::Removed)));
            }
        }
        if self.still_running() == 0 {
            for answer in std::mem::take(&mut self.awaiting_stop) {
                self.stopping = true;
                drop(answer.send(Ok(Reply::Stopped(Stopped { left_running: 0 }))));
            }
        }
        self.collect_garbage();
    }

    fn collect_garbage(&mut self) {
        let now = self.clock.now().wall;
        match self.garbage {
            Garbage::LookFrom(instant) if instant <= now => {}
            _ => return,
        }
        match self.writer.garbage() {
            Ok(garbage) if garbage.is_empty() => {}
            Ok(garbage) => {
                let count = garbage.len();
                self.garbage = match self.runs.delete(garbage) {
                    Ok(()) => Garbage::BeingDeleted(count),
                    Err(_) => Garbage::LookFrom(now.plus_millis(GARBAGE_AGAIN.as_millis() as u64)),
                };
            }
            Err(error) => tracing::warn!(%error, "cannot read what is to be deleted"),
        }
    }
}
