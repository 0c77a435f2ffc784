//! What the dispatcher counts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claude_worker_api::{Agent, Failure, Timestamp, Verdict};

use super::histogram::Histogram;
use crate::run_record::RunRecord;

/// Bounds of waits in the queue, in seconds.
const WAITS: &[f64] = &[0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];
/// Bounds of durations of runs, in seconds.
const RUNS: &[f64] = &[1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];
/// Bounds of durations of commits, in seconds.
const COMMITS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];
/// How many models are told apart. Their names come from requests, and there must not be a label for
/// each mistyped one.
const MOST_MODELS: usize = 24;
/// The longest name of a model that is used as a label, in bytes.
const LONGEST_MODEL: usize = 64;
/// The label of everything that is not told apart.
const OTHER: &str = "other";

/// What has been counted since the engine started.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    pub(super) rounds: u64,
    pub(super) commits: Histogram,
    pub(super) started: BTreeMap<&'static str, u64>,
    pub(super) ended: BTreeMap<(&'static str, &'static str), u64>,
    pub(super) waits: BTreeMap<&'static str, Histogram>,
    pub(super) durations: BTreeMap<&'static str, Histogram>,
    pub(super) models: BTreeMap<String, ModelUse>,
    pub(super) spans_dropped: u64,
}

/// What runs with one model used.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ModelUse {
    pub(super) cost_usd: f64,
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cache_read: u64,
    pub(super) cache_creation: u64,
}

/// The counters of the dispatcher.
#[derive(Debug)]
pub(crate) struct Meter(Mutex<Counts>);

impl Default for Meter {
    fn default() -> Self {
        // A series that is there from the start shows its first increase, too.
        let agents = || Agent::ALL.map(Agent::name).into_iter();
        let each = |bounds| agents().map(move |agent| (agent, Histogram::new(bounds))).collect();
        Self(Mutex::new(Counts {
            rounds: 0,
            commits: Histogram::new(COMMITS),
            started: agents().map(|agent| (agent, 0)).collect(),
            ended: agents()
                .flat_map(|agent| ["completed", "cancelled"].map(|verdict| ((agent, verdict), 0)))
                .collect(),
            waits: each(WAITS),
            durations: each(RUNS),
            models: BTreeMap::new(),
            spans_dropped: 0,
        }))
    }
}

impl Meter {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Counts {
        self.counts().clone()
    }

    /// A round of the dispatcher was made.
    pub(crate) fn round(&self) {
        self.counts().rounds += 1;
    }

    /// A commit took this long.
    pub(crate) fn committed(&self, took: Duration) {
        self.counts().commits.observe(took);
    }

    /// An agent was started at `started_at` that could have been since `queued_at`.
    pub(crate) fn started(
        &self,
        agent: Agent,
        queued_at: Option<Timestamp>,
        started_at: Timestamp,
    ) {
        let mut counts = self.counts();
        let agent = agent_label(agent);
        *counts.started.entry(agent).or_default() += 1;
        if let Some(queued_at) = queued_at {
            let waited = Duration::from_millis(started_at.millis_since(queued_at));
            counts.waits.entry(agent).or_insert_with(|| Histogram::new(WAITS)).observe(waited);
        }
    }

    /// A run ended.
    pub(crate) fn ended(&self, run: &RunRecord) {
        let mut counts = self.counts();
        let agent = agent_label(run.agent);
        *counts.ended.entry((agent, verdict_label(&run.verdict))).or_default() += 1;
        if let Some(started_at) = run.started_at {
            let took = Duration::from_millis(run.ended_at.millis_since(started_at));
            counts.durations.entry(agent).or_insert_with(|| Histogram::new(RUNS)).observe(took);
        }
        let tokens = |count: Option<u64>| count.unwrap_or(0);
        let usage = &run.usage;
        let used = ModelUse {
            cost_usd: run.cost_usd,
            input: tokens(usage.input_tokens),
            output: tokens(usage.output_tokens),
            cache_read: tokens(usage.cache_read_tokens),
            cache_creation: tokens(usage.cache_creation_tokens),
        };
        if used.is_nothing() {
            return;
        }
        let model = counts.model_label(run.model.as_deref());
        counts.models.entry(model).or_default().add(used);
    }

