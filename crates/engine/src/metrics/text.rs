//! Prometheus' text format, version 0.0.4.

use std::fmt::Write;

use super::definitions::Metric;
use super::histogram::Histogram;

/// A page that is being written. Every sample belongs to the metric that was begun last.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a metric.
    pub(super) fn metric(&mut self, metric: &'static Metric) -> Samples<'_> {
        let Metric { name, kind, help, .. } = metric;
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {}", kind.name());
        Samples { text: &mut self.0, metric }
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// The samples of one metric.
pub(super) struct Samples<'a> {
    text: &'a mut String,
    metric: &'static Metric,
}

impl Samples<'_> {
    /// The only sample of a metric without labels.
    pub(super) fn value(self, value: impl Into<Value>) {
        let mut samples = self;
        samples.sample([], value);
    }

    /// A sample with the values of the metric's labels, in their order.
    pub(super) fn sample<const N: usize>(&mut self, labels: [&str; N], value: impl Into<Value>) {
        self.line("", &labels, None, value.into());
    }

    /// A histogram with the values of the metric's labels, in their order.
    pub(super) fn histogram<const N: usize>(&mut self, labels: [&str; N], histogram: &Histogram) {
        for (bound, count) in histogram.cumulative() {
            let bound =
                if bound.is_infinite() { "+Inf".to_owned() } else { Value::Real(bound).text() };
            self.line("_bucket", &labels, Some(&bound), count.into());
        }
        self.line("_sum", &labels, None, histogram.sum().into());
        self.line("_count", &labels, None, histogram.count().into());
    }

    fn line(&mut self, suffix: &str, values: &[&str], bound: Option<&str>, value: Value) {
        debug_assert_eq!(values.len(), self.metric.labels.len(), "{}", self.metric.name);
        let labels = self.metric.labels.iter().zip(values).map(|(name, value)| (*name, *value));
        let labels: Vec<String> = labels
            .chain(bound.map(|bound| ("le", bound)))
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{}{suffix}{labels} {}", self.metric.name, value.text());
    }
}

/// The value of a sample.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    Whole(u64),
    Real(f64),
}

impl Value {
    fn text(self) -> String {
        match self {
            Self::Whole(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
        }
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<bool> for Value {
    fn from(switch: bool) -> Self {
        Self::Whole(u64::from(switch))
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::definitions::MetricKind;
    use super::*;

    #[test]
    fn samples_are_written_as_prometheus_reads_them() {
        const WAIT: Metric = Metric {
            name: "wait_seconds",
            kind: MetricKind::Histogram,
            labels: &["agent"],
            help: "One\nline, with a \\.",
        };
        let mut text = Text::default();
        let mut histogram = Histogram::new(&[0.5, 10.0]);
        histogram.observe(Duration::from_millis(250));
        text.metric(&WAIT).histogram(["a \"b\"\\\n"], &histogram);
        assert_eq!(
            text.into_string(),
            "# HELP wait_seconds One\\nline, with a \\\\.\n\
             # TYPE wait_seconds histogram\n\
             wait_seconds_bucket{agent=\"a \\\"b\\\"\\\\\\n\",le=\"0.5\"} 1\n\
             wait_seconds_bucket{agent=\"a \\\"b\\\"\\\\\\n\",le=\"10\"} 1\n\
             wait_seconds_bucket{agent=\"a \\\"b\\\"\\\\\\n\",le=\"+Inf\"} 1\n\
             wait_seconds_sum{agent=\"a \\\"b\\\"\\\\\\n\"} 0.25\n\
             wait_seconds_count{agent=\"a \\\"b\\\"\\\\\\n\"} 1\n"
        );
    }
}
