//! The app's engine: started, given to whoever asks, and left in order.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode, HostKind, StopMode, TaskApi};
use claude_worker_client::Starter;
use claude_worker_desktop::quit::Leave;
use claude_worker_engine::{Config, Engine, Paths};
use claude_worker_server::{Hosted, NotHandedBack};
use claude_worker_supervisor::{SupervisorCommand, TASK_MARKER};
use tokio::sync::{mpsc, oneshot, watch};

/// How long an engine in the background may take to make room for this one.
const PATIENCE: Duration = Duration::from_secs(15);

/// How the engine stands.
#[derive(Clone)]
pub(crate) enum Status {
    /// It is being started.
    Starting,
    /// It works.
    Up(Engine),
    /// There is none, and why.
    Down(ApiError),
}

/// What the keeper of the engine is told.
enum Order {
    /// Start one, if there is none.
    Start,
    /// Go, in this way; answer when that is done.
    Leave(Departure, oneshot::Sender<Result<(), ApiError>>),
}

/// What comes after an engine.
enum Next {
    /// Nothing: the app has left it.
    Nothing,
    /// Another one, when somebody wants it.
    OnDemand,
    /// Another one, at once, reachable where this one was over TCP.
    Another(Option<SocketAddr>),
}

/// How the engine is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// As a person chose.
    Chosen(Leave),
    /// The session ends: what runs is left to its supervisors.
    Signal,
}

/// The app's engine. Cloning gives another handle.
#[derive(Clone)]
pub(crate) struct Host {
    status: watch::Receiver<Status>,
    orders: mpsc::Sender<Order>,
}

impl Host {
    /// Begins to keep an engine for the directory. It is not there yet when this returns.
    pub(crate) fn begin(paths: Paths, kind: HostKind) -> Self {
        let (telling, status) = watch::channel(Status::Starting);
        let (orders, taken) = mpsc::channel(8);
        tauri::async_runtime::spawn(Keeper { paths, kind, telling }.keep(taken));
        Self { status, orders }
    }

    /// The engine, when it has come up.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn engine(&self) -> Result<Engine, ApiError> {
        let mut status = self.status.clone();
        let known = status.wait_for(|status| !matches!(status, Status::Starting)).await;
        match known.as_deref() {
            Ok(Status::Up(engine)) => Ok(engine.clone()),
            Ok(Status::Down(error)) => Err(error.clone()),
            _ => Err(ApiError::unavailable("The app is being closed")),
        }
    }

    /// How the engine stands, and every change of it.
    pub(crate) fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Starts an engine where there is none, and waits for it.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn start(&self) -> Result<(), ApiError> {
        if matches!(*self.status.borrow(), Status::Down(_)) {
            let mut status = self.status.clone();
            status.mark_unchanged();
            if self.orders.send(Order::Start).await.is_ok() {
                drop(status.changed().await);
            }
        }
        self.engine().await.map(drop)
    }

    /// Leaves the engine. Nothing of it is here any more when this returns well. Whoever calls it
    /// again meanwhile insists: what runs is then no longer waited for.
    ///
    /// # Errors
    /// Why it could not be left like this. Where the queue was to go on in the background, it goes
    /// on here instead.
    pub(crate) async fn leave(&self, departure: Departure) -> Result<(), ApiError> {
        let (answer, answered) = oneshot::channel();
        if self.orders.send(Order::Leave(departure, answer)).await.is_err() {
            return Ok(());
        }
        answered.await.unwrap_or(Ok(()))
    }
}

/// The task that owns the engine.
struct Keeper {
    paths: Paths,
    kind: HostKind,
    telling: watch::Sender<Status>,
}

impl Keeper {
    async fn keep(self, mut orders: mpsc::Receiver<Order>) {
        let mut http = None;
        loop {
            self.telling.send_replace(Status::Starting);
            let started = self.start(http.take()).await;
            let next = match started {
                Ok(hosted) => self.attend(hosted, &mut orders).await,
                Err(error) => {
                    tracing::error!(%error, "there is no engine");
                    self.telling.send_replace(Status::Down(error));
                    Next::OnDemand
                }
            };
            match next {
                Next::Another(address) => http = address,
                Next::OnDemand if wait_for_start(&mut orders).await => {}
                Next::OnDemand | Next::Nothing => return,
            }
        }
    }

    async fn start(&self, http: Option<SocketAddr>) -> Result<Hosted, ApiError> {
        // Whatever is started inside a task is ended with it, and an engine must not be.
        if let Ok(task) = std::env::var(TASK_MARKER) {
            return Err(ApiError::unavailable(format!(
                "The app cannot be started inside task {task}"
            ))
            .hint("Start it from outside"));
        }
        let program = command_line()?;
        let config = Config::load(&self.paths)?;
        let supervisor = SupervisorCommand { program, args: vec!["supervise".to_owned()] };
        let paths = self.paths.clone();
        claude_worker_server::take_over(paths, config, supervisor, http, self.kind, PATIENCE).await
    }

