//! One run's thread: from its beginning to the report of its end.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use claude_worker_agents::{Session, Summary};
use claude_worker_api::{Agent, Failure, RunOutcome, Timestamp, Verdict};
use claude_worker_supervisor::{
    Ending, Exit, Found, Launched, Remedy, Revocation, Spec, SupervisorProcess, What,
    end_leftovers, fault_point,
};

use super::handed_over::HandedOver;
use super::over::Over;
use super::stuck::{MARGIN, Patience};
use super::tail::Tail;
use super::{EndRequest, LiveRun, Order, Runs, Signal, lock, thread};
use crate::message::Report;
use crate::state::Plan;
use crate::store::RunEnd;
use crate::{EngineError, env_file, locate, trust};

/// How often a run's progress is written to the database, at the most.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);
/// How long to pause before looking again at a run that could not be looked at, at first and at
/// the most.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How many supervisors are launched for one run because the one before was stopped.
const LAUNCHES: u32 = 3;

/// How a run's thread begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Beginning {
    /// With a new supervisor.
    Launch,
    /// With the one that an earlier engine started.
    Adopt,
}

/// How a run stands.
enum Next {
    /// It goes on.
    Live,
    /// It is over, or never was.
    Over(Over),
}

/// What has been reported, so that only news is.
#[derive(Default)]
struct Reported {
    /// When the agent was started.
    started: Option<Timestamp>,
    last_action: Option<String>,
    session_id: Option<String>,
    model: Option<String>,
    /// When, and so when the next report may follow.
    at: Option<Instant>,
    /// Whether there is news that came too soon after the last report.
    due: bool,
}

/// A run's thread.
pub(super) struct Follower {
    runs: Arc<Runs>,
    order: Order,
    live: Arc<LiveRun>,
    inbox: Receiver<Signal>,
    /// The supervisor, while nobody waits for it yet.
    launched: Option<Launched>,
    /// The supervisor's process, when this engine started it. Taken before anything waits for it:
    /// afterwards its number may be another process's.
    process: Option<SupervisorProcess>,
    /// Alive as long as a thread waits for the supervisor to be gone.
    watcher: Weak<()>,
    /// The supervisor that was handed the run and has not been seen to start the agent.
    handed_over: Option<HandedOver>,
    launches: u32,
    summary: Summary,
    stdout: Tail,
    stderr: Tail,
    reported: Reported,
    /// The output is not read any further: reading it failed in our own code, or something that
    /// cannot be read is in its place.
    blind: bool,
    /// Reading the output has failed, and is tried again.
    unread: bool,
    /// With a supervisor that was asked to end the run.
    patience: Option<Patience>,
    /// With a supervisor that has to end the run at its time limit.
    at_limit: Option<Patience>,
    /// The task was cancelled: not only an agent that does not exit is to be ended.
    cancelled: bool,
    /// Since when the agent has nothing left to do but to exit.
    settled_since: Option<Instant>,
}

impl Follower {
    pub(super) fn new(
        runs: Arc<Runs>,
        order: Order,
        live: Arc<LiveRun>,
        inbox: Receiver<Signal>,
    ) -> Self {
        Self {
            runs,
            summary: Summary::new(order.request.agent),
            order,
            live,
            inbox,
            launched: None,
            process: None,
            watcher: Weak::new(),
            handed_over: None,
            launches: 0,
            stdout: Tail::default(),
            stderr: Tail::default(),
            reported: Reported::default(),
            blind: false,
            unread: false,
            patience: None,
            at_limit: None,
            cancelled: false,
            settled_since: None,
        }
    }

    /// Follows the run until it is over. An error on our side never invents an end: the run is
    /// looked at again until its directory tells what became of it.
    pub(super) fn follow_to_the_end(mut self, beginning: Beginning) {
        let mut next = match beginning {
            Beginning::Launch => self.launch(),
            Beginning::Adopt => self.adopt(),
        };
        let mut pause = LOOK_AGAIN.0;
        let over = loop {
            match next {
                Ok(Next::Over(over)) => break over,
                Ok(Next::Live) => {
                    pause = LOOK_AGAIN.0;
                    if self.reported.started.is_some() {
                        // Now it is in nobody's way.
                        self.runs.keep_a_spare();
                    }
                    next = self.wait();
                }
                Err(error) => {
                    tracing::error!(run = %self.order.run, %error, "a run cannot be looked at");
                    std::thread::sleep(pause);
                    pause = (2 * pause).min(LOOK_AGAIN.1);
                    next = self.adopt();
                }
            }
        };
        self.report_end(over);
        lock(&self.runs.live).remove(&self.order.run);
        // Wakes those who follow the log, so that they see the end.
        self.live.grown.send_modify(|bytes| *bytes += 1);
        self.runs.keep_a_spare();
    }

