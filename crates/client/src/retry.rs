//! The retry policy of all clients: which requests are sent again, when, and for how long at most.
//! Every limit and pause is a constant of this file.
//!
//! A single call ([`EngineClient`](crate::EngineClient), [`Attempts`]):
//!
//! | what happened | what the client does |
//! |---|---|
//! | nothing listens there, and the next engine is announced | tries again, for [`ANNOUNCED_ENGINE_WITHIN`] at most |
//! | nothing listens there, and an engine holds the lock | tries again, for [`SOCKET_WITHIN`] at most |
//! | nothing listens there otherwise, or these times are over | starts an engine where it may, at most [`REPEATS`] times |
//! | the engine to start finds another one that holds the lock or is announced | asks that one, for [`LOCK_HOLDER_ANSWERS_WITHIN`] at most |
//! | the engine was started | waits for its report, for [`STARTED_ENGINE_READY_WITHIN`] at most |
//! | the engine answers that it is stopping, or a proxy that it reaches no engine | sends idempotent requests again after [`PAUSE_WHILE_STOPPING`], at most [`REPEATS_WHILE_STOPPING`] times |
//! | the connection breaks before the answer | sends idempotent requests again at once, at most [`REPEATS`] times |
//! | the engine answers with another error | reports it |
//!
//! All of this together takes at most the time in which an engine must answer the call
//! ([`answer_within`]) plus [`FIND_ENGINE_WITHIN`]: six minutes for the calls that may take longest.
//!
//! [`Reconnect`] makes calls again that no engine answered. It gives up some time after the first such
//! call:
//!
//! | command | gives up after |
//! |---|---|
//! | `wait`, `logs`, `run --wait`, the MCP tool that waits, and all with `--watch`, once the task is queued | [`GIVE_UP_FOLLOWING_AFTER`] |
//! | `run`, until the task is queued | [`GIVE_UP_SUBMITTING_AFTER`] |
//! | any other | the first failed call: it does not use [`Reconnect`] |

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use claude_worker_api::{AnswerTime, ApiError, ErrorCode};
use tokio::time::{Instant, sleep};

/// How long finding an engine may take: waiting for one that is announced, and starting one.
pub(crate) const FIND_ENGINE_WITHIN: Duration = Duration::from_secs(60);
/// How long another program may take to start the engine that it has announced.
pub(crate) const ANNOUNCED_ENGINE_WITHIN: Duration = Duration::from_secs(15);
/// How long an engine without a socket may take to create one.
pub(crate) const SOCKET_WITHIN: Duration = Duration::from_secs(3);
/// How long an engine that holds the lock may take to answer or to release the lock.
pub(crate) const LOCK_HOLDER_ANSWERS_WITHIN: Duration = Duration::from_secs(15);
/// How long a process that has died may still hold the lock: the kernel closes its files one by one.
pub(crate) const DEAD_HOST_HOLDS_LOCK: Duration = Duration::from_secs(15);
/// How long an engine that was asked to hand over may still hold the lock.
pub(crate) const LEAVING_ENGINE_HOLDS_LOCK: Duration = Duration::from_secs(15);
/// How long the engine that holds the lock may take for one answer, before it is asked again.
pub(crate) const PROBE_ANSWERED_WITHIN: Duration = Duration::from_secs(1);
/// How long a started engine may take to report that it is ready, including recovery.
pub(crate) const STARTED_ENGINE_READY_WITHIN: Duration = Duration::from_secs(30);
/// After how long without an answer a person is told so.
pub const SILENT_AFTER: Duration = Duration::from_secs(3);
/// How long a command that follows a task tries again while no engine answers.
const GIVE_UP_FOLLOWING_AFTER: Duration = Duration::from_secs(20);
/// How long a command that submits a task tries again while no engine answers: another engine may be
/// taking over, but the user should soon learn that none can be started.
const GIVE_UP_SUBMITTING_AFTER: Duration = Duration::from_secs(2);

/// Between two looks whether an expected engine is there.
pub(crate) const EXPECTED_ENGINE_PAUSES: Pauses = Pauses::from_millis(5, 100);
/// Between two requests to the engine that holds the lock.
pub(crate) const LOCK_HOLDER_PAUSES: Pauses = Pauses::from_millis(10, 250);
/// Between two calls while no engine answers.
const RECONNECT_PAUSES: Pauses = Pauses::from_millis(50, 1000);

