//! The runs that are live: started, adopted, followed to their end.
//!
//! Each live run has a thread that starts its supervisor (or finds the one that the last engine
//! left), reads along what the agent prints, and reports to the dispatcher. A second, tiny
//! thread does nothing but wait for the supervisor process to be gone. Neither decides anything:
//! an engine that dies with them loses nothing, because the run's directory tells all.
//!
//! What becomes of a run is read from its directory:
//!
//! | supervisor's lock | files | so |
//! |---|---|---|
//! | held | any | adopt it |
//! | free | `exit.json` | it finished while nobody looked |
//! | free | `spawning`, no `exit.json` | lost: end what is left of its tree |
//! | free | neither | it never started: fence it, queue the task again |

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc as std_mpsc};
use std::time::{Duration, Instant};

use claude_worker_agents::{Lines, Session, Summary};
use claude_worker_api::{Agent, Failure, NewTask, RunId, RunOutcome, TaskId, Timestamp, Verdict};
use claude_worker_supervisor::{
    Bell, Ending, Exit, Found, Revocation, RunDir, Spec, SupervisorCommand, What, end_leftovers,
    fault_point,
};
use tokio::sync::{mpsc, watch};

use crate::message::{Message, Report};
use crate::state::{Plan, Wish};
use crate::store::RunEnd;
use crate::{Config, EngineError, Paths, env_file, locate};

/// How often a run's progress is written to the database, at the most.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);
/// The stack of a run's thread. Its deepest call is a JSON parser with a bounded depth.
const STACK: usize = 512 * 1024;

/// A run to start or adopt.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The task.
    pub task: TaskId,
    /// The run.
    pub run: RunId,
    /// What was submitted.
    pub request: NewTask,
    /// What the run does.
    pub plan: Plan,
}

/// What a run's thread waits for.
enum Signal {
    /// The supervisor rang.
    Rang(What),
    /// The supervisor process is gone.
    Gone,
}

/// What others may know and ask of a live run.
pub(crate) struct LiveRun {
    dir: RunDir,
    signals: std_mpsc::Sender<Signal>,
    /// Rises with every byte printed: wakes those who follow the log.
    grown: watch::Sender<u64>,
    last_output_at: AtomicI64,
    output_bytes: AtomicU64,
    end_request: Mutex<EndRequest>,
}

/// A request to end may come before there is a directory to write it into.
enum EndRequest {
    NoDirectoryYet { wanted: bool },
    DirectoryIsThere,
}

/// The live runs, and the way to start more.
pub(crate) struct Runs {
    paths: Paths,
    config: Config,
    supervisor: SupervisorCommand,
    live: Mutex<HashMap<RunId, Arc<LiveRun>>>,
    reports: mpsc::Sender<Message>,
}

impl Runs {
    pub(crate) fn new(
        paths: Paths,
        config: Config,
        supervisor: SupervisorCommand,
        reports: mpsc::Sender<Message>,
    ) -> Self {
        Self { paths, config, supervisor, live: Mutex::default(), reports }
    }

