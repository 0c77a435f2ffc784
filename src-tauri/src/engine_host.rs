//! The engine inside the app: starting it, sharing it, and shutting it down.

use std::path::{Path, PathBuf};
use std::time::Duration;

use claude_worker_api::{
    ApiError, ErrorCode, HostKind, HttpChange, StopMode, TASK_MARKER, TaskApi,
};
use claude_worker_client::{STAND_BY, StandBy, Starter, installed_program};
use claude_worker_desktop::quit::QuitMode;
use claude_worker_engine::{Engine, Paths, settings};
use claude_worker_server::{Hosted, NotHandedBack};
use claude_worker_supervisor::SupervisorCommand;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::Instrument;

/// How long a background engine may take to hand the queue over to this one.
const TAKE_OVER_TIMEOUT: Duration = Duration::from_secs(15);

/// How often a missing program is looked for.
const PROGRAM_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The state of the app's engine.
#[derive(Clone)]
pub(crate) enum EngineStatus {
    /// The engine is starting.
    Starting,
    /// The engine accepts requests.
    Running(Engine),
    /// There is no engine, for this reason.
    Stopped(ApiError),
}

/// A request to the task that owns the engine.
enum Command {
    /// Start an engine, if there is none.
    Start,
    /// Shut the engine down, then send the result.
    ShutDown(Shutdown, oneshot::Sender<Result<(), ApiError>>),
}

/// What follows after an engine has stopped.
enum Next {
    /// The app quits: start no other engine.
    Quit,
    /// Start another engine when the user asks for one.
    WaitForStart,
    /// Start another engine as soon as the program of the command line is installed, or the user asks.
    WaitForProgram,
    /// Start another engine now, which serves HTTP as the one before.
    Restart(Option<HttpChange>),
}

/// What happens to the queue when the app shuts its engine down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shutdown {
    /// An engine in the background takes over the queue.
    HandOver,
    /// Running tasks are cancelled.
    CancelRunning,
    /// Running tasks continue under their supervisors until the next engine adopts them.
    LeaveRunning,
}

impl From<QuitMode> for Shutdown {
    fn from(mode: QuitMode) -> Self {
        match mode {
            QuitMode::Background => Self::HandOver,
            QuitMode::Stop => Self::CancelRunning,
        }
    }
}

/// A handle to the app's engine. Clones share the same engine.
#[derive(Clone)]
pub(crate) struct EngineHost {
    status: watch::Receiver<EngineStatus>,
    commands: mpsc::Sender<Command>,
}

impl EngineHost {
    /// Starts an engine for the data directory in the background. It is not ready yet when this
    /// returns.
    pub(crate) fn start(paths: Paths, kind: HostKind) -> Self {
        let (status_sender, status) = watch::channel(EngineStatus::Starting);
        let (commands, received) = mpsc::channel(8);
        let span = tracing::info_span!("engine_host", ?kind);
        let owner = Owner { paths, kind, status: status_sender, stand_by: None };
        tauri::async_runtime::spawn(owner.run(received).instrument(span));
        Self { status, commands }
    }

    /// The engine, as soon as it is ready.
    ///
    /// # Errors
    /// The reason why there is no engine.
    pub(crate) async fn engine(&self) -> Result<Engine, ApiError> {
        let mut status = self.status.clone();
        let known = status.wait_for(|status| !matches!(status, EngineStatus::Starting)).await;
        match known.as_deref() {
            Ok(EngineStatus::Running(engine)) => Ok(engine.clone()),
            Ok(EngineStatus::Stopped(error)) => Err(error.clone()),
            _ => Err(app_is_closing()),
        }
    }

    /// The engine's status; the receiver is notified of every change.
    pub(crate) fn status(&self) -> watch::Receiver<EngineStatus> {
        self.status.clone()
    }

    /// Starts an engine if there is none, and waits until it is ready.
    ///
    /// # Errors
    /// The reason why there is no engine.
    pub(crate) async fn restart(&self) -> Result<(), ApiError> {
        if matches!(*self.status.borrow(), EngineStatus::Stopped(_)) {
            let mut status = self.status.clone();
            status.mark_unchanged();
            if self.commands.send(Command::Start).await.is_ok() {
                drop(status.changed().await);
            }
        }
        self.engine().await.map(drop)
    }

