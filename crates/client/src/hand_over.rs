//! One engine after another: the app takes over from a headless one, and hands back.
//!
//! Between the end of one engine and the beginning of the next there is a moment without any. A
//! client that comes just then would start a headless engine, and the one that was meant to come
//! would find the directory taken. So whoever is about to bring the next engine *announces* it:
//! it holds the lock `engine.next` meanwhile. Clients that see it held wait instead of starting
//! one, and the engine that is asked to make room leaves no farewell. It is a lock and not a mere file,
//! so that the announcement of a process that was killed is gone with it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use claude_worker_api::{ApiError, EngineInfo, ErrorCode, HostKind, StopMode, TaskApi};
use claude_worker_engine::{Claim, Config, EngineError, Paths};
use claude_worker_supervisor::{SupervisorCommand, fault_point};
use tokio::time::Instant;

use crate::host::{Hosted, open};
use crate::lock::LockHolder;
use crate::{Address, EngineClient, Starter};

/// The places at which tests let a program die that takes over or hands back, in the order in
/// which it passes them.
pub const HAND_OVER_FAULT_POINTS: &[&str] = &[
    "take_over.announced",
    "take_over.asked",
    "take_over.claimed",
    "hand_back.announced",
    "hand_back.stopped",
    "hand_back.started",
];

/// The pauses between two looks at a lock: they double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// How long another program may take that takes over or hands back just now.
const OTHERS: Duration = Duration::from_secs(15);
/// How long an engine whose socket is not there may take to make one.
const SOCKET_AGAIN: Duration = Duration::from_secs(3);
/// How long an engine may take to say who it is.
const WHO: Duration = Duration::from_secs(5);

/// The word that the next engine is on its way. It holds while this lives, and no longer than
/// the process.
struct Announcement {
    _lock: File,
}

/// The place of the announcement, beside the lock and with the same prefix.
fn place(paths: &Paths) -> PathBuf {
    paths.lock.with_extension("next")
}

/// Whether some process is just bringing the next engine.
pub(crate) fn under_way(paths: &Paths) -> bool {
    matches!(LockHolder::of(&place(paths)), Ok(LockHolder::Engine(_)))
}

/// What a client that finds nobody does about engines that are on their way.
#[derive(Default)]
pub(crate) struct Coming {
    /// Until when it waits, once it does.
    deadline: Option<Instant>,
    pause: Duration,
    looked_again: bool,
}

impl Coming {
    /// Whether to try again because the next engine is on its way; returns after a pause then.
    pub(crate) async fn worth_waiting(&mut self, paths: Option<&Paths>) -> bool {
        let Some(paths) = paths else { return false };
        if under_way(paths) {
            let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + OTHERS);
            self.pause = self.pause.max(FIRST_PAUSE);
            wait(&mut self.pause).await;
            return Instant::now() < deadline;
        }
        if !matches!(LockHolder::of(&paths.lock), Ok(LockHolder::Engine(_))) {
            return false;
        }
        // It may have come just after we found nobody; or its socket was removed, and it makes
        // another one within a second.
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + SOCKET_AGAIN);
        if std::mem::replace(&mut self.looked_again, true) {
            self.pause = self.pause.max(FIRST_PAUSE);
            wait(&mut self.pause).await;
        }
        Instant::now() < deadline
    }
}

impl Announcement {
    /// Announces an engine, after those of others.
    async fn make(paths: &Paths, deadline: Instant) -> Result<Self, ApiError> {
        let place = place(paths);
        let failed = |error: std::io::Error| {
            ApiError::invalid(format!("Cannot use {}: {error}", place.display()))
                .hint("Check the directory and its permissions, or set CLAUDE_WORKER_HOME")
        };
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&place)
            .map_err(failed)?;
        let mut pause = FIRST_PAUSE;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    wait(&mut pause).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(ApiError::new(
                        ErrorCode::Locked,
                        "Another process is just taking this data directory over",
                    )
                    .hint(format!("{} holds its process number", place.display())));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        // For people only, and not worth failing for.
        drop(lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())));
        Ok(Self { _lock: lock })
    }
}