    /// Makes the directory and starts the supervisor.
    fn launch(&mut self) -> Result<Next, EngineError> {
        let (spec, stdin) = match self.spec() {
            Ok(prepared) => prepared,
            Err(over) => return Ok(Next::Over(over)),
        };
        let runs = Arc::clone(&self.runs);
        let Some(permission) = runs.may_start() else { return Ok(Next::Over(Over::NotOurs)) };
        let begun = self.begin(&spec, &stdin);
        drop(permission);
        match begun {
            Ok(()) => {
                self.watch()?;
                Ok(Next::Live)
            }
            // Nothing was started, and nothing can be: only we know the run's name.
            Err(error) => Ok(Next::Over(Over::NeverStarted {
                passing: error.is_passing(),
                reason: error.to_string(),
            })),
        }
    }

    fn begin(&mut self, spec: &Spec, stdin: &[u8]) -> Result<(), EngineError> {
        self.live.dir.create(spec, stdin)?;
        self.remember_directory()?;
        fault_point("engine.run_created");
        let asked =
            std::mem::replace(&mut *lock(&self.live.end_request), EndRequest::DirectoryIsThere);
        if let EndRequest::NoDirectoryYet { wanted: true } = asked {
            self.live.dir.request_end()?;
            self.cancelled = true;
            self.be_patient();
        }
        // From here on it may have begun, whatever becomes of its directory.
        self.runs.launched.note(&self.order.run)?;
        self.order.may_have_begun = true;
        let launched = self.runs.supervisors.launch(&self.live.dir)?;
        fault_point("engine.launched");
        self.hand_over(launched);
        Ok(())
    }

    fn hand_over(&mut self, launched: Launched) {
        self.launches += 1;
        self.process = SupervisorProcess::now(launched.pid());
        self.handed_over = self.process.map(HandedOver::new);
        self.launched = Some(launched);
    }

    /// Lets a new supervisor take the run after the one before was killed for being stopped. That
    /// one has been cleared away, and the pipe by which it was told the run went with it. So nothing
    /// else can begin this run; whether it has begun, its directory says.
    fn launch_again(&mut self) -> Result<Next, EngineError> {
        self.handed_over = None;
        // A request to end may have reached nobody, where the disk is full. So a run that is to be
        // ended is fenced off.
        if self.patience.is_some()
            || self.launches >= LAUNCHES
            || self.live.dir.inspect()? != Found::NeverStarted
        {
            return self.adopt();
        }
        let runs = Arc::clone(&self.runs);
        let Some(_permission) = runs.may_start() else { return Ok(Next::Over(Over::NotOurs)) };
        match runs.supervisors.launch_new(&self.live.dir) {
            Ok(launched) => self.hand_over(launched),
            Err(error) => {
                tracing::warn!(run = %self.order.run, %error, "no other supervisor can be started");
                return self.adopt();
            }
        }
        self.watch()?;
        Ok(Next::Live)
    }

    /// Lets a thread wait for the supervisor to be gone, if none does.
    fn watch(&mut self) -> Result<(), EngineError> {
        if self.launched.is_none() && self.watcher.strong_count() > 0 {
            return Ok(());
        }
        let waits = Arc::new(());
        self.watcher = Arc::downgrade(&waits);
        let signals = self.live.signals.clone();
        let dir = self.live.dir.clone();
        // The process is handed over through a cell, so that it is still ours if no thread can
        // be made: somebody has to clear it away when it is gone.
        let launched = Arc::new(std::sync::Mutex::new(self.launched.take()));
        let handed_over = Arc::clone(&launched);
        let started = thread("supervisor", move || {
            let waited = match lock(&handed_over).take() {
                Some(launched) => launched.wait().map(drop).map_err(|error| error.to_string()),
                None => dir.wait_until_free().map_err(|error| error.to_string()),
            };
            if let Err(error) = waited {
                tracing::warn!(error, "waiting for a supervisor failed");
            }
            // Before the signal, which may have another one begin.
            drop(waits);
            drop(signals.send(Signal::Gone));
        });
        if started.is_err() {
            self.launched = lock(&launched).take();
        }
        started
    }

