//! `/metrics`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use claude_worker_engine::metrics::{METRICS, Metric, MetricKind};
use rusqlite::Connection;

use crate::connections::Engine;
use crate::support::{Home, until};

/// A sample: its name, its labels, its value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Reads a page as Prometheus does, and checks what `promtool check metrics` would.
fn parse(page: &str) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut current: Option<&Metric> = None;
    let mut declared = BTreeSet::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help text");
            assert!(help.ends_with('.'), "{line}");
            assert!(declared.insert(name.to_owned()), "{name} is declared twice");
            current = METRICS.iter().find(|metric| metric.name == name);
            assert!(current.is_some(), "{name} is not among METRICS");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let metric = current.unwrap();
            assert_eq!(rest, format!("{} {}", metric.name, metric.kind.name()));
        } else {
            let metric = current.expect("a metric before its samples");
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels: BTreeMap<String, String> = labels
                .trim_end_matches('}')
                .split("\",")
                .filter(|label| !label.is_empty())
                .map(|label| label.split_once("=\"").expect("a label"))
                .map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()))
                .collect();
            let names: Vec<&str> =
                labels.keys().map(String::as_str).filter(|name| *name != "le").collect();
            assert_eq!(names, metric.labels, "{line}");
            let suffix = name.strip_prefix(metric.name).expect("a sample of the metric");
            match metric.kind {
                MetricKind::Histogram => assert!(["_bucket", "_sum", "_count"].contains(&suffix)),
                _ => assert_eq!(suffix, ""),
            }
            samples.push((name.to_owned(), labels, value.parse().expect("a number")));
        }
    }
    let series: BTreeSet<_> = samples.iter().map(|(name, labels, _)| (name, labels)).collect();
    assert_eq!(series.len(), samples.len(), "a series is there twice");
    for metric in METRICS {
        let is_counter = metric.kind == MetricKind::Counter;
        assert_eq!(metric.name.ends_with("_total"), is_counter, "{}", metric.name);
        let own = |(name, _, _): &&Sample| name.starts_with(metric.name);
        assert!(
            metric.kind != MetricKind::Counter || samples.iter().filter(own).all(|it| it.2 >= 0.0)
        );
    }
    samples
}

/// The value of the one sample with this name and these labels.
fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> f64 {
    let has = |sample: &&Sample| {
        sample.0 == name
            && labels
                .iter()
                .all(|(label, value)| sample.1.get(*label).is_some_and(|it| it == value))
    };
    let found: Vec<_> = samples.iter().filter(has).collect();
    assert_eq!(found.len(), 1, "{name} {labels:?}: {found:?}");
    found[0].2
}

fn page(engine: &Engine) -> String {
    let (head, body) = engine.ask("GET", "/metrics", Some(&engine.token));
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    body
}

