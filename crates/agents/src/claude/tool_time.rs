//! How long tools ran, from the times that messages carry.

use std::collections::BTreeSet;

use claude_worker_api::Timestamp;

/// How many calls may be open at the same time. More are not counted, so that memory is bounded.
const MOST_OPEN: usize = 256;

/// A fold over calls and their answers. Calls at the same time count once.
#[derive(Debug, Default)]
pub(super) struct ToolTime {
    open: BTreeSet<String>,
    /// Since when at least one call has been open.
    since: Option<Timestamp>,
    /// Milliseconds in which one was, without those of calls that are still open.
    total: Option<u64>,
}

impl ToolTime {
    pub(super) fn call(&mut self, id: &str, at: Option<Timestamp>) {
        let Some(at) = at.filter(|_| self.open.len() < MOST_OPEN) else { return };
        self.since.get_or_insert(at);
        self.open.insert(id.to_owned());
    }

    pub(super) fn answer(&mut self, id: &str, at: Option<Timestamp>) {
        if !self.open.remove(id) || !self.open.is_empty() {
            return;
        }
        if let (Some(since), Some(at)) = (self.since.take(), at) {
            self.total = Some(self.total.unwrap_or(0).saturating_add(at.millis_since(since)));
        }
    }

    /// Milliseconds; `None` while no call has been answered.
    pub(super) const fn millis(&self) -> Option<u64> {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Option<Timestamp> {
        Some(Timestamp::from_millis(millis))
    }

    #[test]
    fn calls_at_the_same_time_count_once_and_open_ones_not_at_all() {
        let mut time = ToolTime::default();
        assert_eq!(time.millis(), None);
        time.call("a", at(100));
        time.call("b", at(150));
        time.answer("a", at(200));
        assert_eq!(time.millis(), None, "b still runs");
        time.answer("b", at(400));
        assert_eq!(time.millis(), Some(300));
        time.answer("b", at(900));
        time.call("c", at(1000));
        assert_eq!(time.millis(), Some(300));
        time.answer("c", at(1007));
        assert_eq!(time.millis(), Some(307));
        time.call("d", at(2000));
        assert_eq!(time.millis(), Some(307));
    }

    #[test]
    fn without_times_nothing_is_known() {
        let mut time = ToolTime::default();
        time.call("a", None);
        time.answer("a", at(5));
        time.call("b", at(5));
        time.answer("b", None);
        assert_eq!(time.millis(), None);
    }
}
