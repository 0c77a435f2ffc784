//! What to do about a supervisor that is to end its run and does not.
//!
//! A supervisor ends the tree within the grace period and goes. One that was stopped
//! (SIGSTOP) would never hear of a request to end the run, and never notice that the run's time
//! limit has passed: it is first made to go on, and when it is stopped again the next time, killed,
//! so that we end its tree.

use std::time::{Duration, Instant};

use claude_worker_api::Timestamp;
use claude_worker_supervisor::{Remedy, Spec};

/// How long after the grace period a supervisor is checked.
pub(super) const MARGIN: Duration = Duration::from_secs(2);

/// When to look at a supervisor that is to end its run, and what to do then.
#[derive(Debug)]
pub(super) struct SupervisorCheck {
    each: Duration,
    until: Instant,
    remedy: Remedy,
}

impl SupervisorCheck {
    /// It was asked now, and has this long to end the tree politely.
    pub(super) fn new(grace: Duration, now: Instant) -> Self {
        let each = grace.saturating_add(MARGIN);
        Self { each, until: now + each, remedy: Remedy::Continue }
    }

    /// It has to end the run by itself when the time limit passes; none when there is no limit. The
    /// wall clock, which also counts while the machine sleeps, may make us look too early: a
    /// supervisor that goes on then still keeps the limit by its own clock.
    pub(super) fn at_limit(
        spec: &Spec,
        started: Timestamp,
        now: (Instant, Timestamp),
    ) -> Option<Self> {
        let (now, wall) = now;
        let left = spec.timeout_ms?.saturating_sub(wall.millis_since(started));
        let left = Duration::from_millis(left);
        let end_check = Self::new(Duration::from_millis(spec.grace_ms), now);
        // A limit beyond what the clock can count is none.
        Some(Self { until: end_check.until.checked_add(left)?, ..end_check })
    }

    /// How long there is nothing to do yet.
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }

    /// There was no stopped supervisor: one that is stopped later is first made to go on.
    pub(super) fn nothing_was_stopped(&mut self) {
        self.remedy = Remedy::Continue;
    }

    /// What to do now, if it is time; the next time it is the harder thing.
    pub(super) fn due(&mut self, now: Instant) -> Option<Remedy> {
        if now < self.until {
            return None;
        }
        self.until = now + self.each;
        Some(std::mem::replace(&mut self.remedy, Remedy::Kill))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_counts_from_the_start_of_the_agent() {
        let spec = |timeout_ms| Spec {
            run: claude_worker_api::RunId::new(claude_worker_api::TaskId(1), 1, 0),
            task: claude_worker_api::TaskId(1),
            program: String::new(),
            args: Vec::new(),
            directory: String::new(),
            env: std::collections::BTreeMap::new(),
            env_remove: Vec::new(),
            merge_stderr: true,
            timeout_ms,
            silence_ms: None,
            grace_ms: 300,
            output_cap_bytes: 0,
            live_prefix: None,
            has_ready: true,
            wakeup_pipe: None,
        };
        let (now, wall) = (Instant::now(), Timestamp::from_millis(1_000_000));
        let left = |timeout_ms, ago| {
            let started = Timestamp::from_millis(wall.as_millis() - ago);
            let end_check = SupervisorCheck::at_limit(&spec(timeout_ms), started, (now, wall))?;
            Some(end_check.left(now).as_millis())
        };
        let late = 300 + MARGIN.as_millis();
        assert_eq!(left(None, 0), None);
        assert_eq!(left(Some(5_000), 0), Some(5_000 + late));
        assert_eq!(left(Some(5_000), 4_000), Some(1_000 + late), "an adopted run");
        assert_eq!(left(Some(5_000), 6_000), Some(late), "it had its time");
        assert_eq!(left(Some(5_000), -4_000), Some(5_000 + late), "the clock was put back");
    }

    #[test]
    fn a_supervisor_that_is_stopped_later_is_continued_first() {
        let now = Instant::now();
        let mut end_check = SupervisorCheck::new(Duration::ZERO, now);
        assert_eq!(end_check.due(now + MARGIN), Some(Remedy::Continue));
        end_check.nothing_was_stopped();
        assert_eq!(end_check.due(now + 2 * MARGIN), Some(Remedy::Continue));
        assert_eq!(end_check.due(now + 3 * MARGIN), Some(Remedy::Kill));
    }

    #[test]
    fn a_stopped_supervisor_is_continued_first_and_killed_if_that_does_not_help() {
        let asked = Instant::now();
        let grace = Duration::from_secs(5);
        let mut end_check = SupervisorCheck::new(grace, asked);
        assert_eq!(end_check.due(asked + grace), None, "it is still within its time");
        let late = asked + grace + MARGIN;
        assert_eq!(end_check.left(late), Duration::ZERO);
        assert_eq!(end_check.due(late), Some(Remedy::Continue));
        assert_eq!(end_check.left(late), grace + MARGIN);
        assert_eq!(end_check.due(late + grace), None);
        for again in 1..3 {
            assert_eq!(end_check.due(late + again * (grace + MARGIN)), Some(Remedy::Kill));
        }
    }
}
