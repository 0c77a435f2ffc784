//! Every metric, declared once: name, kind, labels and meaning.

/// What kind of metric it is, in Prometheus' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows, from 0 at the engine's start.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How many observations are below each of some bounds.
    Histogram,
}

impl MetricKind {
    /// Its name in the text format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: MetricKind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($NAME:ident = $name:literal $kind:ident [$($label:literal),*] $help:literal;)*) => {
        $(
            pub(super) const $NAME: Metric = Metric {
                name: $name,
                kind: MetricKind::$kind,
                labels: &[$($label),*],
                help: $help,
            };
        )*

        /// Every metric, in the order of the page.
        pub const METRICS: &[Metric] = &[$($NAME),*];
    };
}

metrics! {
    BUILD_INFO = "claude_worker_build_info" Gauge ["version"]
        "Always 1; the version of the engine.";
    READY = "claude_worker_ready" Gauge []
        "1 while the engine can take on and run tasks, as /ready says.";

    TASKS = "claude_worker_tasks" Gauge ["status"]
        "Tasks by status.";
    TASKS_UNSEEN = "claude_worker_tasks_unseen" Gauge ["reason"]
        "Finished tasks that need a person and that no person has looked at: failed, or with denied tools.";
    QUEUE_PAUSED = "claude_worker_queue_paused" Gauge []
        "1 while the queue is paused.";
    WORKERS = "claude_worker_workers" Gauge []
        "Tasks that may run at once.";
    WORKERS_BUSY = "claude_worker_workers_busy" Gauge []
        "Tasks that run now.";
    SUBMITTED = "claude_worker_tasks_submitted_total" Counter []
        "Tasks submitted.";
    QUEUE_WAIT = "claude_worker_queue_wait_seconds" Histogram ["agent"]
        "Time from the moment a run could have started to the start of its agent.";

    RUNS_STARTED = "claude_worker_runs_started_total" Counter ["agent"]
        "Runs whose agent was started.";
    RUNS_ENDED = "claude_worker_runs_ended_total" Counter ["agent", "verdict"]
        "Runs that ended, by verdict: completed, cancelled, or the kind of failure.";
    RUN_DURATION = "claude_worker_run_duration_seconds" Histogram ["agent"]
        "Time from the start of a run's agent to its end.";
    RUNS_ADOPTED = "claude_worker_runs_adopted_total" Counter []
        "Runs of an earlier engine that this one took over.";
    COST = "claude_worker_cost_usd_total" Counter ["model"]
        "Cost of ended runs in US dollars, as the agents report it.";
    TOKENS = "claude_worker_tokens_total" Counter ["kind", "model"]
        "Tokens of ended runs: input, output, cache_read, cache_creation.";

    ROUNDS = "claude_worker_engine_rounds_total" Counter []
        "Rounds of the dispatcher, each at most one transaction.";
    COMMIT_DURATION = "claude_worker_engine_commit_duration_seconds" Histogram []
        "Time of a commit, with the flush to the disk.";
    FAILED_COMMITS = "claude_worker_engine_failed_commits_total" Counter []
        "Transactions that could not be stored and were rolled back.";
    EVENTS = "claude_worker_events_total" Counter []
        "Events stored since the database was created.";
    DATABASE_BYTES = "claude_worker_database_bytes" Gauge []
        "Size of the database file.";
    DATABASE_LOG_BYTES = "claude_worker_database_log_bytes" Gauge []
        "Size of the database's write-ahead log.";
    OUTPUT_BYTES = "claude_worker_output_bytes" Gauge []
        "Output kept of all runs.";
    DISK_FREE_BYTES = "claude_worker_disk_free_bytes" Gauge []
        "Free space on the disk of the database.";

    CONNECTIONS = "claude_worker_connections" Gauge ["listener"]
        "Open connections of clients: over TCP, or at the local socket.";
    REQUESTS = "claude_worker_requests_total" Counter ["code", "method"]
        "Answered requests by method of the API and HTTP status; the method is none for other addresses.";
    EVENT_STREAMS = "claude_worker_event_streams" Gauge []
        "Clients that follow the stream of events.";

    SPANS_DROPPED = "claude_worker_spans_dropped_total" Counter []
        "Spans of runs that were not sent: too many were waiting, the receiver refused them, or the engine stopped.";

    START_TIME = "process_start_time_seconds" Gauge []
        "When the engine started, in seconds since the Unix epoch.";
    CPU = "process_cpu_seconds_total" Counter []
        "Processor time of the engine's process.";
    RESIDENT = "process_resident_memory_bytes" Gauge []
        "Memory of the engine's process.";
    OPEN_FILES = "process_open_fds" Gauge []
        "Open file descriptors of the engine's process.";
    MOST_FILES = "process_max_fds" Gauge []
        "How many file descriptors the engine's process may open.";
}
