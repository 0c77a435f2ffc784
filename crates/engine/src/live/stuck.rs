//! What to do about a supervisor that is asked to end its run and does not.
//!
//! A supervisor ends the tree within the grace period and goes. One that somebody has stopped
//! (SIGSTOP) would never hear of the request: it is first made to go on, and when it is stopped
//! again the next time, killed, so that we end its tree.

use std::time::{Duration, Instant};

use claude_worker_supervisor::Remedy;

/// What a supervisor may take on top of the grace period before it is looked at.
pub(super) const MARGIN: Duration = Duration::from_secs(2);

/// When to look at a supervisor that was asked to end its run, and what to do then.
#[derive(Debug)]
pub(super) struct Patience {
    each: Duration,
    until: Instant,
    remedy: Remedy,
}

impl Patience {
    /// It was asked now, and has this long to end the tree politely.
    pub(super) fn new(grace: Duration, now: Instant) -> Self {
        let each = grace.saturating_add(MARGIN);
        Self { each, until: now + each, remedy: Remedy::Continue }
    }

    /// How long there is nothing to do yet.
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
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
    fn it_is_helped_on_first_and_killed_only_when_that_was_in_vain() {
        let asked = Instant::now();
        let grace = Duration::from_secs(5);
        let mut patience = Patience::new(grace, asked);
        assert_eq!(patience.due(asked + grace), None, "it is still within its time");
        let late = asked + grace + MARGIN;
        assert_eq!(patience.left(late), Duration::ZERO);
        assert_eq!(patience.due(late), Some(Remedy::Continue));
        assert_eq!(patience.left(late), grace + MARGIN);
        assert_eq!(patience.due(late + grace), None);
        for again in 1..3 {
            assert_eq!(patience.due(late + again * (grace + MARGIN)), Some(Remedy::Kill));
        }
    }
}
