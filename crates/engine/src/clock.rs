//! The clock that the dispatcher decides by.
//!
//! Everything that is timed in the dispatcher, the scheduler and the state machine goes through
//! one clock, which tests replace. `cargo xtask test` checks that nothing there reads another one.

use std::time::{Duration, Instant};

use claude_worker_api::Timestamp;

/// One reading of a clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// The wall clock. It may be set back or forward, and goes on while the machine sleeps.
    pub wall: Timestamp,
    /// The monotonic clock, for pauses. It stands still while the machine sleeps.
    pub instant: Instant,
}

/// Where the dispatcher gets the time from.
pub(crate) trait Clock: Send {
    fn now(&self) -> Now;
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now { wall: Timestamp::now(), instant: Instant::now() }
    }
}

/// A clock that stands still until a test moves it. Clones show the same time.
#[cfg(test)]
#[derive(Debug, Clone)]
pub(crate) struct TestClock(std::sync::Arc<std::sync::Mutex<Now>>);

#[cfg(test)]
impl TestClock {
    pub(crate) fn at(wall: Timestamp) -> Self {
        Self(std::sync::Arc::new(std::sync::Mutex::new(Now { wall, instant: Instant::now() })))
    }

    /// Moves both clocks forward.
    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        now.wall = now.wall.plus_millis(by.as_millis() as u64);
        now.instant += by;
    }
}

#[cfg(test)]
impl Clock for TestClock {
    fn now(&self) -> Now {
        *self.0.lock().unwrap()
    }
}

impl Now {
    /// How long it is until this instant; zero when it has passed.
    pub(crate) fn until(self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.instant)
    }
}