/// How often an idempotent call is sent again, and how often a call starts an engine: an engine that
/// hands over leaves calls unanswered, and the next one may be killed before it answers.
const REPEATS: u32 = 5;
/// The pause before a call is sent again to an engine that is stopping, and how often it is sent: an
/// engine stops within a few seconds.
const PAUSE_WHILE_STOPPING: Duration = Duration::from_millis(100);
const REPEATS_WHILE_STOPPING: u32 = 50;

/// Pauses between attempts: they double from the first to the longest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    const fn from_millis(first: u64, longest: u64) -> Self {
        Self { next: Duration::from_millis(first), longest: Duration::from_millis(longest) }
    }

    /// The next pause.
    fn take(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause
    }

    /// Waits for the next pause.
    pub(crate) async fn wait(&mut self) {
        sleep(self.take()).await;
    }
}

/// How long an engine may take to answer a call; `wait_ms` is how long the call lets it wait for news.
pub(crate) fn answer_within(time: AnswerTime, wait_ms: u64) -> Duration {
    const QUICK: Duration = Duration::from_secs(30);
    match time {
        AnswerTime::Quick => QUICK,
        AnswerTime::Waits => QUICK + Duration::from_millis(wait_ms.min(60_000)),
        AnswerTime::EndsRuns => Duration::from_secs(300),
        // It starts programs, and waits for another diagnosis that is running.
        AnswerTime::Examines => Duration::from_secs(90),
    }
}

/// Why a call got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// Nothing listens there.
    NotThere,
    /// The connection broke: whether the call was carried out is unknown.
    Broken,
    /// The engine is stopping and did not carry out the call; or a proxy has no answer of the engine, and
    /// whether the call was carried out is unknown.
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
    /// What to do after a failed attempt. `may_repeat`: the call is idempotent.
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

    /// The client has waited for an announced engine: resets the number of starts.
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
    /// For a command that follows a task: it tries longer than one that submits a task.
    #[must_use]
    pub const fn while_following() -> Self {
        Self { away: AtomicBool::new(false), give_up_after: GIVE_UP_FOLLOWING_AFTER }
    }

    /// For a command that submits a task: it gives up sooner than one that follows a task.
    #[must_use]
    pub const fn while_submitting() -> Self {
        Self { away: AtomicBool::new(false), give_up_after: GIVE_UP_SUBMITTING_AFTER }
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
        let mut pauses = RECONNECT_PAUSES;
        let mut deadline = None;
        loop {
            match call().await {
                Err(error) if error.code == ErrorCode::Unavailable => {
                    self.away.store(true, Ordering::Relaxed);
                    let deadline =
                        *deadline.get_or_insert_with(|| Instant::now() + self.give_up_after);
                    let pause = pauses.take();
                    if Instant::now() + pause > deadline {
                        return Err(error);
                    }
                    sleep(pause).await;
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

    /// `docs/architecture.md` and the head of this file say so.
    #[test]
    fn a_call_ends_within_six_minutes() {
        let times =
            [AnswerTime::Quick, AnswerTime::Waits, AnswerTime::EndsRuns, AnswerTime::Examines];
        let longest = times.map(|time| answer_within(time, u64::MAX)).into_iter().max();
        let longest = longest.unwrap() + FIND_ENGINE_WITHIN;
        assert_eq!(longest, Duration::from_secs(6 * 60));
        let one_start = LOCK_HOLDER_ANSWERS_WITHIN + STARTED_ENGINE_READY_WITHIN;
        assert!(ANNOUNCED_ENGINE_WITHIN + one_start <= FIND_ENGINE_WITHIN);
    }

    #[test]
    fn only_idempotent_calls_are_sent_again_and_not_for_ever() {
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
    async fn a_call_is_repeated_until_an_engine_answers() {
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
    async fn a_call_fails_when_no_engine_answers_for_too_long() {
        let begin = Instant::now();
        let reconnect = Reconnect::while_following();
        let answer: Result<(), _> =
            reconnect.call(|| async { Err(ApiError::unavailable("gone")) }).await;
        assert_eq!(answer.unwrap_err().message, "gone");
        assert!(begin.elapsed() <= GIVE_UP_FOLLOWING_AFTER);
        assert!(reconnect.is_away());
    }

    #[tokio::test]
    async fn other_errors_are_reported_at_once() {
        let reconnect = Reconnect::while_following();
        let answer: Result<(), _> =
            reconnect.call(|| async { Err(ApiError::conflict("busy")) }).await;
        assert_eq!(answer.unwrap_err().message, "busy");
    }
}