    /// What the supervisor is told, and the agent's standard input.
    fn spec(&self) -> Result<(Spec, Vec<u8>), Over> {
        let never = |message| Over::CannotStart { message };
        let Order { task, run, request, plan, .. } = &self.order;
        let config = self.runs.config.now();
        let session = match plan {
            Plan::New => Session::New,
            Plan::Resume { session_id, follow_up } => Session::Resume { session_id, follow_up },
            // Not dispatched.
            Plan::Unknown(plan) => return Err(never(format!("There is no plan {}", plan.name))),
        };
        let mut launch = claude_worker_agents::launch(request, config.permission_mode, &session)
            .map_err(|error| never(error.to_string()))?;
        // Decided anew at each launch: the directory and what is trusted may have changed since.
        let directory = Path::new(&request.working_directory);
        if self.order.agent_asked
            && request.agent == Agent::Claude
            && let Some(untrusted) = trust::untrusted_for_agents(&self.runs.places.trust, directory)
        {
            tracing::info!(%run, untrusted = %untrusted.display(), "without the project's settings");
            launch.leave_out_project_settings();
        }
        let program = match request.agent {
            Agent::Shell => PathBuf::from("/bin/sh"),
            // Refused above.
            Agent::Unknown(name) => return Err(never(format!("There is no agent {name}"))),
            Agent::Claude => {
                locate::claude(config.agents.claude.as_deref())
                    .map_err(|error| never(error.to_string()))?
                    .path
            }
        };
        if !Path::new(&request.working_directory).is_dir() {
            return Err(never(format!("The directory {} is gone", request.working_directory)));
        }
        let names = request.env.keys().map(String::as_str);
        let own = env_file::read_all(&self.runs.places.env, *task, names).map_err(|error| {
            let reason = error.to_string();
            // Too many open files, say, is no reason to give the task up.
            if error.is_passing() {
                Over::NeverStarted { reason, passing: true }
            } else {
                never(reason)
            }
        })?;
        let mut env = launch.env;
        env.extend(own);
        let timeout = request.limits.timeout_ms.unwrap_or(config.limits.timeout);
        let spec = Spec {
            run: run.clone(),
            task: *task,
            program: program.to_string_lossy().into_owned(),
            args: launch.args,
            directory: request.working_directory.clone(),
            env,
            env_remove: launch.env_remove,
            merge_stderr: launch.merge_stderr,
            timeout_ms: Some(timeout).filter(|limit| *limit > 0),
            silence_ms: self.silence_limit(),
            grace_ms: config.limits.grace,
            output_cap_bytes: config.caps.output_per_run,
            has_ready: true,
            bell: Some(self.runs.places.bell.clone()),
        };
        Ok((spec, launch.stdin))
    }

    /// How long the agent may print nothing, in milliseconds.
    fn silence_limit(&self) -> Option<u64> {
        let default = match self.order.request.agent {
            Agent::Claude => self.runs.config.now().limits.silence,
            // A command may well be silent for hours.
            Agent::Shell | Agent::Unknown(_) => 0,
        };
        Some(self.order.request.limits.silence_ms.unwrap_or(default)).filter(|limit| *limit > 0)
    }

    /// Finds out how a run stands that was started before, and goes on with it.
    fn adopt(&mut self) -> Result<Next, EngineError> {
        let next = self.look()?;
        if matches!(next, Next::Live) {
            self.remember_directory()?;
            self.watch()?;
            self.read_along();
        }
        Ok(next)
    }

