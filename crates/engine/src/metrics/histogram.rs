//! Counts of observations below some bounds.

use std::time::Duration;

/// A histogram of durations.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Histogram {
    /// The upper bounds in seconds, ascending.
    bounds: &'static [f64],
    /// How many observations fell between each bound and the one before; the last is above all bounds.
    counts: Vec<u64>,
    /// The sum of all observations in seconds.
    sum: f64,
}

impl Histogram {
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1], sum: 0.0 }
    }

    pub(super) fn observe(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let place = self.bounds.partition_point(|bound| *bound < seconds);
        self.counts[place] += 1;
        self.sum += seconds;
    }

    /// For each bound, how many observations were not above it.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts.iter().scan(0, |total, count| {
            *total += count;
            Some(*total)
        }))
    }

    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) const fn sum(&self) -> f64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observation_counts_for_every_bound_that_it_does_not_exceed() {
        let mut histogram = Histogram::new(&[1.0, 2.0]);
        for millis in [500, 1000, 1500, 9000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let counted: Vec<_> = histogram.cumulative().collect();
        assert_eq!(counted, [(1.0, 2), (2.0, 3), (f64::INFINITY, 4)]);
        assert_eq!((histogram.count(), histogram.sum()), (4, 12.0));
    }
}