    /// So many trace spans were not exported.
    pub(crate) fn spans_dropped(&self, spans: u64) {
        self.counts().spans_dropped += spans;
    }
}

impl Counts {
    fn model_label(&self, model: Option<&str>) -> String {
        let Some(model) = model else { return "unknown".to_owned() };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@[]".contains(c);
        let is_plain = model.len() <= LONGEST_MODEL && model.chars().all(plain);
        let has_place = self.models.contains_key(model) || self.models.len() < MOST_MODELS;
        if is_plain && has_place { model.to_owned() } else { OTHER.to_owned() }
    }
}

impl ModelUse {
    fn is_nothing(&self) -> bool {
        self.cost_usd <= 0.0
            && self.input + self.output + self.cache_read + self.cache_creation == 0
    }

    fn add(&mut self, more: Self) {
        // A counter never shrinks.
        self.cost_usd += more.cost_usd.max(0.0);
        self.input = self.input.saturating_add(more.input);
        self.output = self.output.saturating_add(more.output);
        self.cache_read = self.cache_read.saturating_add(more.cache_read);
        self.cache_creation = self.cache_creation.saturating_add(more.cache_creation);
    }
}

const fn agent_label(agent: Agent) -> &'static str {
    match agent {
        Agent::Unknown(_) => OTHER,
        agent => agent.name(),
    }
}

fn verdict_label(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Completed { .. } => "completed",
        Verdict::Cancelled => "cancelled",
        Verdict::Failed { failure } => failure_label(failure),
        Verdict::Unknown(_) => OTHER,
    }
}

fn failure_label(failure: &Failure) -> &'static str {
    match failure {
        Failure::Unknown(_) => OTHER,
        failure => failure.kind(),
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{RunId, TaskId, Usage};

    use super::*;

    fn ended(model: &str) -> RunRecord {
        RunRecord {
            task: TaskId(1),
            run: RunId::new(TaskId(1), 1, 1),
            number: 1,
            agent: Agent::Claude,
            model: Some(model.to_owned()),
            verdict: Verdict::Failed { failure: Failure::Lost },
            queued_at: None,
            started_at: Some(Timestamp::from_millis(1000)),
            ended_at: Timestamp::from_millis(3500),
            session_id: None,
            usage: Usage { input_tokens: Some(2), ..Usage::default() },
            cost_usd: 0.25,
            traceparent: None,
        }
    }

    #[test]
    fn there_are_few_labels_whatever_models_are_called() {
        let meter = Meter::default();
        for number in 0..1000 {
            meter.ended(&ended(&format!("model-{number}")));
        }
        meter.ended(&ended("a \"quoted\" name"));
        meter.ended(&ended(&"x".repeat(1000)));
        let counts = meter.now();
        assert_eq!(counts.models.len(), MOST_MODELS + 1);
        assert_eq!(counts.models[OTHER].input, 2 * (1000 - MOST_MODELS as u64 + 2));
        assert_eq!(counts.ended[&("claude", "lost")], 1002);
        let sum: f64 = counts.models.values().map(|model| model.cost_usd).sum();
        assert!((sum - 1002.0 * 0.25).abs() < 1e-9, "{sum}");
        assert_eq!(counts.durations["claude"].sum(), 1002.0 * 2.5);
    }

    #[test]
    fn a_wait_is_counted_where_its_beginning_is_known() {
        let meter = Meter::default();
        let at = Timestamp::from_millis;
        meter.started(Agent::Shell, Some(at(1000)), at(1500));
        meter.started(Agent::Shell, None, at(1500));
        // The wall clock was set back.
        meter.started(Agent::Shell, Some(at(9000)), at(1500));
        let counts = meter.now();
        assert_eq!(counts.started["shell"], 3);
        assert_eq!((counts.waits["shell"].count(), counts.waits["shell"].sum()), (2, 0.5));
    }
}