    /// Shuts the engine down. After `Ok`, this process holds nothing of it any more. A second call
    /// before that forces the shutdown: it no longer waits for running tasks to end.
    ///
    /// # Errors
    /// The reason why it could not be shut down this way. After a failed [`Shutdown::HandOver`]
    /// the engine continues to run here.
    pub(crate) async fn shut_down(&self, shutdown: Shutdown) -> Result<(), ApiError> {
        let (result, received) = oneshot::channel();
        if self.commands.send(Command::ShutDown(shutdown, result)).await.is_err() {
            return Ok(());
        }
        received.await.unwrap_or(Ok(()))
    }
}

fn app_is_closing() -> ApiError {
    ApiError::unavailable("The app is being closed")
}

/// The task that owns the engine.
struct Owner {
    paths: Paths,
    kind: HostKind,
    status: watch::Sender<EngineStatus>,
    /// Continues the queue if this process dies.
    stand_by: Option<StandBy>,
}

impl Owner {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut http = None;
        loop {
            self.status.send_replace(EngineStatus::Starting);
            let next = match self.start(http.take()).await {
                Ok(hosted) => self.serve(hosted, &mut commands).await,
                Err(error) => {
                    tracing::error!(%error, "cannot start the engine");
                    self.status.send_replace(EngineStatus::Stopped(error));
                    match command_line_program() {
                        Ok(_) => Next::WaitForStart,
                        Err(_) => Next::WaitForProgram,
                    }
                }
            };
            match next {
                Next::Restart(address) => http = address,
                Next::WaitForStart if wait_for_start(&mut commands).await => {}
                Next::WaitForProgram if wait_for_program(&mut commands).await => {}
                Next::WaitForStart | Next::WaitForProgram | Next::Quit => return,
            }
        }
    }

    async fn start(&mut self, http: Option<HttpChange>) -> Result<Hosted, ApiError> {
        // A process that is started inside a task ends with the task; an engine must not.
        if let Ok(task) = std::env::var(TASK_MARKER) {
            return Err(ApiError::unavailable(format!(
                "The app cannot be started inside task {task}"
            ))
            .hint("Start it from outside"));
        }
        let program = command_line_program()?;
        let config = settings::load(&self.paths)?;
        // Before the background engine stops.
        self.start_stand_by(&program);
        let supervisor = SupervisorCommand { program, args: vec!["supervise".to_owned()] };
        let paths = self.paths.clone();
        let started = claude_worker_server::take_over(
            paths,
            config,
            supervisor,
            http,
            self.kind,
            TAKE_OVER_TIMEOUT,
        )
        .await;
        match &started {
            Ok(_) => tracing::info!("the app runs the engine"),
            Err(_) => self.dismiss_stand_by(),
        }
        started
    }

    /// Starts the process that continues the queue if the app dies. The libraries of a window end the
    /// whole process on some errors. An engine without a window has no such libraries.
    fn start_stand_by(&mut self, program: &Path) {
        self.dismiss_stand_by();
        if self.kind != HostKind::App {
            return;
        }
        let starter = Starter {
            program: program.to_owned(),
            args: vec![STAND_BY.to_owned()],
            paths: self.paths.clone(),
        };
        match StandBy::start(&starter) {
            Ok(stand_by) => self.stand_by = Some(stand_by),
            Err(error) => {
                tracing::warn!(%error, "nothing continues the queue if the app dies");
            }
        }
    }

    fn dismiss_stand_by(&mut self) {
        if let Some(stand_by) = self.stand_by.take() {
            stand_by.dismiss();
        }
    }

    /// Runs a started engine until it stops.
    async fn serve(&mut self, mut hosted: Hosted, commands: &mut mpsc::Receiver<Command>) -> Next {
        let mut stopped = hosted.engine().stopped();
        loop {
            self.status.send_replace(EngineStatus::Running(hosted.engine().clone()));
            let command = tokio::select! {
                // The channel carries no value: it closes when the engine stops.
                _ = stopped.changed() => {
                    // Report it only after the shutdown is complete: a receiver may end the
                    // process.
                    hosted.ended().await;
                    self.dismiss_stand_by();
                    self.status.send_replace(EngineStatus::Stopped(
                        ApiError::unavailable("The engine was stopped").hint("Start it again"),
                    ));
                    return Next::WaitForStart;
                }
                command = commands.recv() => command,
            };
            let (shutdown, result) = match command {
                Some(Command::ShutDown(shutdown, result)) => (shutdown, result),
                Some(Command::Start) => continue,
                None => return Next::Quit,
            };
            let mode = match shutdown {
                Shutdown::CancelRunning => StopMode::CancelRunning,
                Shutdown::LeaveRunning => StopMode::LeaveRunning,
                Shutdown::HandOver => {
                    let http = hosted.http().change;
                    match self.hand_over(hosted).await {
                        Ok(()) => {
                            self.dismiss_stand_by();
                            drop(result.send(Ok(())));
                            return Next::Quit;
                        }
                        Err(NotHandedBack { error, still_here }) => {
                            tracing::warn!(%error, "no background engine took over the queue");
                            drop(result.send(Err(error)));
                            let Some(here) = still_here else { return Next::Restart(http) };
                            hosted = here;
                            continue;
                        }
                    }
                }
            };
            drop(result.send(self.stop(hosted, mode, commands).await));
            return Next::Quit;
        }
    }

    async fn hand_over(&self, hosted: Hosted) -> Result<(), NotHandedBack> {
        // Check what could keep another engine from starting before this one stops.
        let checked =
            command_line_program().and_then(|program| settings::load(&self.paths).map(|_| program));
        let program = match checked {
            Ok(program) => program,
            Err(error) => return Err(NotHandedBack { error, still_here: Some(hosted) }),
        };
        self.set_closing();
        let args = hosted.serve_arguments();
        hosted.hand_back(&Starter { program, args, paths: self.paths.clone() }).await?;
        tracing::info!("a background engine took over the queue");
        Ok(())
    }

    fn set_closing(&self) {
        self.status.send_replace(EngineStatus::Stopped(app_is_closing()));
    }

    async fn stop(
        &mut self,
        hosted: Hosted,
        mode: StopMode,
        commands: &mut mpsc::Receiver<Command>,
    ) -> Result<(), ApiError> {
        self.dismiss_stand_by();
        self.set_closing();
        let engine = hosted.engine().clone();
        let mut forced = None;
        let stopped = tokio::select! {
            stopped = engine.stop(mode.into()) => stopped,
            result = wait_for_shut_down(commands) => {
                forced = Some(result);
                // Supervisors continue to end processes that do not react.
                engine.stop(StopMode::LeaveRunning.into()).await
            }
        };
        let outcome = match stopped {
            // It is stopping already.
            Err(error) if error.code == ErrorCode::Unavailable => Ok(()),
            // The cancellations could not be stored, for example on a full disk. Leaving tasks
            // running needs no write.
            Err(error) => engine.stop(StopMode::LeaveRunning.into()).await.and(Err(error)),
            Ok(_) => Ok(()),
        };
        hosted.ended().await;
        if let Some(result) = forced {
            drop(result.send(outcome.clone()));
        }
        tracing::info!(?mode, "the app's engine has stopped");
        outcome
    }
}