    /// Listens to the supervisors' bell, on a thread of its own, until the process ends.
    pub(crate) fn listen(self: &Arc<Self>, mut bell: Bell) -> Result<(), EngineError> {
        let runs = Arc::clone(self);
        thread("bell", move || {
            loop {
                match bell.next() {
                    Ok(ring) => {
                        if let Some(live) = runs.find(&ring.run) {
                            drop(live.signals.send(Signal::Rang(ring.what)));
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        tracing::error!(%error, "the bell failed; runs are seen only at their end");
                        return;
                    }
                }
            }
        })
    }

    /// Starts a run. Whatever goes wrong is reported.
    pub(crate) fn launch(self: &Arc<Self>, order: Order) {
        self.follow(order, EndRequest::NoDirectoryYet { wanted: false }, Follower::launch);
    }

    /// Takes up a run that an engine before this one started.
    pub(crate) fn adopt(self: &Arc<Self>, order: Order, wish: Wish) {
        let run = order.run.clone();
        self.follow(order, EndRequest::DirectoryIsThere, Follower::adopt);
        if wish != Wish::None {
            // The engine may have died between storing the wish and passing it on.
            self.request_end(&run);
        }
    }

    fn follow(
        self: &Arc<Self>,
        order: Order,
        end_request: EndRequest,
        begin: fn(&mut Follower) -> Result<Next, EngineError>,
    ) {
        let (signals, inbox) = std_mpsc::channel();
        let live = Arc::new(LiveRun {
            dir: RunDir::new(&self.paths.runs, &order.run),
            signals,
            grown: watch::Sender::new(0),
            last_output_at: AtomicI64::new(0),
            output_bytes: AtomicU64::new(0),
            end_request: Mutex::new(end_request),
        });
        lock(&self.live).insert(order.run.clone(), Arc::clone(&live));
        let (task, run) = (order.task, order.run.clone());
        let mut follower = Follower {
            runs: Arc::clone(self),
            summary: Summary::new(order.request.agent),
            order,
            live,
            inbox,
            stdout: Tail::default(),
            stderr: Tail::default(),
            reported: Reported::default(),
        };
        let started = thread("run", move || follower.follow_to_the_end(begin));
        if let Err(error) = started {
            lock(&self.live).remove(&run);
            let reason = error.to_string();
            self.tell(Report::NeverStarted { task, run, reason, disk_full: false });
        }
    }

    /// Asks a live run's supervisor to end its process tree.
    pub(crate) fn request_end(self: &Arc<Self>, run: &RunId) {
        let Some(live) = self.find(run) else { return };
        if let EndRequest::NoDirectoryYet { wanted } = &mut *lock(&live.end_request) {
            *wanted = true;
            return;
        }
        // On a thread of its own, because the request is synced to disk.
        let asked = thread("end", move || {
            if let Err(error) = live.dir.request_end() {
                tracing::error!(%error, "a supervisor could not be asked to end its run");
            }
        });
        if let Err(error) = asked {
            tracing::error!(%error, "a supervisor could not be asked to end its run");
        }
    }

    /// Deletes run directories, then reports it.
    pub(crate) fn delete(self: &Arc<Self>, garbage: Vec<RunId>) {
        let runs = Arc::clone(self);
        let started = thread("delete", move || {
            let deleted = garbage
                .into_iter()
                .filter(|run| match RunDir::new(&runs.paths.runs, run).delete() {
                    Ok(()) => true,
                    Err(error) => {
                        tracing::warn!(%run, %error, "a run's directory could not be deleted");
                        false
                    }
                })
                .collect();
            runs.tell(Report::Deleted(deleted));
        });
        if let Err(error) = started {
            tracing::warn!(%error, "old output is deleted at the next start");
        }
    }

    /// The live run of this name.
    pub(crate) fn find(&self, run: &RunId) -> Option<Arc<LiveRun>> {
        lock(&self.live).get(run).cloned()
    }

    /// Bytes of output of all live runs so far.
    pub(crate) fn output_bytes(&self) -> u64 {
        lock(&self.live).values().map(|live| live.output_bytes.load(Ordering::Relaxed)).sum()
    }

    fn tell(&self, report: Report) {
        // It fails only when the engine has stopped; the next one reads the directory.
        drop(self.reports.blocking_send(Message::Report(report)));
    }
}

impl LiveRun {
    /// When the agent last printed something, if it has since it was taken up.
    pub(crate) fn last_output_at(&self) -> Option<Timestamp> {
        match self.last_output_at.load(Ordering::Relaxed) {
            0 => None,
            millis => Some(Timestamp::from_millis(millis)),
        }
    }

