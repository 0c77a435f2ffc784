//! When a run has lasted too long or been silent too long. Pure: the clock is an argument.
//!
//! The clock is [`Instant`], which stands still while the machine sleeps, on Linux as on macOS: a
//! laptop that was closed over night has not used up the time of a run.

use std::time::{Duration, Instant};

use crate::{EndedBy, Spec};

/// The two clocks of a run.
#[derive(Debug)]
pub(crate) struct Limits {
    deadline: Option<Instant>,
    silence: Option<Duration>,
    last_output: Instant,
    /// Whether output waits for room on the disk: then the agent cannot print, and its silence
    /// says nothing.
    blocked: bool,
}

impl Limits {
    /// The limits of a run whose agent starts now.
    pub(crate) fn new(spec: &Spec, now: Instant) -> Self {
        Self {
            // A deadline beyond what the clock can count is none.
            deadline: spec.timeout_ms.and_then(|ms| now.checked_add(Duration::from_millis(ms))),
            silence: spec.silence_ms.map(Duration::from_millis),
            last_output: now,
            blocked: false,
        }
    }

    /// The agent printed something.
    pub(crate) const fn note_output(&mut self, now: Instant) {
        self.last_output = now;
    }

    /// Output waits for room on the disk, or no longer does. Silence counts anew from the end of
    /// the wait.
    pub(crate) const fn set_blocked(&mut self, blocked: bool, now: Instant) {
        if self.blocked && !blocked {
            self.last_output = now;
        }
        self.blocked = blocked;
    }

    /// Which limit is reached.
    pub(crate) fn reached(&self, now: Instant) -> Option<EndedBy> {
        if self.deadline.is_some_and(|at| at <= now) {
            Some(EndedBy::Timeout)
        } else if self.silent_at().is_some_and(|at| at <= now) {
            Some(EndedBy::Silence)
        } else {
            None
        }
    }

    /// When to ask [`Self::reached`] again.
    pub(crate) fn next(&self) -> Option<Instant> {
        [self.deadline, self.silent_at()].into_iter().flatten().min()
    }

    fn silent_at(&self) -> Option<Instant> {
        if self.blocked { None } else { self.last_output.checked_add(self.silence?) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(timeout: Option<u64>, silence: Option<u64>, now: Instant) -> Limits {
        Limits {
            deadline: timeout.map(|ms| now + Duration::from_millis(ms)),
            silence: silence.map(Duration::from_millis),
            last_output: now,
            blocked: false,
        }
    }

    #[test]
    fn output_puts_off_silence_but_not_the_deadline() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut limits = limits(Some(100), Some(30), start);
        assert_eq!(limits.next(), Some(at(30)));
        assert_eq!(limits.reached(at(29)), None);
        assert_eq!(limits.reached(at(30)), Some(EndedBy::Silence));
        limits.note_output(at(29));
        assert_eq!(limits.reached(at(58)), None);
        limits.note_output(at(90));
        assert_eq!(limits.next(), Some(at(100)));
        assert_eq!(limits.reached(at(100)), Some(EndedBy::Timeout));
    }

    #[test]
    fn silence_does_not_count_while_the_disk_is_full() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut limits = limits(None, Some(30), start);
        limits.set_blocked(true, at(10));
        assert_eq!(limits.next(), None);
        assert_eq!(limits.reached(at(1000)), None);
        limits.set_blocked(false, at(1000));
        assert_eq!(limits.reached(at(1029)), None);
        assert_eq!(limits.reached(at(1030)), Some(EndedBy::Silence));
        limits.set_blocked(false, at(1020));
        assert_eq!(limits.next(), Some(at(1030)), "only the end of a wait counts anew");
    }
}