    /// Keeps a started engine until it stops.
    async fn attend(&self, mut hosted: Hosted, orders: &mut mpsc::Receiver<Order>) -> Next {
        let http = hosted.http();
        let mut stopped = hosted.engine().stopped();
        loop {
            self.telling.send_replace(Status::Up(hosted.engine().clone()));
            tokio::select! {
                // Nothing is ever sent: it closes.
                _ = stopped.changed() => {
                    // Told when nothing of it is left, because some then end the process.
                    hosted.ended().await;
                    self.telling.send_replace(Status::Down(
                        ApiError::unavailable("The engine was stopped").hint("Start it again"),
                    ));
                    return Next::OnDemand;
                }
                order = orders.recv() => match order {
                    Some(Order::Start) => {}
                    Some(Order::Leave(departure, answer)) => {
                        if let Err(error) = self.may_leave(departure) {
                            drop(answer.send(Err(error)));
                            continue;
                        }
                        let mode = match departure {
                            Departure::Chosen(Leave::Background) => {
                                match self.hand_back(hosted).await {
                                    Ok(()) => {
                                        drop(answer.send(Ok(())));
                                        return Next::Nothing;
                                    }
                                    Err(NotHandedBack { error, still_here }) => {
                                        drop(answer.send(Err(error)));
                                        let Some(here) = still_here else {
                                            return Next::Another(http);
                                        };
                                        hosted = here;
                                        continue;
                                    }
                                }
                            }
                            Departure::Chosen(Leave::Stop) => StopMode::CancelRunning,
                            Departure::Signal => StopMode::LeaveRunning,
                        };
                        drop(answer.send(self.stop(hosted, mode, orders).await));
                        return Next::Nothing;
                    }
                    None => return Next::Nothing,
                }
            }
        }
    }

    /// What would keep another engine from taking the queue is found out before this one lets go
    /// of it.
    fn may_leave(&self, departure: Departure) -> Result<(), ApiError> {
        if departure == Departure::Chosen(Leave::Background) {
            command_line()?;
            Config::load(&self.paths)?;
        }
        Ok(())
    }

    async fn hand_back(&self, hosted: Hosted) -> Result<(), NotHandedBack> {
        let program = match command_line() {
            Ok(program) => program,
            Err(error) => return Err(NotHandedBack { error, still_here: Some(hosted) }),
        };
        self.closing();
        let mut args = vec!["serve".to_owned()];
        args.extend(hosted.http().into_iter().flat_map(|at| ["--http".to_owned(), at.to_string()]));
        hosted.hand_back(&Starter { program, args, paths: self.paths.clone() }).await
    }

    fn closing(&self) {
        self.telling.send_replace(Status::Down(ApiError::unavailable("The app is being closed")));
    }

    async fn stop(
        &self,
        hosted: Hosted,
        mode: StopMode,
        orders: &mut mpsc::Receiver<Order>,
    ) -> Result<(), ApiError> {
        self.closing();
        let engine = hosted.engine().clone();
        let mut insisting = None;
        let stopped = tokio::select! {
            stopped = engine.stop(mode) => stopped,
            answer = insisted(orders) => {
                insisting = Some(answer);
                // The supervisors of what cannot be ended go on trying.
                engine.stop(StopMode::LeaveRunning).await
            }
        };
        let left = match stopped {
            // It was refused: its end could not be written down, on a full disk say. To leave
            // what runs needs nothing to be written.
            Err(error) if error.code != ErrorCode::Unavailable => {
                engine.stop(StopMode::LeaveRunning).await.and(Err(error))
            }
            stopped => stopped.map(drop),
        };
        hosted.ended().await;
        if let Some(answer) = insisting {
            drop(answer.send(left.clone()));
        }
        left
    }
}

/// Waits until somebody wants the app to be left without further ado.
async fn insisted(orders: &mut mpsc::Receiver<Order>) -> oneshot::Sender<Result<(), ApiError>> {
    loop {
        match orders.recv().await {
            Some(Order::Leave(_, answer)) => return answer,
            Some(Order::Start) => {}
            None => return std::future::pending().await,
        }
    }
}

/// Waits until an engine is wanted again. Says whether one is.
async fn wait_for_start(orders: &mut mpsc::Receiver<Order>) -> bool {
    match orders.recv().await {
        Some(Order::Start) => true,
        Some(Order::Leave(_, answer)) => {
            drop(answer.send(Ok(())));
            false
        }
        None => false,
    }
}

/// The command line's program, which is also the supervisor and the headless engine: beside this
/// one, or else in the PATH.
fn command_line() -> Result<PathBuf, ApiError> {
    const NAME: &str = "claude-worker";
    let beside = std::env::current_exe().ok().map(|app| app.with_file_name(NAME));
    let path = std::env::var_os("PATH").unwrap_or_default();
    beside
        .into_iter()
        .chain(std::env::split_paths(&path).map(|directory| directory.join(NAME)))
        .find(|program| program.is_file())
        .ok_or_else(|| {
            ApiError::unavailable("The program claude-worker is not beside claude-worker-app")
                .hint("Install Claude Worker again")
        })
}