#[test]
fn runs_requests_and_the_queue_are_measured_and_nothing_private_is_in_it() {
    let home = Home::new();
    let engine = Engine::start(&home);
    let (head, _) = engine.ask("GET", "/metrics", None);
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    let before = parse(&page(&engine));
    assert_eq!(value(&before, "claude_worker_ready", &[]), 1.0);
    let shell = |verdict| [("agent", "shell"), ("verdict", verdict)];
    assert_eq!(value(&before, "claude_worker_runs_ended_total", &shell("completed")), 0.0);
    for command in ["echo private-output", "exit 3"] {
        let id = home.shell(command);
        home.finished(id);
    }
    home.run(["pause"]).ok();
    home.shell("true");
    let text = page(&engine);
    let after = parse(&text);
    assert_eq!(value(&after, "claude_worker_runs_ended_total", &shell("completed")), 1.0);
    assert_eq!(value(&after, "claude_worker_runs_ended_total", &shell("exit")), 1.0);
    assert_eq!(value(&after, "claude_worker_runs_started_total", &[("agent", "shell")]), 2.0);
    for histogram in ["claude_worker_run_duration_seconds", "claude_worker_queue_wait_seconds"] {
        let agent = ("agent", "shell");
        let count = value(&after, &format!("{histogram}_count"), &[agent]);
        assert_eq!(count, 2.0, "{histogram}");
        let bucket = format!("{histogram}_bucket");
        assert_eq!(value(&after, &bucket, &[agent, ("le", "+Inf")]), 2.0);
        let sum = value(&after, &format!("{histogram}_sum"), &[agent]);
        assert!((0.0..120.0).contains(&sum), "{histogram}: {sum}");
    }
    for (status, count) in [("completed", 1.0), ("failed", 1.0), ("pending", 1.0)] {
        assert_eq!(value(&after, "claude_worker_tasks", &[("status", status)]), count, "{status}");
    }
    assert_eq!(value(&after, "claude_worker_queue_paused", &[]), 1.0);
    assert_eq!(value(&after, "claude_worker_tasks_unseen", &[("reason", "failed")]), 1.0);
    let refused = [("code", "401"), ("method", "metrics")];
    assert_eq!(value(&after, "claude_worker_requests_total", &refused), 1.0);
    let submitted = [("code", "201"), ("method", "submit")];
    assert_eq!(value(&after, "claude_worker_requests_total", &submitted), 3.0);
    assert!(value(&after, "claude_worker_connections", &[("listener", "tcp")]) >= 1.0);
    let commits = "claude_worker_engine_commit_duration_seconds_count";
    assert!(value(&after, commits, &[]) > value(&before, commits, &[]));
    assert!(value(&after, "claude_worker_database_bytes", &[]) > 0.0);
    assert!(value(&after, "process_resident_memory_bytes", &[]) > 1e6);
    assert!(value(&after, "process_open_fds", &[]) > 5.0);
    let age =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64()
            - value(&after, "process_start_time_seconds", &[]);
    assert!((0.0..300.0).contains(&age), "{age}");
    for private in ["private-output", "exit 3", &*home.work().to_string_lossy()] {
        assert!(!text.contains(private), "{private}");
    }
}

#[test]
fn a_client_that_follows_events_is_counted_while_it_does() {
    use std::io::{Read, Write};
    let home = Home::new();
    let engine = Engine::start(&home);
    let following = || value(&parse(&page(&engine)), "claude_worker_event_streams", &[]);
    assert_eq!(following(), 0.0);
    let mut stream = std::net::TcpStream::connect(&engine.address).unwrap();
    let request = format!(
        "GET /api/v1/events/stream HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n",
        engine.address, engine.token
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    until("it is counted", || following() == 1.0);
    drop(stream);
    // An event, so that the engine notices.
    home.shell("true");
    until("it is counted no longer", || following() == 0.0);
}

/// The page is made of counters in memory: the number of tasks does not matter.
#[test]
fn with_a_hundred_thousand_tasks_the_page_takes_no_longer() {
    const TASKS: i64 = 100_000;
    let home = Home::new();
    home.finished(home.shell("true"));
    home.run(["server", "stop"]).ok();
    let database = Connection::open(home.data().join("tasks.db")).unwrap();
    let columns = "status, state, queue_position, ended_at, name, agent, working_directory, created_at, runs, usage";
    database
        .execute_batch(&format!(
            "BEGIN; WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {TASKS})
             INSERT INTO task (id, {columns}) SELECT i, {columns} FROM n, task WHERE task.id = 1;
             INSERT INTO request (task_id, request) SELECT task.id, request.request FROM task, request
             WHERE task.id > 1; COMMIT;"
        ))
        .unwrap();
    drop(database);
    let engine = Engine::start(&home);
    let mut fastest = Duration::MAX;
    for _ in 0..20 {
        let begun = Instant::now();
        let page = page(&engine);
        fastest = fastest.min(begun.elapsed());
        let tasks = value(&parse(&page), "claude_worker_tasks", &[("status", "completed")]);
        assert_eq!(tasks, TASKS as f64);
    }
    eprintln!("/metrics with {TASKS} tasks: {fastest:?}");
    assert!(fastest < Duration::from_millis(10), "{fastest:?}");
}

#[test]
fn every_metric_is_in_the_document() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("docs/monitoring.md")).unwrap();
    let expected = METRICS.iter().map(|metric| {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind) = (metric.name, metric.kind.name());
        format!("| `{name}` | {kind} | {} | {} |", labels.join(", "), metric.help)
    });
    let rows: Vec<&str> = document
        .lines()
        .filter(|line| line.starts_with("| `claude_worker_") || line.starts_with("| `process_"))
        .collect();
    let expected: Vec<String> = expected.collect();
    assert_eq!(rows, expected, "\n{}\n", expected.join("\n"));
}