    /// Wakes whenever the agent prints something.
    pub(crate) fn grown(&self) -> watch::Receiver<u64> {
        self.grown.subscribe()
    }
}

/// How a run stands.
enum Next {
    /// It goes on.
    Live,
    /// Its supervisor recorded its end.
    Finished(Exit),
    /// Its supervisor vanished and what was left of it has been ended.
    Lost { started_at: Option<Timestamp> },
    /// Its agent was not started and will not be.
    NeverStarted {
        reason: String,
        /// Whether only the disk was full.
        disk_full: bool,
    },
    /// Its agent cannot be started at all.
    CannotStart { message: String },
}

/// What has been reported, so that only news is.
#[derive(Default)]
struct Reported {
    started: bool,
    last_action: Option<String>,
    session_id: Option<String>,
    model: Option<String>,
    at: Option<Instant>,
}

/// A run's thread.
struct Follower {
    runs: Arc<Runs>,
    order: Order,
    live: Arc<LiveRun>,
    inbox: std_mpsc::Receiver<Signal>,
    summary: Summary,
    stdout: Tail,
    stderr: Tail,
    reported: Reported,
}

impl Follower {
    fn follow_to_the_end(&mut self, begin: fn(&mut Self) -> Result<Next, EngineError>) {
        let mut next = begin(self);
        while matches!(next, Ok(Next::Live)) {
            next = self.wait();
        }
        let next = next.unwrap_or_else(|error| {
            tracing::error!(run = %self.order.run, %error, "a run could not be followed");
            // The directory is the truth: an error on our side must not invent an end.
            self.settle_after(&error)
        });
        self.report_end(next);
        lock(&self.runs.live).remove(&self.order.run);
        // Wakes those who follow the log, so that they see the end.
        self.live.grown.send_modify(|bytes| *bytes += 1);
    }

    /// Makes the directory and starts the supervisor.
    fn launch(&mut self) -> Result<Next, EngineError> {
        let (spec, stdin) = match self.spec() {
            Ok(prepared) => prepared,
            Err(message) => return Ok(Next::CannotStart { message }),
        };
        if let Err(error) = self.live.dir.create(&spec, &stdin) {
            // Nothing was started, and nothing can be: only we know the run's name.
            let disk_full = error.is_disk_full();
            return Ok(Next::NeverStarted { reason: error.to_string(), disk_full });
        }
        fault_point("engine.run_created");
        let asked =
            std::mem::replace(&mut *lock(&self.live.end_request), EndRequest::DirectoryIsThere);
        if let EndRequest::NoDirectoryYet { wanted: true } = asked {
            self.live.dir.request_end()?;
        }
        let launched = claude_worker_supervisor::launch(&self.runs.supervisor, &self.live.dir)?;
        fault_point("engine.launched");
        let signals = self.live.signals.clone();
        thread("supervisor", move || {
            if let Err(error) = launched.wait() {
                tracing::warn!(%error, "waiting for a supervisor failed");
            }
            drop(signals.send(Signal::Gone));
        })?;
        Ok(Next::Live)
    }

    /// What the supervisor is told, and the agent's standard input.
    fn spec(&self) -> Result<(Spec, Vec<u8>), String> {
        let Order { task, run, request, plan } = &self.order;
        let config = &self.runs.config;
        let session = match plan {
            Plan::New => Session::New,
            Plan::Resume { session_id, follow_up } => Session::Resume { session_id, follow_up },
        };
        let launch = claude_worker_agents::launch(request, config.permission_mode, &session)
            .map_err(|error| error.to_string())?;
        let program = match request.agent {
            Agent::Shell => PathBuf::from("/bin/sh"),
            Agent::Claude => {
                locate::claude(config.agents.claude.as_deref())
                    .map_err(|error| error.to_string())?
                    .path
            }
        };
        if !Path::new(&request.working_directory).is_dir() {
            return Err(format!("The directory {} is gone", request.working_directory));
        }
        let mut env = launch.env;
        env.extend(env_file::read(&self.runs.paths.env, *task).map_err(|error| error.to_string())?);
        let limit =
            |own: Option<u64>, default: u64| Some(own.unwrap_or(default)).filter(|ms| *ms > 0);
        let spec = Spec {
            run: run.clone(),
            task: *task,
            program: program.to_string_lossy().into_owned(),
            args: launch.args,
            directory: request.working_directory.clone(),
            env,
            env_remove: launch.env_remove,
            merge_stderr: launch.merge_stderr,
            timeout_ms: limit(request.limits.timeout_ms, config.limits.timeout),
            silence_ms: self.silence_limit(),
            grace_ms: config.limits.grace,
            output_cap_bytes: config.caps.output_per_run,
            bell: Some(self.runs.paths.bell.clone()),
        };
        Ok((spec, launch.stdin))
    }

    /// How long the agent may print nothing, in milliseconds.
    fn silence_limit(&self) -> Option<u64> {
        let default = match self.order.request.agent {
            Agent::Claude => self.runs.config.limits.silence,
            // A command may well be silent for hours.
            Agent::Shell => 0,
        };
        Some(self.order.request.limits.silence_ms.unwrap_or(default)).filter(|limit| *limit > 0)
    }