    /// Reads the recovery table.
    fn look(&mut self) -> Result<Next, EngineError> {
        let grace = Duration::from_millis(self.runs.config.now().limits.grace);
        loop {
            let over = match self.live.dir.inspect()? {
                Found::Running { started } => {
                    if let Some(started) = started {
                        self.report_started(started.at);
                    }
                    return Ok(Next::Live);
                }
                Found::Finished(exit) => Over::recorded(exit),
                Found::Lost { started } => {
                    let ended = end_leftovers(&self.order.run, grace);
                    tracing::warn!(run = %self.order.run, ended, "a supervisor vanished");
                    Over::Lost { started_at: started.map(|started| started.at) }
                }
                Found::NeverStarted | Found::NothingLeft => match self.live.dir.revoke()? {
                    // It has begun since we looked: look again.
                    Revocation::Held | Revocation::AlreadySpawned => continue,
                    Revocation::NothingLeft if self.order.may_have_begun => {
                        self.lost_its_directory()
                    }
                    Revocation::Revoked | Revocation::NothingLeft => {
                        match end_leftovers(&self.order.run, grace) {
                            0 if self.order.this_boot => Over::NeverStarted {
                                reason: "its supervisor never started the agent".to_owned(),
                                passing: false,
                            },
                            _ => Over::Lost { started_at: None },
                        }
                    }
                },
            };
            return Ok(Next::Over(over));
        }
    }

    /// Ends a run whose directory was removed while it ran: it can record nothing any more, no
    /// request reaches it, and no later engine would find it.
    fn lost_its_directory(&self) -> Over {
        let run = &self.order.run;
        tracing::error!(%run, "its directory was removed while it ran; it is ended, and lost");
        let grace = Duration::from_millis(self.runs.config.now().limits.grace);
        if let Some(supervisor) = self.live.supervisor.get() {
            supervisor.end(grace.saturating_add(MARGIN));
        }
        end_leftovers(run, grace);
        Over::Lost { started_at: self.reported.started }
    }

    fn remember_directory(&self) -> Result<(), EngineError> {
        if let Some(identity) = self.live.dir.identity()? {
            self.live.identity.get_or_init(|| identity);
        }
        Ok(())
    }

    /// Remembers which process supervises the run, for when its directory is gone.
    fn remember_supervisor(&self) {
        let known = self.live.dir.supervisor();
        if let Some(supervisor) = known.or(self.process) {
            self.live.supervisor.get_or_init(|| supervisor);
        }
    }

    /// Waits until something happens to the run, and deals with it.
    fn wait(&mut self) -> Result<Next, EngineError> {
        // Half of the silence that ends the run is worth a word.
        let quiet_after = self.silence_limit().map(|limit| (limit / 2).max(100));
        let until_quiet = quiet_after.map(Duration::from_millis);
        let until_news = self.reported.due.then(|| self.until_next_report());
        let until_stuck = self.patience.as_ref().or(self.at_limit.as_ref());
        let until_stuck = until_stuck.map(|patience| patience.left(Instant::now()));
        let until_finish = self.until_finish();
        let until_taken = self.handed_over.as_ref().and_then(HandedOver::left);
        let until_read = self.unread.then_some(LOOK_AGAIN.1);
        let naps = [until_quiet, until_news, until_stuck, until_finish, until_taken, until_read];
        let first = match naps.into_iter().flatten().min() {
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(nap) => self.inbox.recv_timeout(nap),
        };
        let first = match first {
            Ok(signal) => signal,
            Err(RecvTimeoutError::Timeout) => {
                self.after_a_nap(quiet_after)?;
                return Ok(Next::Live);
            }
            Err(RecvTimeoutError::Disconnected) => Signal::Gone,
        };
        // What came meanwhile is dealt with at once: a run that began and ended is one report.
        let (mut over, mut end_requested, mut directory_gone) = (false, false, false);
        for signal in
            std::iter::once(first).chain(std::iter::from_fn(|| self.inbox.try_recv().ok()))
        {
            over |= matches!(signal, Signal::Rang(What::Ended) | Signal::Gone);
            end_requested |= matches!(signal, Signal::EndRequested);
            directory_gone |= matches!(signal, Signal::DirectoryGone);
        }
        if end_requested {
            self.cancelled = true;
            self.be_patient();
            if let Some(handed_over) = &mut self.handed_over {
                handed_over.hurry();
            }
        }
        if over {
            return match self.live.dir.exit()? {
                Some(exit) => Ok(Next::Over(Over::recorded(exit))),
                None if self.handed_over.as_ref().is_some_and(HandedOver::was_killed) => {
                    self.launch_again()
                }
                // The supervisor is about to go, or has gone without a word.
                None => self.adopt(),
            };
        }
        if directory_gone {
            if self.live.supervisor.get().is_none() {
                self.remember_supervisor();
            }
            return Ok(Next::Over(self.lost_its_directory()));
        }
        // A ring may get lost when the pipe is full, so that any of them makes us look.
        if self.reported.started.is_none()
            && let Some(started) = self.live.dir.started()?
        {
            self.report_started(started.at);
        }
        self.read_along();
        self.report_progress();
        // Whoever goes on printing never lets us nap.
        self.finish_if_due();
        Ok(Next::Live)
    }

