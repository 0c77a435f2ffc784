//! Reports that cannot be written down while others can: they are tried again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use claude_worker_api::RunId;

use crate::message::{Message, RunReport};

/// How long such a report is left alone at first; each time in a row twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long at the most: a damaged file may be mended while the engine runs.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// So many of such runs free their workers. Where there are more, it is not some rows that cannot be
/// written, and to begin more would only add to them.
const FREED: u64 = 16;

/// The ends of runs whose rows cannot be written, not even with the least that there is to say. There
/// are at most [`FREED`] and as many as there are workers.
///
/// The worker of such a run is free meanwhile: nothing of it runs any more, and a row that cannot be
/// written must not hold up other tasks. The task itself is shown as running until its end is stored; an
/// engine that is started anew takes the run up and learns of its end again.
#[derive(Debug, Default)]
pub(super) struct Unstored(HashMap<RunId, Kept>);

#[derive(Debug)]
struct Kept {
    /// None while it is being tried again.
    report: Option<RunReport>,
    pause: Duration,
    again_at: Instant,
}

impl Unstored {
    /// How many runs are over that the database has as running.
    pub(super) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// How many of them keep no worker.
    pub(super) fn freed(&self) -> u64 {
        self.count().min(FREED)
    }

    /// Whether this report has been tried before.
    pub(super) fn knows(&self, report: &RunReport) -> bool {
        report.of_end().is_some_and(|run| self.0.contains_key(run))
    }

    /// Keeps a report that could not be written down.
    pub(super) fn keep(&mut self, report: RunReport, now: Instant) {
        let Some(run) = report.of_end().cloned() else { return };
        let pause =
            self.0.get(&run).map_or(FIRST_PAUSE, |kept| (kept.pause * 2).min(LONGEST_PAUSE));
        self.0.insert(run, Kept { report: Some(report), pause, again_at: now + pause });
    }

    /// This one has been written down.
    pub(super) fn stored(&mut self, run: &RunId) {
        self.0.remove(run);
    }

    /// What is to be tried again by now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Message> {
        let due = self.0.values_mut().filter(|kept| kept.again_at <= now);
        due.filter_map(|kept| kept.report.take()).map(Message::RunReport).collect()
    }

    /// When the next one is to be tried again.
    pub(super) fn next(&self) -> Option<Instant> {
        let kept = self.0.values().filter(|kept| kept.report.is_some());
        kept.map(|kept| kept.again_at).min()
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::TaskId;

    use super::*;

    #[test]
    fn a_report_that_cannot_be_stored_is_retried_with_growing_pauses() {
        let mut unstored = Unstored::default();
        let mut now = Instant::now();
        let begin = now;
        let ended = |n| {
            let (task, reason) = (TaskId(n), "it did not begin".to_owned());
            RunReport::NeverStarted { task, run: RunId::new(task, 1, 7), reason, passing: true }
        };
        unstored.keep(ended(1), now);
        let mut tries = 0;
        while now - begin < Duration::from_secs(3600) {
            now = unstored.next().unwrap();
            assert!(unstored.due(now - Duration::from_millis(1)).is_empty());
            let Some(Message::RunReport(report)) = unstored.due(now).pop() else { panic!() };
            // While it is being tried it counts, and is not tried twice.
            assert_eq!((unstored.count(), unstored.next()), (1, None));
            unstored.keep(report, now);
            tries += 1;
        }
        assert!((60..75).contains(&tries), "{tries} in an hour");
        for n in 2..100 {
            unstored.keep(ended(n), now);
        }
        assert_eq!((unstored.count(), unstored.freed()), (99, FREED));
        unstored.stored(&RunId::new(TaskId(1), 1, 7));
        assert!(!unstored.knows(&ended(1)) && unstored.knows(&ended(2)));
    }
}