    /// Finds out how a run stands that another engine started.
    fn adopt(&mut self) -> Result<Next, EngineError> {
        let next = self.look()?;
        if matches!(next, Next::Live) {
            let dir = self.live.dir.clone();
            let signals = self.live.signals.clone();
            thread("supervisor", move || {
                if let Err(error) = dir.wait_until_free() {
                    tracing::warn!(%error, "waiting for a supervisor failed");
                }
                drop(signals.send(Signal::Gone));
            })?;
            self.read_along()?;
        }
        Ok(next)
    }

    /// Reads the recovery table.
    fn look(&mut self) -> Result<Next, EngineError> {
        loop {
            match self.live.dir.inspect()? {
                Found::Running { started } => {
                    if let Some(started) = started {
                        self.report_started(started.at);
                    }
                    return Ok(Next::Live);
                }
                Found::Finished(exit) => return Ok(Next::Finished(exit)),
                Found::Lost { started } => {
                    let grace = Duration::from_millis(self.runs.config.limits.grace);
                    let ended = end_leftovers(&self.order.run, grace);
                    tracing::warn!(run = %self.order.run, ended, "a supervisor vanished");
                    return Ok(Next::Lost { started_at: started.map(|started| started.at) });
                }
                Found::NeverStarted => {
                    if self.live.dir.revoke()? == Revocation::Revoked {
                        let reason = "its supervisor never started the agent".to_owned();
                        return Ok(Next::NeverStarted { reason, disk_full: false });
                    }
                    // It has begun since we looked: look again.
                }
            }
        }
    }

    /// Waits until something happens to the run, and deals with it.
    fn wait(&mut self) -> Result<Next, EngineError> {
        // Half of the silence that ends the run is worth a word.
        let quiet_after = self.silence_limit().map(|limit| limit / 2);
        let first = match quiet_after {
            None => self.inbox.recv().map_err(|_| std_mpsc::RecvTimeoutError::Disconnected),
            Some(millis) => self.inbox.recv_timeout(Duration::from_millis(millis.max(100))),
        };
        let first = match first {
            Ok(signal) => signal,
            Err(std_mpsc::RecvTimeoutError::Timeout) => {
                self.runs.tell(Report::Quiet {
                    task: self.order.task,
                    run: self.order.run.clone(),
                    silent_ms: quiet_after.unwrap_or_default(),
                });
                return Ok(Next::Live);
            }
            Err(std_mpsc::RecvTimeoutError::Disconnected) => Signal::Gone,
        };
        // What came meanwhile is dealt with at once: a run that began and ended is one report.
        let (mut started, mut over) = (false, false);
        for signal in
            std::iter::once(first).chain(std::iter::from_fn(|| self.inbox.try_recv().ok()))
        {
            match signal {
                Signal::Rang(What::Started) => started = true,
                Signal::Rang(What::Output) => {}
                Signal::Rang(What::Ended) | Signal::Gone => over = true,
            }
        }
        if over {
            return Ok(match self.live.dir.exit()? {
                Some(exit) => Next::Finished(exit),
                None => match self.look()? {
                    // A held lock after the process is gone: another one took it up. Wait for it.
                    Next::Live => self.adopt()?,
                    next => next,
                },
            });
        }
        if started && let Some(started) = self.live.dir.started()? {
            self.report_started(started.at);
        }
        self.read_along()?;
        self.report_progress();
        Ok(Next::Live)
    }

    /// Reads what the agent has printed since the last time.
    fn read_along(&mut self) -> Result<(), EngineError> {
        let summary = &mut self.summary;
        let grown = self.stdout.read(&self.live.dir.stdout_path(), |lines, bytes| {
            lines.push(bytes, |line| summary.read(&line, false));
        })? + self.stderr.read(&self.live.dir.stderr_path(), |lines, bytes| {
            lines.push(bytes, |line| summary.read(&line, true));
        })?;
        if grown > 0 {
            self.live.last_output_at.store(Timestamp::now().as_millis(), Ordering::Relaxed);
            self.live.output_bytes.fetch_add(grown, Ordering::Relaxed);
            self.live.grown.send_modify(|bytes| *bytes += grown);
        }
        Ok(())
    }

