//! One engine after another: the app takes over from a headless one, and hands back.
//!
//! Both hold an [`Announcement`] meanwhile, so that clients wait for the next engine instead of
//! starting one. The engine that is asked to make room leaves no stop marker.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use claude_worker_api::{ApiError, EngineInfo, ErrorCode, HostKind, Settings, StopMode, TaskApi};
use claude_worker_client::{Address, Announcement, EngineClient, LockHolder, Starter};
use claude_worker_engine::{Claim, EngineError, Paths};
use claude_worker_supervisor::{SupervisorCommand, fault_point};
use tokio::time::Instant;

use crate::host::{Hosted, open};

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
/// How long another program may take that takes over or hands back at the same time.
const OTHERS: Duration = Duration::from_secs(15);
/// How long an engine may take to say who it is.
const WHO: Duration = Duration::from_secs(5);

/// Starts an engine in this process and serves it, as [`host`](crate::host()) does, also where a
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
    config: Settings,
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

async fn wait(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(LONGEST_PAUSE);
}

/// Takes possession of the directory, from a headless engine if need be. Gives who that was.
async fn claim(paths: &Paths, deadline: Instant) -> Result<(Claim, Option<EngineInfo>), ApiError> {
    let mut pause = FIRST_PAUSE;
    let mut asked: Option<EngineInfo> = None;
    loop {
        match LockHolder::of(&paths.lock) {
            Ok(LockHolder::Free) => match Claim::take(paths.clone()) {
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
    let stopped = client.stop(StopMode::HandOver.into());
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
        match self.engine().stop(StopMode::HandOver.into()).await {
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
    use std::fs::File;

    use claude_worker_client::next_engine_is_announced;

    use super::*;

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
        let config = Settings::default();
        let taken =
            take_over(paths.clone(), config, supervisor(), None, HostKind::App, patience).await;
        let error = taken.err().unwrap();
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(error.hint.contains("engine.lock"), "{error}");
        assert!(begin.elapsed() < patience * 2);
        assert!(!next_engine_is_announced(&paths), "the announcement is gone with it");
    }
}
