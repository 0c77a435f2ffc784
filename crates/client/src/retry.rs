//! The retry policy of all clients: what is asked again, how soon, and how long it takes at most.
//!
//! A single call ([`EngineClient`](crate::EngineClient), [`Attempts`]):
//!
//! | what happened | what the client does |
//! |---|---|
//! | nothing listens there, and the next engine is announced | waits for it, at most 15 s |
//! | nothing listens there | starts an engine where it may, at most 5 times |
//! | the engine says that it is about to stop | asks again every 100 ms, at most 50 times, what may be repeated |
//! | the connection breaks before the answer | asks again, at most 5 times, what may be repeated |
//! | an error of the engine | reports it |
//!
//! All of that together, and so the longest that a command can hang on one call, is the time that the
//! call itself may take ([`answer_within`]) plus [`FINDING`], the time for finding an engine.
//!
//! A command that follows a task makes many calls. [`Reconnect`] repeats each of them while no engine
//! answers, for [`FOLLOWING`] at most; a command that asks once does so for [`ONCE`] at most.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use claude_worker_api::{AnswerTime, ApiError, ErrorCode};
use tokio::time::{Instant, sleep};

/// How long finding an engine may take: waiting for one that is announced, and starting one.
pub(crate) const FINDING: Duration = Duration::from_secs(60);
/// How long no engine may answer while a command follows a task.
const FOLLOWING: Duration = Duration::from_secs(20);
/// How long no engine may answer a command that asks once: another engine may just be taking over,
/// but a person should be told soon that none can be started.
const ONCE: Duration = Duration::from_secs(2);
/// The pauses between two attempts while no engine answers: they double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often a call is sent again that may be, and how often it starts an engine: an engine that hands
/// over leaves it unanswered, and the next one may be killed before it can be asked.
const REPEATS: u32 = 5;
/// How long to leave an engine that is about to stop before it is asked again, and how often: its
/// last answers take it some seconds at the most.
const PAUSE_WHILE_STOPPING: Duration = Duration::from_millis(100);
const REPEATS_WHILE_STOPPING: u32 = 50;

/// How long an engine may take to answer a call; `wait_ms` is how long the call lets it wait for news.
pub(crate) fn answer_within(time: AnswerTime, wait_ms: u64) -> Duration {
    const QUICK: Duration = Duration::from_secs(30);
    match time {
        AnswerTime::Quick => QUICK,
        AnswerTime::Waits => QUICK + Duration::from_millis(wait_ms.min(60_000)),
        AnswerTime::EndsRuns => Duration::from_secs(300),
        // It starts programs, and one examination waits for the other.
        AnswerTime::Examines => Duration::from_secs(90),
    }
}

/// How a call that was sent came back without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// Nothing listens there.
    NotThere,
    /// The connection broke: whether the call was carried out is unknown.
    Broken,
    /// The engine is about to stop, and did nothing.
    Stopping,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send it again, after a pause.
    SendAgain(Duration),
    /// Start an engine, then send it again.
    StartEngine,
    /// Report the failure.
    GiveUp,
}

/// The attempts of one call so far.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    starts: u32,
    broken: u32,
    stopping: u32,
}

impl Attempts {
    /// What to do after a failed attempt. `may_repeat`: doing the call twice is doing it once.
    pub(crate) const fn next(&mut self, failed: Failed, may_repeat: bool) -> Next {
        match failed {
            Failed::NotThere if self.starts < REPEATS => {
                self.starts += 1;
                Next::StartEngine
            }
            Failed::Broken if may_repeat && self.broken < REPEATS => {
                self.broken += 1;
                Next::SendAgain(Duration::ZERO)
            }
            Failed::Stopping if may_repeat && self.stopping < REPEATS_WHILE_STOPPING => {
                self.stopping += 1;
                Next::SendAgain(PAUSE_WHILE_STOPPING)
            }
            _ => Next::GiveUp,
        }
    }

    /// The next engine was announced and waited for: it may be started anew as often as at first.
    pub(crate) const fn waited_for_next_engine(&mut self) {
        self.starts = 0;
    }
}

/// Repeats calls while no engine answers. A call is repeated only when that does no harm: the caller
/// decides which calls it makes this way.
#[derive(Debug)]
pub struct Reconnect {
    away: AtomicBool,
    give_up_after: Duration,
}

impl Reconnect {
    /// For a command that follows a task: it gives up after twenty seconds without an engine.
    #[must_use]
    pub const fn while_following() -> Self {
        Self { away: AtomicBool::new(false), give_up_after: FOLLOWING }
    }

    /// For a command that asks once: it gives up after two seconds.
    #[must_use]
    pub const fn once() -> Self {
        Self { away: AtomicBool::new(false), give_up_after: ONCE }
    }

    /// Whether the last attempt found no engine.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Makes a call, again and again while no engine answers.
    ///
    /// # Errors
    /// The call's own error; `unavailable` when no engine has answered for too long.
    pub async fn call<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let mut pause = FIRST_PAUSE;
        let mut deadline = None;
        loop {
            match call().await {
                Err(error) if error.code == ErrorCode::Unavailable => {
                    self.away.store(true, Ordering::Relaxed);
                    let deadline =
                        *deadline.get_or_insert_with(|| Instant::now() + self.give_up_after);
                    if Instant::now() + pause > deadline {
                        return Err(error);
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                answer => {
                    self.away.store(false, Ordering::Relaxed);
                    return answer;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_call_is_sent_again_within_bounds_and_only_where_that_does_no_harm() {
        let count = |failed: Failed, may_repeat: bool| {
            let mut attempts = Attempts::default();
            (0..1000).take_while(|_| attempts.next(failed, may_repeat) != Next::GiveUp).count()
        };
        assert_eq!(count(Failed::NotThere, false), 5, "nothing was sent yet");
        assert_eq!(count(Failed::Broken, true), 5);
        assert_eq!(count(Failed::Broken, false), 0);
        assert_eq!(count(Failed::Stopping, true), 50);
        assert_eq!(count(Failed::Stopping, false), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_comes_back_is_asked_again() {
        let reconnect = Reconnect::while_following();
        let calls = Cell::new(0);
        let answer = reconnect
            .call(|| {
                calls.set(calls.get() + 1);
                let (n, away) = (calls.get(), reconnect.is_away());
                async move {
                    assert_eq!(away, n > 1);
                    if n < 5 { Err(ApiError::unavailable("gone")) } else { Ok(n) }
                }
            })
            .await;
        assert_eq!(answer, Ok(5));
        assert!(!reconnect.is_away());
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_stays_away_is_given_up() {
        let begin = Instant::now();
        let reconnect = Reconnect::while_following();
        let answer: Result<(), _> =
            reconnect.call(|| async { Err(ApiError::unavailable("gone")) }).await;
        assert_eq!(answer.unwrap_err().message, "gone");
        assert!(begin.elapsed() <= FOLLOWING);
        assert!(reconnect.is_away());
    }

    #[tokio::test]
    async fn other_errors_are_final() {
        let reconnect = Reconnect::while_following();
        let answer: Result<(), _> =
            reconnect.call(|| async { Err(ApiError::conflict("busy")) }).await;
        assert_eq!(answer.unwrap_err().message, "busy");
    }
}