    fn report_started(&mut self, at: Timestamp) {
        if !std::mem::replace(&mut self.reported.started, true) {
            let (task, run) = (self.order.task, self.order.run.clone());
            self.runs.tell(Report::Started { task, run, at });
        }
    }

    fn report_progress(&mut self) {
        if self.reported.at.is_some_and(|at| at.elapsed() < PROGRESS_EVERY) {
            return;
        }
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

    /// After an error on our side: waits for the supervisor to be gone and reads the table; if
    /// even that fails, the run was never begun or is unknown.
    fn settle_after(&mut self, error: &EngineError) -> Next {
        if let Err(error) = self.live.dir.wait_until_free() {
            tracing::warn!(run = %self.order.run, %error, "its lock cannot be read");
        }
        match self.look() {
            Ok(Next::NeverStarted { .. }) => {
                Next::NeverStarted { reason: error.to_string(), disk_full: error.is_passing() }
            }
            Ok(Next::Live) | Err(_) => Next::Lost { started_at: None },
            Ok(next) => next,
        }
    }

    fn report_end(&mut self, next: Next) {
        let (task, run) = (self.order.task, self.order.run.clone());
        let end = match next {
            Next::Live => return,
            Next::NeverStarted { reason, disk_full } => {
                self.runs.tell(Report::NeverStarted { task, run, reason, disk_full });
                return;
            }
            Next::CannotStart { message } => RunEnd::without_output(RunOutcome {
                ended_at: Timestamp::now(),
                verdict: Verdict::Failed { failure: Failure::Spawn { message } },
                exit_code: None,
                exit_signal: None,
            }),
            Next::Lost { started_at } => {
                self.read_to_the_end();
                let verdict = Verdict::Failed { failure: Failure::Lost };
                let outcome = RunOutcome {
                    ended_at: Timestamp::now(),
                    verdict,
                    exit_code: None,
                    exit_signal: None,
                };
                self.end(outcome, started_at)
            }
            Next::Finished(exit) => {
                self.read_to_the_end();
                let verdict = match self.live.dir.spec() {
                    Ok(Some(spec)) => claude_worker_agents::verdict(&self.summary, &exit, &spec),
                    unreadable => {
                        tracing::error!(%run, ?unreadable, "a run's spec cannot be read");
                        Verdict::Failed { failure: Failure::Lost }
                    }
                };
                let (exit_code, exit_signal) = match exit.ending {
                    Ending::Exited { code } => (Some(code), None),
                    Ending::Signalled { signal } => (None, Some(signal)),
                    _ => (None, None),
                };
                let outcome =
                    RunOutcome { ended_at: exit.ended_at, verdict, exit_code, exit_signal };
                self.end(outcome, exit.started_at)
            }
        };
        // From now on its output is counted with that of the finished runs.
        self.live.output_bytes.store(0, Ordering::Relaxed);
        self.runs.tell(Report::Ended { task, run, end: Box::new(end) });
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
        if let Err(error) = self.read_along() {
            tracing::warn!(run = %self.order.run, %error, "its output cannot be read");
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

/// A file that is read as it grows.
struct Tail {
    file: Option<File>,
    lines: Lines,
    offset: u64,
}

impl Default for Tail {
    fn default() -> Self {
        Self { file: None, lines: Lines::new(0), offset: 0 }
    }
}

impl Tail {
    /// Reads what is new; returns how many bytes that were. A file that is not there has none.
    fn read(
        &mut self,
        path: &Path,
        mut each: impl FnMut(&mut Lines, &[u8]),
    ) -> Result<u64, EngineError> {
        let failed = || EngineError::io(format!("cannot read {}", path.display()));
        let file = match &mut self.file {
            Some(file) => file,
            None => match File::open(path) {
                Ok(mut file) => {
                    file.seek(SeekFrom::Start(self.offset)).map_err(failed())?;
                    self.file.insert(file)
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
                Err(error) => return Err(failed()(error)),
            },
        };
        let before = self.offset;
        let mut buffer = [0; 32 * 1024];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(self.offset - before),
                Ok(count) => {
                    self.offset += count as u64;
                    each(&mut self.lines, &buffer[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed()(error)),
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), EngineError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(body)
        .map(drop)
        .map_err(EngineError::io("cannot start a thread"))
}
