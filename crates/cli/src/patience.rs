//! Going on when the engine is away for a moment.
//!
//! An engine can be killed and started again, or hand over to another, while somebody follows a
//! task. The client connects anew for every call, so all that is needed is to ask again. Every
//! wait has a deadline: an engine that stays away ends the command with its own words.

use std::cell::Cell;
use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode};
use tokio::time::{Instant, sleep};

/// How long an engine may be away while somebody follows a task.
const FOLLOWING: Duration = Duration::from_secs(20);
/// How long it may be away when it is asked to do something once: another one may just be taking
/// over, but a person should not wait long to be told that none can be started.
const ONCE: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Whether the engine is away just now; shown in the status line.
#[derive(Debug)]
pub struct Link {
    away: Cell<bool>,
    patience: Duration,
}

impl Default for Link {
    fn default() -> Self {
        Self { away: Cell::new(false), patience: FOLLOWING }
    }
}

impl Link {
    /// A link for a single request: it gives up after two seconds instead of twenty.
    #[must_use]
    pub const fn brief() -> Self {
        Self { away: Cell::new(false), patience: ONCE }
    }

    /// Whether the last call found no engine.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        self.away.get()
    }

    /// Makes a call that may be repeated without harm, again and again while no engine answers.
    ///
    /// # Errors
    /// The call's own error; `unavailable` when none has answered for too long.
    pub async fn call<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let mut pause = FIRST_PAUSE;
        let mut deadline = None;
        loop {
            match call().await {
                Err(error) if error.code == ErrorCode::Unavailable => {
                    self.away.set(true);
                    let deadline = *deadline.get_or_insert_with(|| Instant::now() + self.patience);
                    if Instant::now() + pause > deadline {
                        return Err(error);
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                answer => {
                    self.away.set(false);
                    return answer;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_comes_back_is_asked_again() {
        let link = Link::default();
        let calls = Cell::new(0);
        let answer = link
            .call(|| {
                calls.set(calls.get() + 1);
                let (n, away) = (calls.get(), link.is_away());
                async move {
                    assert_eq!(away, n > 1);
                    if n < 5 { Err(ApiError::unavailable("gone")) } else { Ok(n) }
                }
            })
            .await;
        assert_eq!(answer, Ok(5));
        assert!(!link.is_away());
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_stays_away_is_given_up() {
        let begin = Instant::now();
        let link = Link::default();
        let answer: Result<(), _> =
            link.call(|| async { Err(ApiError::unavailable("gone")) }).await;
        assert_eq!(answer.unwrap_err().message, "gone");
        assert!(begin.elapsed() <= FOLLOWING);
        assert!(link.is_away());
    }

    #[tokio::test]
    async fn other_errors_are_final() {
        let link = Link::default();
        let answer: Result<(), _> = link.call(|| async { Err(ApiError::conflict("busy")) }).await;
        assert_eq!(answer.unwrap_err().message, "busy");
    }
}