/// Waits for another request to shut down, which forces the shutdown that is in progress.
async fn wait_for_shut_down(
    commands: &mut mpsc::Receiver<Command>,
) -> oneshot::Sender<Result<(), ApiError>> {
    loop {
        match commands.recv().await {
            Some(Command::ShutDown(_, result)) => return result,
            Some(Command::Start) => {}
            None => return std::future::pending().await,
        }
    }
}

/// Waits for a command while there is no engine. Returns whether to start one.
async fn wait_for_start(commands: &mut mpsc::Receiver<Command>) -> bool {
    match commands.recv().await {
        Some(Command::Start) => true,
        Some(Command::ShutDown(_, result)) => {
            drop(result.send(Ok(())));
            false
        }
        None => false,
    }
}

/// As [`wait_for_start`], and also ends when the program of the command line is installed.
async fn wait_for_program(commands: &mut mpsc::Receiver<Command>) -> bool {
    let is_installed = async {
        while command_line_program().is_err() {
            tokio::time::sleep(PROGRAM_CHECK_INTERVAL).await;
        }
    };
    tokio::select! {
        is_asked = wait_for_start(commands) => is_asked,
        () = is_installed => true,
    }
}

/// The `claude-worker` program, which is also the supervisor and the headless engine: next to the
/// app's program, or else in `PATH`.
fn command_line_program() -> Result<PathBuf, ApiError> {
    installed_program("claude-worker").ok_or_else(|| {
        ApiError::unavailable("The program claude-worker is not beside claude-worker-app")
            .hint("Install Claude Worker again")
    })
}
