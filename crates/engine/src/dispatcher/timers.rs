//! How long the dispatcher may sleep.

use std::time::Duration;

use super::{Dispatcher, HOLD};

/// How long the loop sleeps at the most while a task waits for an instant: its clock stands still
/// while the machine is asleep, and the wall clock does not.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long it sleeps at the most in any case.
const LONGEST: Duration = Duration::from_secs(3600);

impl Dispatcher {
    /// How long nothing needs to be done unless a message comes.
    pub(super) fn until_next_timer(&self) -> Duration {
        let now = self.clock.now();
        let mut sleep = LONGEST;
        if let Some(due) = self.queued.next_due() {
            sleep = sleep.min(LONGEST_SLEEP).min(Duration::from_millis(due.millis_since(now.wall)));
        }
        if self.config.retention.finished_ms > 0 {
            sleep = sleep.min(Duration::from_millis(self.next_sweep.millis_since(now.wall)));
        }
        if let Some(again) = self.unstored.next() {
            sleep = sleep.min(now.until(again));
        }
        if let Some(until) = self.held_until {
            sleep = sleep.min(now.until(until));
        }
        if self.to_adopt.is_empty() { sleep } else { sleep.min(HOLD) }
    }
}