    /// How long the agent may still take to exit after its work is done. An engine that has
    /// adopted the run counts anew.
    fn until_finish(&self) -> Option<Duration> {
        let limit = self.runs.config.now().limits.exit;
        if limit == 0 || self.patience.is_some() {
            return None;
        }
        Some(Duration::from_millis(limit).saturating_sub(self.settled_since?.elapsed()))
    }

    /// Has an agent ended that has reported its success and does not exit. Says whether it was time
    /// for that.
    fn finish_if_due(&mut self) -> bool {
        if !self.until_finish().is_some_and(|left| left.is_zero()) {
            return false;
        }
        tracing::info!(run = %self.order.run, "its work is done and it does not exit: it is ended");
        self.ask_again();
        self.be_patient();
        true
    }

    /// Sends the request to end the run to the supervisor again, in case the first one was lost.
    fn ask_again(&self) {
        if self.cancelled {
            self.live.ask_to_end();
        } else if let Err(error) = self.live.dir.request_finish() {
            tracing::error!(run = %self.order.run, %error, "a run could not be asked to finish");
        }
    }

    /// The supervisor has been asked to end the run, and has its time for it from now on.
    fn be_patient(&mut self) {
        let grace = Duration::from_millis(self.runs.config.now().limits.grace);
        self.patience.get_or_insert_with(|| Patience::new(grace, Instant::now()));
    }

    /// Nothing has happened for as long as there was nothing to do.
    fn after_a_nap(&mut self, quiet_after: Option<u64>) -> Result<(), EngineError> {
        if self.finish_if_due() {
            return Ok(());
        }
        if let Some(handed_over) = &mut self.handed_over {
            handed_over.look(&self.live.dir)?;
        }
        if let Some(remedy) = self.patience.as_mut().and_then(|it| it.due(Instant::now())) {
            self.help_if_stopped(remedy)?;
            self.ask_again();
        } else if self.patience.is_none()
            && let Some(remedy) = self.at_limit.as_mut().and_then(|it| it.due(Instant::now()))
        {
            let was_stopped = self.help_if_stopped(remedy)?;
            if let Some(at_limit) = &mut self.at_limit
                && !was_stopped
            {
                at_limit.nothing_was_stopped();
            }
            return Ok(());
        }
        if self.unread {
            self.read_along();
        }
        if self.reported.due {
            self.report_progress();
        } else if let Some(silent_ms) = quiet_after
            && self.patience.is_none()
            && self.handed_over.is_none()
            && !self.unread
        {
            let (task, run) = (self.order.task, self.order.run.clone());
            self.runs.tell(Report::Quiet { task, run, silent_ms });
        }
        Ok(())
    }

    /// Says whether the supervisor was stopped.
    fn help_if_stopped(&self, remedy: Remedy) -> Result<bool, EngineError> {
        // One that could not sign its lock is known here only.
        let unsigned = self.process.or(self.live.supervisor.get().copied());
        let was_stopped = self.live.dir.help_stopped_supervisor(remedy)?
            || unsigned.is_some_and(|supervisor| supervisor.help_if_stopped(remedy));
        if was_stopped {
            tracing::warn!(run = %self.order.run, ?remedy, "its supervisor was stopped");
        }
        Ok(was_stopped)
    }

