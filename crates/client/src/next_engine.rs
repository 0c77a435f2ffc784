//! The announcement that the next engine is on its way.
//!
//! Between the end of one engine and the start of the next there is a moment without any. A client
//! that comes at that moment would start a headless engine, and the program that is about to start
//! its own would find the data directory locked. So that program *announces* its engine first: it
//! holds the lock file `engine.next` meanwhile. Clients that find this lock held wait instead of
//! starting an engine. The kernel frees the lock when the announcing process is killed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode};
use claude_worker_engine::Paths;
use claude_worker_os::files::private;
use claude_worker_os::lock::LockHolder;
use tokio::time::Instant;

/// The pauses between two looks at a lock: they double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// How long another program may take that takes over or hands back just now.
const OTHERS: Duration = Duration::from_secs(15);
/// How long an engine whose socket is not there may take to make one.
const SOCKET_AGAIN: Duration = Duration::from_secs(3);

/// Announces the next engine for as long as this value lives, and no longer than its process.
#[derive(Debug)]
pub struct Announcement {
    _lock: File,
}

/// The place of the announcement, beside the lock and with the same prefix.
fn place(paths: &Paths) -> PathBuf {
    paths.lock.with_extension("next")
}

/// Whether a process has announced the next engine of this data directory.
#[must_use]
pub fn next_engine_is_announced(paths: &Paths) -> bool {
    matches!(LockHolder::of(&place(paths)), Ok(LockHolder::Engine(_)))
}

/// How a client that finds no engine waits for one that is on its way.
#[derive(Default)]
pub(crate) struct WaitForNextEngine {
    /// Set when the wait begins.
    deadline: Option<Instant>,
    pause: Duration,
    looked_again: bool,
}

impl WaitForNextEngine {
    /// Whether to try again because the next engine is on its way; returns after a pause then.
    pub(crate) async fn worth_waiting(&mut self, paths: Option<&Paths>) -> bool {
        let Some(paths) = paths else { return false };
        if next_engine_is_announced(paths) {
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
    /// Announces an engine, when no other process announces one any more.
    ///
    /// # Errors
    /// `locked` when another process still does at `deadline`; `invalid_request` when the lock file
    /// cannot be used.
    pub async fn make(paths: &Paths, deadline: Instant) -> Result<Self, ApiError> {
        let place = place(paths);
        let failed = |error: std::io::Error| {
            ApiError::invalid(format!("Cannot use {}: {error}", place.display()))
                .hint("Check the directory and its permissions, or set CLAUDE_WORKER_HOME")
        };
        let mut lock = private(OpenOptions::new().create(true).truncate(false).write(true))
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

#[cfg(test)]
mod tests {
    use claude_worker_api::TaskApi;

    use super::*;
    use crate::{EngineClient, test_starter};

    #[tokio::test(start_paused = true)]
    async fn while_an_engine_is_announced_no_client_starts_another() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let starter = test_starter::starter(&paths, "echo started >> \"$0\"; echo '{}'");
        let client = EngineClient::from_env(&paths, Some(starter)).unwrap();
        let announcement = Announcement::make(&paths, Instant::now()).await.unwrap();
        let second = Announcement::make(&paths, Instant::now() + OTHERS).await;
        assert_eq!(second.err().unwrap().code, ErrorCode::Locked);
        let begin = Instant::now();
        client.engine().await.unwrap_err();
        assert!(begin.elapsed() >= OTHERS);
        assert_eq!(test_starter::starts(&paths), 0);
        drop(announcement);
        // From here on a real process is waited for.
        tokio::time::resume();
        client.engine().await.unwrap_err();
        assert!(test_starter::starts(&paths) > 0);
    }
}