async fn wait(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(LONGEST_PAUSE);
}

/// Starts an engine in this process and serves it, as [`host`](crate::host) does, also where a
/// headless engine has the data directory: that one is asked to stop, and what it left running is
/// adopted. Clients wait meanwhile, those in the middle of something too. Where `http` is none
/// and the headless engine was reachable over TCP, this one is at the same address.
///
/// `patience` is how long the other engine may take to let go.
///
/// # Errors
/// `locked` when an app has the directory already, or does not stop taking it over;
/// `unavailable` when the headless engine does not let go in time; and as `host`.
pub async fn take_over(
    paths: Paths,
    config: Config,
    supervisor: SupervisorCommand,
    http: Option<SocketAddr>,
    kind: HostKind,
    patience: Duration,
) -> Result<Hosted, ApiError> {
    paths.create()?;
    let deadline = Instant::now() + patience;
    let _announcement = Announcement::make(&paths, deadline).await?;
    fault_point("take_over.announced");
    let (claim, before) = claim(&paths, deadline).await?;
    fault_point("take_over.claimed");
    let kept = before.and_then(|info| address_of(&info)).filter(|_| http.is_none());
    if let Some(address) = kept {
        match open(claim, config.clone(), supervisor.clone(), Some(address), kind).await {
            Err(error) if error.code == ErrorCode::InvalidRequest => {
                tracing::warn!(%error, "this engine is not at its predecessor's address");
                let claim = Claim::take(paths).map_err(ApiError::from)?;
                open(claim, config, supervisor, None, kind).await
            }
            opened => opened,
        }
    } else {
        open(claim, config, supervisor, http, kind).await
    }
}

/// Takes possession of the directory, from a headless engine if need be. Gives who that was.
async fn claim(paths: &Paths, deadline: Instant) -> Result<(Claim, Option<EngineInfo>), ApiError> {
    let mut pause = FIRST_PAUSE;
    let mut asked: Option<EngineInfo> = None;
    loop {
        match LockHolder::of(&paths.lock) {
            Ok(LockHolder::Nobody) => match Claim::take(paths.clone()) {
                Ok(claim) => return Ok((claim, asked)),
                // Somebody was quicker: a client that had begun to start one before we announced.
                Err(EngineError::Locked(_)) => {}
                Err(error) => return Err(error.into()),
            },
            // Once it has been asked it is only waited for.
            Ok(LockHolder::Engine(pid)) if pid.is_some_and(|pid| is(&asked, pid)) => {}
            Ok(LockHolder::Engine(_)) => {
                if let Some(info) = ask_to_stop(paths, deadline).await? {
                    fault_point("take_over.asked");
                    asked = Some(info);
                    pause = FIRST_PAUSE;
                }
            }
            Err(error) => {
                return Err(ApiError::internal(format!(
                    "Cannot look at {}: {error}",
                    paths.lock.display()
                )));
            }
        }
        if Instant::now() >= deadline {
            return Err(does_not_let_go(&paths.lock));
        }
        wait(&mut pause).await;
    }
}

fn is(asked: &Option<EngineInfo>, pid: u32) -> bool {
    asked.as_ref().is_some_and(|info| info.pid == pid)
}

fn does_not_let_go(lock: &Path) -> ApiError {
    ApiError::unavailable("The engine that runs already does not let go of the data directory")
        .hint(format!(
            "{} holds its process number; end that process, and try again",
            lock.display()
        ))
}

