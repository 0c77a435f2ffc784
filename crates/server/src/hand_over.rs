//! The hand-over: the app takes over from a headless engine, and later hands back to one.
//!
//! The app holds an [`Announcement`] during both, so that clients wait for the next engine instead of
//! starting one. The engine that is asked to hand over leaves no stop marker.

use std::path::Path;
use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode, HostKind, HttpChange, Settings, StopMode, TaskApi};
use claude_worker_client::{Address, Announcement, EngineClient, LockHolder, Starter};
use claude_worker_engine::{Claim, EngineError, Paths};
use claude_worker_supervisor::{SupervisorCommand, fault_point};
use tokio::time::Instant;

use crate::host::{Hosted, open};
use crate::http_start::HttpStart;

/// The fault points at which tests kill a program that takes over or hands back, in the order in
/// which it reaches them.
pub const HAND_OVER_FAULT_POINTS: &[&str] = &[
    "take_over.announced",
    "take_over.asked",
    "take_over.claimed",
    "hand_back.announced",
    "hand_back.stopped",
    "hand_back.started",
];

/// The pauses between two checks of a lock: they double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// How long another program may take to start the engine that it has announced.
const ANNOUNCED_ENGINE_WITHIN: Duration = Duration::from_secs(15);
/// How long an engine may take to answer which engine it is.
const INFO_WITHIN: Duration = Duration::from_secs(5);

/// Starts an engine in this process and serves it, like [`host`](crate::host()). If a headless engine
/// has the data directory, it is asked to stop, and this engine adopts its running tasks. Clients wait
/// meanwhile, also those with open requests. If `http` is none and the headless engine served HTTP
/// otherwise than the settings say, this engine does the same.
///
/// `patience` is how long the other engine may take to release the directory.
///
/// # Errors
/// `locked` when an app already has the directory, or another program is taking it over;
/// `unavailable` when the headless engine does not release it in time; and as `host`.
pub async fn take_over(
    paths: Paths,
    config: Settings,
    supervisor: SupervisorCommand,
    http: Option<HttpChange>,
    kind: HostKind,
    patience: Duration,
) -> Result<Hosted, ApiError> {
    paths.create()?;
    let deadline = Instant::now() + patience;
    let _announcement = Announcement::make(&paths, deadline).await?;
    fault_point("take_over.announced");
    let (claim, before) = claim(&paths, deadline).await?;
    fault_point("take_over.claimed");
    let kept = before.and_then(|before| before.http).filter(|_| http.is_none());
    if let Some(kept) = kept {
        match open(claim, config.clone(), supervisor.clone(), HttpStart::Change(kept), kind).await {
            Err(error) if error.code == ErrorCode::InvalidRequest => {
                tracing::warn!(%error, "this engine does not serve HTTP as its predecessor did");
                let claim = Claim::take(paths).map_err(ApiError::from)?;
                open(claim, config, supervisor, HttpStart::Settings, kind).await
            }
            opened => opened,
        }
    } else {
        open(claim, config, supervisor, http.into(), kind).await
    }
}

async fn wait(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(LONGEST_PAUSE);
}

/// The engine that had the directory before.
struct Predecessor {
    pid: u32,
    /// How it served HTTP otherwise than the settings say.
    http: Option<HttpChange>,
}

