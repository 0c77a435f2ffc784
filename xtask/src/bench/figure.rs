//! Figures, their limits, and the table of them.

use std::fmt::{self, Write};
use std::time::Duration;

/// The unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// How many times as much.
    Times,
    Milliseconds,
    PerSecond,
    MiB,
    /// Thousands of bytes.
    Kilobytes,
    /// Of one processor.
    Percent,
}

/// The limit of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
    /// Shown for comparison only.
    None,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: Unit,
    pub(crate) limit: Limit,
    /// The measurements behind it.
    pub(crate) detail: String,
}

impl Figure {
    /// Whether the limit holds.
    pub(crate) fn holds(&self) -> bool {
        match self.limit {
            Limit::AtMost(limit) => self.value <= limit,
            Limit::AtLeast(limit) => self.value >= limit,
            Limit::None => true,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Times => "×",
            Self::Milliseconds => "ms",
            Self::PerSecond => "/s",
            Self::MiB => "MiB",
            Self::Kilobytes => "kB",
            Self::Percent => "%",
        })
    }
}

/// The figures as a Markdown table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut table =
        "| figure | measured | limit | holds | detail |\n|---|---|---|---|---|\n".to_owned();
    for figure in figures {
        let Figure { what, value, unit, detail, .. } = figure;
        let (limit, holds) = match figure.limit {
            Limit::AtMost(limit) => (format!("≤ {limit} {unit}"), figure.holds()),
            Limit::AtLeast(limit) => (format!("≥ {limit} {unit}"), figure.holds()),
            Limit::None => (String::new(), true),
        };
        let holds = match (figure.limit, holds) {
            (Limit::None, _) => "",
            (_, true) => "yes",
            (_, false) => "**no**",
        };
        let _ = writeln!(table, "| {what} | {value:.2} {unit} | {limit} | {holds} | {detail} |");
    }
    table
}

/// The value below which this share of the samples lies: 0.5 for the median. The samples must
/// not be empty.
pub(crate) fn quantile(samples: &[Duration], share: f64) -> Duration {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let last = sorted.len() - 1;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few hundred samples at most"
    )]
    let place = (last as f64 * share).round() as usize;
    sorted[place.min(last)]
}

/// The median of samples that must not be empty.
pub(crate) fn median(samples: &[Duration]) -> Duration {
    quantile(samples, 0.5)
}

/// A duration in milliseconds.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Kibibytes in mebibytes.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_unsorted_samples() {
        let samples: Vec<_> = [5, 1, 4, 2, 3].map(Duration::from_millis).to_vec();
        assert_eq!(median(&samples), Duration::from_millis(3));
        assert_eq!(quantile(&samples, 0.99), Duration::from_millis(5));
        assert_eq!(quantile(&samples[..1], 0.5), Duration::from_millis(5));
    }

    #[test]
    fn a_missed_limit_stands_out() {
        let figure = |value, limit| Figure {
            what: "x".to_owned(),
            value,
            unit: Unit::Times,
            limit,
            detail: String::new(),
        };
        assert!(table(&[figure(2.0, Limit::AtMost(1.0))]).contains("**no**"));
        assert!(table(&[figure(2.0, Limit::AtLeast(1.0))]).contains("| yes |"));
        assert!(figure(9.0, Limit::None).holds());
    }
}
