//! The stand-by of an engine: a small process that continues the queue when the app dies.
//!
//! The app hosts the engine beside a window, and the libraries that show windows end the whole process
//! on some errors: a helper process that cannot be started, a display that is gone. The queue would then
//! stand until a client sends a request. So the app starts a [`StandBy`] process that waits at a pipe.
//! When the app dies, the kernel closes its end of the pipe. The process then waits until no other
//! program is starting an engine ([`take_over`]) and becomes a background engine itself. An app that
//! quits dismisses it first.

use std::io::{self, Read, Write};
use std::process::{ChildStdin, Stdio};

use claude_worker_api::ApiError;
use claude_worker_os::lock::LockHolder;
use claude_worker_paths::Paths;
use tokio::time::Instant;

use crate::next_engine::Announcement;
use crate::retry::{
    DEAD_HOST_HOLDS_LOCK, EXPECTED_ENGINE_PAUSES, FIND_ENGINE_WITHIN, LEAVING_ENGINE_HOLDS_LOCK,
};
use crate::start::{Starter, cannot_start, reap};
use crate::stop_marker;

/// The hidden subcommand of the command line that is the stand-by process.
pub const STAND_BY: &str = "stand-by";

/// What the app writes to the pipe when the process is no longer needed.
const DISMISSED: u8 = b'.';

/// A process that starts an engine when this process dies.
#[derive(Debug)]
pub struct StandBy {
    pipe: ChildStdin,
}

impl StandBy {
    /// Starts the starter's program with the starter's arguments and the id of this process. It must call
    /// [`host_has_died`] and [`take_over`].
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(starter: &Starter) -> Result<Self, ApiError> {
        let mut command = starter.command()?;
        command.arg(std::process::id().to_string()).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().map_err(cannot_start)?;
        let pipe = child.stdin.take().ok_or_else(|| ApiError::internal("There is no pipe"))?;
        reap(child);
        Ok(Self { pipe })
    }

    /// Ends the process: this one stops its engine itself. If this is dropped instead, an engine is
    /// started as soon as this process has released the data directory.
    pub fn dismiss(mut self) {
        // If the process has died already, nothing is left to end.
        drop(self.pipe.write_all(&[DISMISSED]));
    }
}

/// In the stand-by process: waits at standard input until the host of the engine has died, or has
/// dismissed this process. Returns whether it has died.
///
/// # Errors
/// When standard input cannot be read.
pub fn host_has_died() -> io::Result<bool> {
    Ok(io::stdin().lock().read(&mut [0])? == 0)
}

/// In the stand-by process: announces the next engine, unless the queue needs none. `host` is the process
/// that has died. The engine must be started before the announcement is dropped.
///
/// # Errors
/// The lock files cannot be used, or another program takes too long to start an engine.
pub async fn take_over(paths: &Paths, host: u32) -> Result<Option<Announcement>, ApiError> {
    let deadline = Instant::now() + LEAVING_ENGINE_HOLDS_LOCK;
    loop {
        // The dead host may have announced an engine, and the next app may be starting one.
        let announcement = Announcement::make(paths, Instant::now() + FIND_ENGINE_WITHIN).await?;
        match once_host_released(paths, host).await? {
            LockHolder::Free => {
                let is_needed = !stop_marker::was_stopped(paths);
                return Ok(is_needed.then_some(announcement));
            }
            LockHolder::Engine(pid) if pid.is_none_or(|pid| pid == host) => return Ok(None),
            // Other programs need not wait for this process while there is an engine.
            LockHolder::Engine(_) => drop(announcement),
        }
        // The host may have died just after it had asked this engine to hand the queue over. Then the
        // engine is about to end, and nothing else continues the queue.
        let mut pauses = EXPECTED_ENGINE_PAUSES;
        while holder(paths)? != LockHolder::Free {
            if Instant::now() >= deadline {
                return Ok(None);
            }
            pauses.wait().await;
        }
    }
}

/// The holder of the engine's lock when the dead host no longer has it, or has had it for too long. The
/// kernel closes the files of a dead process one after the other.
async fn once_host_released(paths: &Paths, host: u32) -> Result<LockHolder, ApiError> {
    let deadline = Instant::now() + DEAD_HOST_HOLDS_LOCK;
    let mut pauses = EXPECTED_ENGINE_PAUSES;
    loop {
        match holder(paths)? {
            LockHolder::Engine(pid)
                if pid.is_none_or(|pid| pid == host) && Instant::now() < deadline =>
            {
                pauses.wait().await;
            }
            other => return Ok(other),
        }
    }
}

fn holder(paths: &Paths) -> Result<LockHolder, ApiError> {
    LockHolder::of(&paths.lock).map_err(|error| {
        ApiError::internal(format!("Cannot look at {}: {error}", paths.lock.display()))
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::next_engine::next_engine_is_announced;

    #[tokio::test(start_paused = true)]
    async fn the_stand_by_starts_an_engine_only_if_there_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let is_needed = async || take_over(&paths, 4711).await.unwrap().is_some();
        assert!(is_needed().await, "nothing holds the lock");

        let lock = File::create(&paths.lock).unwrap();
        lock.try_lock().unwrap();
        std::fs::write(&paths.lock, "4712\n").unwrap();
        assert!(!is_needed().await, "another engine runs");

        std::fs::write(&paths.lock, "4711\n").unwrap();
        let begin = Instant::now();
        assert!(!is_needed().await, "the host still lives");
        assert!(begin.elapsed() >= DEAD_HOST_HOLDS_LOCK);
        let (needed, ()) = tokio::join!(is_needed(), async {
            tokio::time::sleep(DEAD_HOST_HOLDS_LOCK / 2).await;
            drop(lock);
        });
        assert!(needed, "the host has released the lock");

        stop_marker::leave(&paths);
        assert!(!is_needed().await, "a person has stopped the engine");
    }

    #[tokio::test(start_paused = true)]
    async fn the_stand_by_waits_for_an_engine_that_the_dead_host_asked_to_hand_over() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let leaving = File::create(&paths.lock).unwrap();
        leaving.try_lock().unwrap();
        std::fs::write(&paths.lock, "4712\n").unwrap();
        let (needed, is_announced) = tokio::join!(take_over(&paths, 4711), async {
            tokio::time::sleep(LEAVING_ENGINE_HOLDS_LOCK / 2).await;
            let is_announced = next_engine_is_announced(&paths);
            drop(leaving);
            is_announced
        });
        assert!(needed.unwrap().is_some(), "the other engine has ended");
        assert!(!is_announced, "clients wait for the stand-by while there is an engine");
    }

    #[tokio::test(start_paused = true)]
    async fn the_stand_by_waits_for_an_engine_that_is_announced() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let announcement = Announcement::make(&paths, Instant::now()).await.unwrap();
        let lock = File::create(&paths.lock).unwrap();
        let (needed, ()) = tokio::join!(take_over(&paths, 4711), async {
            tokio::time::sleep(DEAD_HOST_HOLDS_LOCK).await;
            lock.try_lock().unwrap();
            std::fs::write(&paths.lock, "4712\n").unwrap();
            drop(announcement);
        });
        assert!(needed.unwrap().is_none(), "the announced engine runs");
    }
}