/// Asks the engine that is there to stop and leave what runs running. None when it does not
/// answer: it is coming up, or about to go.
async fn ask_to_stop(paths: &Paths, deadline: Instant) -> Result<Option<EngineInfo>, ApiError> {
    let client = EngineClient::new(Address::Socket(paths.socket.clone()));
    let Ok(info) = tokio::time::timeout(WHO, client.engine()).await else { return Ok(None) };
    let info = match info {
        Ok(info) if info.host == HostKind::App => {
            return Err(ApiError::new(
                ErrorCode::Locked,
                format!("The app runs already, as process {}", info.pid),
            )
            .hint("Use its window, or quit it first"));
        }
        Ok(info) => info,
        Err(error) if error.code == ErrorCode::Unavailable => return Ok(None),
        Err(error) => return Err(error),
    };
    let stopped = client.stop(StopMode::HandOver);
    match tokio::time::timeout_at(deadline, stopped).await {
        Ok(Ok(_)) => Ok(Some(info)),
        // Somebody else has told it so, or it was killed.
        Ok(Err(error)) if error.code == ErrorCode::Unavailable => Ok(None),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(does_not_let_go(&paths.lock)),
    }
}

fn address_of(info: &EngineInfo) -> Option<SocketAddr> {
    info.http.as_deref()?.strip_prefix("http://")?.parse().ok()
}

/// Why no other engine took the queue.
#[derive(Debug)]
pub struct NotHandedBack {
    /// What went wrong.
    pub error: ApiError,
    /// The engine that was to go, if it is still there: nothing has changed then. Without it
    /// nothing is lost either, and the next command starts an engine as ever.
    pub still_here: Option<Hosted>,
}

impl From<NotHandedBack> for ApiError {
    fn from(failed: NotHandedBack) -> Self {
        failed.error
    }
}

impl Hosted {
    /// Stops the engine, leaving what runs running, and starts a headless one in the background
    /// in its place. Returns when that one answers. Clients wait meanwhile. For the new one to be
    /// found over TCP too, the starter's arguments must name [`Hosted::http`].
    ///
    /// # Errors
    /// What keeps this engine from going, or the other one from starting.
    pub async fn hand_back(self, starter: &Starter) -> Result<(), NotHandedBack> {
        let paths = starter.paths.clone();
        let _announcement = match Announcement::make(&paths, Instant::now() + OTHERS).await {
            Ok(announcement) => announcement,
            Err(error) => return Err(NotHandedBack { error, still_here: Some(self) }),
        };
        fault_point("hand_back.announced");
        match self.engine().stop(StopMode::HandOver).await {
            // Somebody else has told it so.
            Err(error) if error.code == ErrorCode::Unavailable => {}
            Err(error) => return Err(NotHandedBack { error, still_here: Some(self) }),
            Ok(_) => {}
        }
        self.ended().await;
        fault_point("hand_back.stopped");
        let address = Address::Socket(paths.socket);
        let started = starter.start_announced(&address).await;
        started.map_err(|error| NotHandedBack { error, still_here: None })?;
        fault_point("hand_back.started");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn supervisor() -> SupervisorCommand {
        SupervisorCommand { program: "/bin/false".into(), args: Vec::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_neither_answers_nor_lets_go_is_not_waited_for_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let held = File::create(&paths.lock).unwrap();
        held.try_lock().unwrap();
        let begin = Instant::now();
        let patience = Duration::from_secs(5);
        let config = Config::default();
        let taken =
            take_over(paths.clone(), config, supervisor(), None, HostKind::App, patience).await;
        let error = taken.err().unwrap();
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(error.hint.contains("engine.lock"), "{error}");
        assert!(begin.elapsed() < patience * 2);
        assert!(!under_way(&paths), "the announcement is gone with it");
    }

    #[tokio::test(start_paused = true)]
    async fn while_an_engine_is_announced_nobody_starts_another() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let starter = testing::starter(&paths, "echo started >> \"$0\"; echo '{}'");
        let client = EngineClient::from_env(&paths, Some(starter)).unwrap();
        let announcement = Announcement::make(&paths, Instant::now()).await.unwrap();
        let second = Announcement::make(&paths, Instant::now() + OTHERS).await;
        assert_eq!(second.err().unwrap().code, ErrorCode::Locked);
        let begin = Instant::now();
        client.engine().await.unwrap_err();
        assert!(begin.elapsed() >= OTHERS);
        assert_eq!(testing::starts(&paths), 0);
        drop(announcement);
        // From here on a real process is waited for.
        tokio::time::resume();
        client.engine().await.unwrap_err();
        assert!(testing::starts(&paths) > 0);
    }
}