/// Claims the directory, from a headless engine if there is one. Returns which one that was.
async fn claim(paths: &Paths, deadline: Instant) -> Result<(Claim, Option<Predecessor>), ApiError> {
    let mut pause = FIRST_PAUSE;
    let mut asked: Option<Predecessor> = None;
    loop {
        match LockHolder::of(&paths.lock) {
            Ok(LockHolder::Free) => match Claim::take(paths.clone()) {
                Ok(claim) => return Ok((claim, asked)),
                // A client had begun to start an engine before the announcement.
                Err(EngineError::Locked(_)) => {}
                Err(error) => return Err(error.into()),
            },
            // This engine has already been asked to stop: only wait.
            Ok(LockHolder::Engine(pid)) if pid.is_some_and(|pid| is_process(&asked, pid)) => {}
            Ok(LockHolder::Engine(_)) => {
                if let Some(predecessor) = ask_to_stop(paths, deadline).await? {
                    fault_point("take_over.asked");
                    asked = Some(predecessor);
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
            return Err(does_not_release(&paths.lock));
        }
        wait(&mut pause).await;
    }
}

fn is_process(asked: &Option<Predecessor>, pid: u32) -> bool {
    asked.as_ref().is_some_and(|predecessor| predecessor.pid == pid)
}

fn does_not_release(lock: &Path) -> ApiError {
    ApiError::unavailable("The running engine does not release the data directory").hint(format!(
        "{} holds its process number; end that process, and try again",
        lock.display()
    ))
}

/// Asks the running engine to stop and to leave tasks running. None when it does not answer because
/// it is starting or stopping.
async fn ask_to_stop(paths: &Paths, deadline: Instant) -> Result<Option<Predecessor>, ApiError> {
    let client = EngineClient::new(Address::Socket(paths.socket.clone()));
    let Ok(info) = tokio::time::timeout(INFO_WITHIN, client.engine()).await else {
        return Ok(None);
    };
    let info = match info {
        Ok(info) if info.host == HostKind::App => {
            return Err(ApiError::new(
                ErrorCode::Locked,
                format!("The app is already running, as process {}", info.pid),
            )
            .hint("Use its window, or quit it first"));
        }
        Ok(info) => info,
        Err(error) if error.code == ErrorCode::Unavailable => return Ok(None),
        Err(error) => return Err(error),
    };
    let http = match tokio::time::timeout(INFO_WITHIN, client.http()).await {
        Ok(Ok(state)) => state.change,
        // An earlier version knows only an address.
        _ => info.http.as_deref().and_then(|url| url.strip_prefix("http://")).map(HttpChange::at),
    };
    let stopped = client.stop(StopMode::HandOver.into());
    match tokio::time::timeout_at(deadline, stopped).await {
        Ok(Ok(_)) => Ok(Some(Predecessor { pid: info.pid, http })),
        // Another program has told it to stop, or it was killed.
        Ok(Err(error)) if error.code == ErrorCode::Unavailable => Ok(None),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(does_not_release(&paths.lock)),
    }
}

/// The error of [`Hosted::hand_back`]: no other engine took over the queue.
#[derive(Debug)]
pub struct NotHandedBack {
    /// What went wrong.
    pub error: ApiError,
    /// The engine, if it is still running: then nothing has changed. If it is not, no task is lost,
    /// and the next command starts an engine.
    pub still_here: Option<Hosted>,
}

impl From<NotHandedBack> for ApiError {
    fn from(failed: NotHandedBack) -> Self {
        failed.error
    }
}

impl Hosted {
    /// Stops the engine, leaving tasks running, and starts a headless engine in the background.
    /// Returns when the new engine answers. Clients wait meanwhile. To serve HTTP as this engine does, the
    /// starter's arguments must be [`Hosted::serve_arguments`].
    ///
    /// # Errors
    /// When this engine cannot stop, or the new one cannot start.
    pub async fn hand_back(self, starter: &Starter) -> Result<(), NotHandedBack> {
        let paths = starter.paths.clone();
        let _announcement =
            match Announcement::make(&paths, Instant::now() + ANNOUNCED_ENGINE_WITHIN).await {
                Ok(announcement) => announcement,
                Err(error) => return Err(NotHandedBack { error, still_here: Some(self) }),
            };
        fault_point("hand_back.announced");
        match self.engine().stop(StopMode::HandOver.into()).await {
            // Another program has told it to stop.
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
    async fn the_wait_for_an_engine_that_does_not_release_the_directory_ends() {
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
        assert!(!next_engine_is_announced(&paths), "the announcement ends with the attempt");
    }
}
