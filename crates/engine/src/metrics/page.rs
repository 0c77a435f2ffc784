//! The page of all metrics.

use claude_worker_api::{Activity, Counts, Queue, Status, Timestamp};
use claude_worker_os::usage::ProcessUsage;

use super::definitions as defined;
use super::meter::{Counts as Counted, Meter};
use super::text::Text;
use super::traffic::{ListenerKind, Traffic};
use crate::readiness::StorageLook;

/// What the page shows beside what has been counted.
pub(crate) struct State {
    /// The engine's version.
    pub(crate) version: &'static str,
    /// Whether it can take on and run tasks.
    pub(crate) is_ready: bool,
    /// Its queue.
    pub(crate) queue: Queue,
    /// What it has done since it started.
    pub(crate) activity: Activity,
    /// The number of the newest event.
    pub(crate) newest_event: i64,
    /// Bytes of output kept of all runs.
    pub(crate) output_bytes: u64,
    /// The newest look at the storage.
    pub(crate) storage: StorageLook,
    /// When the engine started.
    pub(crate) started_at: Timestamp,
    /// What its process uses.
    pub(crate) process: ProcessUsage,
}

/// The page in Prometheus' text format.
pub(crate) fn page(state: &State, meter: &Meter, traffic: &Traffic) -> String {
    let mut text = Text::default();
    // Read once, so that all numbers of the page belong together.
    let counted = meter.now();
    text.metric(&defined::BUILD_INFO).sample([state.version], true);
    text.metric(&defined::READY).value(state.is_ready);
    queue(&mut text, state);
    runs(&mut text, state, &counted);
    engine(&mut text, state, &counted);
    requests(&mut text, traffic);
    text.metric(&defined::SPANS_DROPPED).value(counted.spans_dropped);
    process(&mut text, state);
    text.into_string()
}

fn queue(text: &mut Text, state: &State) {
    let Queue { paused, workers, counts, unseen } = state.queue;
    let mut tasks = text.metric(&defined::TASKS);
    for status in Status::ALL {
        tasks.sample([status.name()], counts.get(status));
    }
    if counts.unknown > 0 {
        tasks.sample(["other"], counts.unknown);
    }
    let mut tasks = text.metric(&defined::TASKS_UNSEEN);
    tasks.sample(["failed"], unseen.failed);
    tasks.sample(["denied"], unseen.denied);
    let Counts { running, .. } = counts;
    text.metric(&defined::QUEUE_PAUSED).value(paused);
    text.metric(&defined::WORKERS).value(u64::from(workers));
    text.metric(&defined::WORKERS_BUSY).value(running);
    text.metric(&defined::SUBMITTED).value(state.activity.submitted);
}

fn runs(text: &mut Text, state: &State, counted: &Counted) {
    let mut waits = text.metric(&defined::QUEUE_WAIT);
    for (agent, histogram) in &counted.waits {
        waits.histogram([agent], histogram);
    }
    let mut started = text.metric(&defined::RUNS_STARTED);
    for (agent, count) in &counted.started {
        started.sample([agent], *count);
    }
    let mut ended = text.metric(&defined::RUNS_ENDED);
    for ((agent, verdict), count) in &counted.ended {
        ended.sample([agent, verdict], *count);
    }
    let mut durations = text.metric(&defined::RUN_DURATION);
    for (agent, histogram) in &counted.durations {
        durations.histogram([agent], histogram);
    }
    text.metric(&defined::RUNS_ADOPTED).value(state.activity.adopted);
    let mut cost = text.metric(&defined::COST);
    for (model, used) in &counted.models {
        cost.sample([model], used.cost_usd);
    }
    let mut tokens = text.metric(&defined::TOKENS);
    for (model, used) in &counted.models {
        tokens.sample(["input", model], used.input);
        tokens.sample(["output", model], used.output);
        tokens.sample(["cache_read", model], used.cache_read);
        tokens.sample(["cache_creation", model], used.cache_creation);
    }
}

fn engine(text: &mut Text, state: &State, counted: &Counted) {
    text.metric(&defined::ROUNDS).value(counted.rounds);
    text.metric(&defined::COMMIT_DURATION).histogram([], &counted.commits);
    text.metric(&defined::FAILED_COMMITS).value(state.activity.failed_commits);
    text.metric(&defined::EVENTS).value(state.newest_event.unsigned_abs());
    let storage = state.storage;
    text.metric(&defined::DATABASE_BYTES).value(storage.database_bytes);
    text.metric(&defined::DATABASE_LOG_BYTES).value(storage.log_bytes);
    text.metric(&defined::OUTPUT_BYTES).value(state.output_bytes);
    if let Some(free) = storage.free_bytes {
        text.metric(&defined::DISK_FREE_BYTES).value(free);
    }
}

fn requests(text: &mut Text, traffic: &Traffic) {
    let mut connections = text.metric(&defined::CONNECTIONS);
    for listener in ListenerKind::ALL {
        connections.sample([listener.name()], traffic.connections(listener));
    }
    let mut requests = text.metric(&defined::REQUESTS);
    for ((method, code), count) in traffic.requests() {
        requests.sample([&code.to_string(), method], count);
    }
    text.metric(&defined::EVENT_STREAMS).value(traffic.event_streams());
}

/// What the system does not tell is left out.
fn process(text: &mut Text, state: &State) {
    let ProcessUsage { cpu, resident_bytes, open_files, most_files } = state.process;
    text.metric(&defined::START_TIME).value(state.started_at.as_millis() as f64 / 1000.0);
    if let Some(cpu) = cpu {
        text.metric(&defined::CPU).value(cpu.as_secs_f64());
    }
    if let Some(resident_bytes) = resident_bytes {
        text.metric(&defined::RESIDENT).value(resident_bytes);
    }
    if let Some(open_files) = open_files {
        text.metric(&defined::OPEN_FILES).value(open_files);
    }
    if let Some(most_files) = most_files {
        text.metric(&defined::MOST_FILES).value(most_files);
    }
}
