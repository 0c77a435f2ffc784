//! The announcement that the next engine is about to start.
//!
//! Between the end of one engine and the start of the next there is a moment without an engine. A
//! client that sends a request at that moment would start a headless engine, and the program that is
//! about to start its own would find the data directory locked. So that program first *announces* its
//! engine: it holds the lock file `engine.next` until the engine runs. Clients that find this lock
//! held wait instead of starting an engine. The kernel frees the lock when the announcing process is
//! killed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::PathBuf;

use claude_worker_api::{ApiError, ErrorCode};
use claude_worker_os::files::private;
use claude_worker_os::lock::LockHolder;
use claude_worker_paths::Paths;
use tokio::time::Instant;

use crate::retry::{ANNOUNCED_ENGINE_WITHIN, EXPECTED_ENGINE_PAUSES, Pauses, SOCKET_WITHIN};

/// Announces the next engine for as long as this value lives, and no longer than its process.
#[derive(Debug)]
pub struct Announcement {
    _lock: File,
}

/// The lock file of the announcement, next to the engine's lock and with the same prefix.
fn lock_file(paths: &Paths) -> PathBuf {
    paths.lock.with_extension("next")
}

/// Whether a process has announced the next engine of this data directory.
#[must_use]
pub fn next_engine_is_announced(paths: &Paths) -> bool {
    matches!(LockHolder::of(&lock_file(paths)), Ok(LockHolder::Engine(_)))
}

/// The state of a client that found no engine and waits for one that is about to start.
pub(crate) struct WaitForNextEngine {
    /// Set when the wait begins.
    deadline: Option<Instant>,
    pauses: Pauses,
    has_retried: bool,
}

impl WaitForNextEngine {
    pub(crate) const fn new() -> Self {
        Self { deadline: None, pauses: EXPECTED_ENGINE_PAUSES, has_retried: false }
    }

    /// Whether an engine is expected soon, so that the client should try again. If so, it returns
    /// after a pause.
    pub(crate) async fn wait_if_expected(&mut self, paths: Option<&Paths>) -> bool {
        let Some(paths) = paths else { return false };
        if next_engine_is_announced(paths) {
            let deadline =
                *self.deadline.get_or_insert_with(|| Instant::now() + ANNOUNCED_ENGINE_WITHIN);
            self.pauses.wait().await;
            return Instant::now() < deadline;
        }
        if !matches!(LockHolder::of(&paths.lock), Ok(LockHolder::Engine(_))) {
            return false;
        }
        // The engine may have started just after the failed request, or its socket was removed and
        // it creates a new one within a second.
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + SOCKET_WITHIN);
        if std::mem::replace(&mut self.has_retried, true) {
            self.pauses.wait().await;
        }
        Instant::now() < deadline
    }
}

impl Announcement {
    /// Announces an engine, after waiting until no other process announces one.
    ///
    /// # Errors
    /// `locked` when another process still announces one at `deadline`; `invalid_request` when the
    /// lock file cannot be used.
    pub async fn make(paths: &Paths, deadline: Instant) -> Result<Self, ApiError> {
        let place = lock_file(paths);
        let failed = |error: std::io::Error| {
            ApiError::invalid(format!("Cannot use {}: {error}", place.display()))
                .hint("Check the directory and its permissions, or set CLAUDE_WORKER_HOME")
        };
        let mut lock = private(OpenOptions::new().create(true).truncate(false).write(true))
            .open(&place)
            .map_err(failed)?;
        let mut pauses = EXPECTED_ENGINE_PAUSES;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    pauses.wait().await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(ApiError::new(
                        ErrorCode::Locked,
                        "Another process is about to start an engine for this data directory",
                    )
                    .hint(format!("{} holds its process number", place.display())));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        // The process id is only information for people, so an error does not matter.
        drop(lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())));
        Ok(Self { _lock: lock })
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::TaskApi;

    use super::*;
    use crate::{EngineClient, test_starter};

    #[tokio::test(start_paused = true)]
    async fn no_client_starts_an_engine_while_another_is_announced() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let starter = test_starter::starter(&paths, "echo started >> \"$0\"; echo '{}'");
        let client = EngineClient::from_env(&paths, Some(starter)).unwrap();
        let announcement = Announcement::make(&paths, Instant::now()).await.unwrap();
        let second = Announcement::make(&paths, Instant::now() + ANNOUNCED_ENGINE_WITHIN).await;
        assert_eq!(second.err().unwrap().code, ErrorCode::Locked);
        let begin = Instant::now();
        client.engine().await.unwrap_err();
        assert!(begin.elapsed() >= ANNOUNCED_ENGINE_WITHIN);
        assert_eq!(test_starter::starts(&paths), 0);
        drop(announcement);
        // From here on the test waits for a real process.
        tokio::time::resume();
        client.engine().await.unwrap_err();
        assert!(test_starter::starts(&paths) > 0);
    }
}