    /// Reads what the agent has printed since the last time. That it cannot be read is no reason to
    /// leave the run itself alone.
    fn read_along(&mut self) {
        if self.blind {
            return;
        }
        let (stdout, stderr) = (self.live.dir.stdout_path(), self.live.dir.stderr_path());
        let Self { summary, stdout: out, stderr: err, .. } = self;
        // Output is hostile: should it find a hole in our reading, only the reading ends.
        let read = catch_unwind(AssertUnwindSafe(|| {
            let needed_end = summary.needed_end();
            let from_out = out.read(&stdout, needed_end, |lines, bytes| {
                lines.push(bytes, |line| summary.read(&line, false));
            });
            let from_err = err.read(&stderr, needed_end, |lines, bytes| {
                lines.push(bytes, |line| summary.read(&line, true));
            });
            (from_out, from_err)
        }));
        let Ok((from_out, from_err)) = read else {
            tracing::error!(run = %self.order.run, "its output cannot be understood any further");
            self.blind = true;
            return;
        };
        let mut grown = 0;
        let mut unread = false;
        for (path, read) in [(stdout, from_out), (stderr, from_err)] {
            match read {
                Ok(bytes) => grown += bytes,
                Err(error) => {
                    // What an agent has put in its place does not become readable again.
                    self.blind |= matches!(
                        error.kind(),
                        io::ErrorKind::InvalidData | io::ErrorKind::PermissionDenied
                    );
                    if self.blind || !self.unread {
                        let path = path.display();
                        tracing::error!(%path, %error, again = !self.blind, "output cannot be read");
                    }
                    unread = true;
                }
            }
        }
        self.unread = unread && !self.blind;
        if !self.summary.is_settled() {
            self.settled_since = None;
        } else if self.settled_since.is_none() {
            self.settled_since = Some(Instant::now());
        }
        if grown > 0 {
            self.live.last_output_at.store(Timestamp::now().as_millis(), Ordering::Relaxed);
            self.live.output_bytes.fetch_add(grown, Ordering::Relaxed);
            self.live.grown.send_modify(|bytes| *bytes += grown);
        }
    }

    fn report_started(&mut self, at: Timestamp) {
        self.handed_over = None;
        if self.reported.started.replace(at).is_none() {
            self.remember_supervisor();
            match self.live.dir.spec() {
                Ok(Some(spec)) => {
                    let now = (Instant::now(), Timestamp::now());
                    self.at_limit = Patience::at_limit(&spec, at, now);
                }
                unreadable => tracing::warn!(
                    run = %self.order.run, ?unreadable,
                    "its time limit is not known here; only its supervisor keeps it"
                ),
            }
            let (task, run) = (self.order.task, self.order.run.clone());
            self.runs.tell(Report::Started { task, run, at });
        }
    }

    fn until_next_report(&self) -> Duration {
        let since = self.reported.at.map_or(PROGRESS_EVERY, |at| at.elapsed());
        PROGRESS_EVERY.saturating_sub(since)
    }

    /// Reports what is new, or remembers that it is due.
    fn report_progress(&mut self) {
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
        self.runs.tell(Report::Progress {
            task: self.order.task,
            run: self.order.run.clone(),
            last_action,
            session_id,
            model,
        });
    }

    fn report_end(&mut self, over: Over) {
        let (task, run) = (self.order.task, self.order.run.clone());
        let without_exit = |ended_at, failure| RunOutcome {
            ended_at,
            verdict: Verdict::Failed { failure },
            exit_code: None,
            exit_signal: None,
        };
        let end = match over {
            Over::NotOurs => return,
            Over::NeverStarted { reason, passing } => {
                self.runs.tell(Report::NeverStarted { task, run, reason, passing });
                return;
            }
            Over::CannotStart { message } => {
                RunEnd::without_output(without_exit(Timestamp::now(), Failure::Spawn { message }))
            }
            Over::Lost { started_at } => {
                self.read_to_the_end();
                self.end(without_exit(Timestamp::now(), Failure::Lost), started_at)
            }
            Over::Finished(exit) => {
                self.read_to_the_end();
                self.end(self.outcome(&exit), exit.started_at)
            }
        };
        // From now on its output is counted with that of the finished runs.
        self.live.output_bytes.store(0, Ordering::Relaxed);
        self.runs.tell(Report::Ended { task, run, end: Box::new(end) });
    }

    fn outcome(&self, exit: &Exit) -> RunOutcome {
        let verdict = match self.live.dir.spec() {
            Ok(Some(spec)) => claude_worker_agents::verdict(&self.summary, exit, &spec),
            unreadable => {
                tracing::error!(run = %self.order.run, ?unreadable, "its spec cannot be read");
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

    fn end(&self, outcome: RunOutcome, started_at: Option<Timestamp>) -> RunEnd {
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

    fn read_to_the_end(&mut self) {
        self.read_along();
        if self.blind {
            return;
        }
        let summary = &mut self.summary;
        self.stdout.lines.finish(|line| summary.read(&line, false));
        self.stderr.lines.finish(|line| summary.read(&line, true));
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
