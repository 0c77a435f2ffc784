//! Looking at what is outside of the data directory.
//!
//! A working directory may be on a network drive that is down, and then whoever looks at it waits
//! for ever. Nobody else may wait for that: such looks have threads of their own, few of them, and
//! an end to the patience of whoever asked.

use std::sync::Arc;
use std::time::Duration;

use claude_worker_api::ApiError;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many looks may be under way at once, hanging ones included.
const LOOKS: usize = 8;

/// The looks that are under way.
pub(super) struct Outside {
    turns: Arc<Semaphore>,
}

impl Default for Outside {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(LOOKS)) }
    }
}

impl Outside {
    /// Looks at `what`, on a thread that may block. A look that hangs keeps its turn, so that they
    /// are never more than a few.
    ///
    /// # Errors
    /// `invalid_request` when there is no answer in time.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        what: &str,
        patience: Duration,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let turns = Arc::clone(&self.turns);
        let looked = async move {
            let turn = turns.acquire_owned().await.ok()?;
            let looking = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                look()
            });
            looking.await.ok()
        };
        match timeout(patience, looked).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(ApiError::internal(format!("Looking at {what} failed"))),
            Err(_) => Err(ApiError::invalid(format!(
                "{what} did not answer within {} s",
                patience.as_secs_f32()
            ))
            .hint(
                "It may be on a network drive that is down: look at it with `ls`, and try again",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn a_look_that_hangs_keeps_nobody_and_hanging_ones_are_few() {
        let outside = Outside::default();
        let patience = Duration::from_millis(50);
        let (release, hold) = channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(hold));
        for _ in 0..2 * LOOKS {
            let held = Arc::clone(&held);
            let hangs = move || drop(held.lock().map(|held| held.recv()));
            let error = outside.look("/mnt/x", patience, hangs).await.unwrap_err();
            assert!(error.message.starts_with("/mnt/x did not answer"), "{error}");
        }
        assert_eq!(outside.turns.available_permits(), 0, "no more threads than turns");
        drop(release);
        let found = outside.look("/", Duration::from_secs(30), || 7).await;
        assert_eq!(found.unwrap(), 7, "they are all free again");
    }
}
