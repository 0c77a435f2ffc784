//! Durable submissions over HTTP, against PostgreSQL on the same disk; and what clients feel meanwhile.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use super::figure::{Figure, Limit, Unit};
use super::memory;
use super::postgres::Postgres;
use crate::interrupt;
use crate::sandbox::{NO_API, Sandbox};
use crate::step::{output, run};
use crate::workspace;

/// How long each load lasts, in seconds.
const SECONDS: &str = "8";
/// Clients that submit at once.
const CLIENTS: &str = "32";
/// Clients that follow the events.
const FOLLOWERS: &str = "50";
/// How often ours and PostgreSQL take turns.
const ROUNDS: usize = 3;
/// Tasks in a batch, and how many batches.
const BATCH: [&str; 2] = ["1000", "20"];
/// How often the metrics are read.
const METRICS_READ: &str = "50";
/// How often the overview is read.
const OVERVIEW_READ: &str = "50";

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let sandbox = Sandbox::new(&bench.worker, &bench.claude, NO_API, "workers = 4")?;
    let load = Load::new(&sandbox)?;
    let mut figures = Vec::new();

    // Each in turn, with a queue that only takes: the database is what is compared.
    run(sandbox.worker(&["pause"]).stdout(std::process::Stdio::null()))?;
    let postgres = Postgres::start()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(load.submit("0", "true")?.rate());
        theirs.push(postgres.inserts_per_second(CLIENTS, SECONDS)?);
        interrupt::check()?;
    }
    drop(postgres);
    let (ours, theirs) = (middle(&mut ours), middle(&mut theirs));
    figures.push(Figure {
        what: "Durable submissions over HTTP, 32 clients, queue paused: as many as PostgreSQL".to_owned(),
        value: ours / theirs,
        unit: Unit::Times,
        limit: Limit::AtLeast(1.0),
        detail: format!(
            "{ours:.0} a second; pgbench with 32 clients inserts the same rows {theirs:.0} times a second; {ROUNDS} rounds"
        ),
    });
    let batch = load.run(&["batch", BATCH[0], BATCH[1], "true"])?;
    figures.push(millis(
        "A batch of 1000 tasks, in one commit, median",
        batch.get("batch_p50")?,
        60.0,
        format!("{} batches, slowest {:.1} ms", BATCH[1], batch.get("batch_max")? / 1000.0),
    ));
    figures.push(metrics(&load)?);
    sandbox.stop()?;
    drop(sandbox);

    let sandbox = Sandbox::new(&bench.worker, &bench.claude, NO_API, "workers = 4")?;
    let load = Load::new(&sandbox)?;
    let busy = load.submit(FOLLOWERS, "sleep 0.2")?;
    let with = format!("while 4 workers drain and {FOLLOWERS} clients follow events");
    figures.push(Figure {
        what: format!("Durable submissions over HTTP, 32 clients, {with}"),
        value: busy.rate(),
        unit: Unit::PerSecond,
        limit: Limit::AtLeast(5000.0),
        detail: format!(
            "median {:.1} ms; every follower read all {:.0} submissions",
            busy.get("submit_p50")? / 1000.0,
            busy.get("submitted")?
        ),
    });
    figures.push(millis("The same, p99", busy.get("submit_p99")?, 20.0, String::new()));
    figures.push(millis(
        "`GET` of a task under that load, p99",
        busy.get("get_p99")?,
        10.0,
        String::new(),
    ));
    figures.push(millis(
        "Event to its followers under that load, p95",
        busy.get("event_p95")?,
        20.0,
        "from before the commit until a follower has read it".to_owned(),
    ));
    let (least, all) = (busy.get("seen_least")?, busy.get("submitted")?);
    anyhow::ensure!(least >= all, "a follower read {least} of {all} submissions");
    sandbox.stop()?;
    figures.push(overview(bench)?);
    Ok(figures)
}

/// The overview of two weeks in which all runs of a long history ended, and all its tasks today.
fn overview(bench: &Bench) -> Result<Figure> {
    let sandbox = memory::stopped_with_history(bench)?;
    let load = Load::new(&sandbox)?;
    let page = load.run(&["get", "/api/v1/overview", OVERVIEW_READ])?;
    sandbox.stop()?;
    Ok(millis(
        &format!("`GET /api/v1/overview` of {} runs in 14 days, median", memory::HISTORY),
        page.get("get_p50")?,
        50.0,
        format!("slowest of {OVERVIEW_READ}: {:.1} ms", page.get("get_max")? / 1000.0),
    ))
}

/// The page of metrics, with all tasks that were submitted before.
fn metrics(load: &Load<'_>) -> Result<Figure> {
    let counted = output(&mut load.sandbox.worker(&["status", "--json"]))?;
    let status: serde_json::Value = serde_json::from_str(&counted)?;
    let tasks = status["queue"]["counts"]["pending"].as_u64().context("no count of tasks")?;
    anyhow::ensure!(tasks >= 100_000, "only {tasks} tasks are there");
    let page = load.run(&["get", "/metrics", METRICS_READ])?;
    Ok(millis(
        "`GET /metrics` with more than 100,000 tasks, median",
        page.get("get_p50")?,
        10.0,
        format!(
            "{tasks} tasks; slowest of {METRICS_READ}: {:.1} ms",
            page.get("get_max")? / 1000.0
        ),
    ))
}

fn millis(what: &str, micros: f64, limit: f64, detail: String) -> Figure {
    Figure {
        what: what.to_owned(),
        value: micros / 1000.0,
        unit: Unit::Milliseconds,
        limit: Limit::AtMost(limit),
        detail,
    }
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The load of clients on an engine that serves HTTP.
struct Load<'a> {
    sandbox: &'a Sandbox,
    program: PathBuf,
    address: String,
    token: String,
}

/// What a load has measured, by name.
struct Measured(HashMap<String, f64>);

impl<'a> Load<'a> {
    fn new(sandbox: &'a Sandbox) -> Result<Self> {
        let program = compile(&sandbox.path("http-load"))?;
        let started = output(&mut sandbox.worker(&["server", "start", "--port", "0", "--json"]))?;
        let info: serde_json::Value = serde_json::from_str(&started)?;
        let address = info["http"].as_str().context("the engine does not serve HTTP")?;
        let address = address.trim_start_matches("http://").to_owned();
        let token = fs::read_to_string(sandbox.data().join("token"))?;
        Ok(Self { sandbox, program, address, token })
    }

    /// Submits for a while, with these followers.
    fn submit(&self, followers: &str, command: &str) -> Result<Measured> {
        self.run(&[SECONDS, CLIENTS, followers, command])
    }

    fn run(&self, arguments: &[&str]) -> Result<Measured> {
        let mut command = self.sandbox.command(&self.program);
        command.args([&self.address, self.token.trim()]);
        let text = output(command.arg(self.sandbox.project()).args(arguments))?;
        let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
        let read = |(name, value): (&str, &str)| Ok((name.to_owned(), value.parse()?));
        Ok(Measured(pairs.map(read).collect::<Result<_>>()?))
    }
}

impl Measured {
    fn get(&self, name: &str) -> Result<f64> {
        self.0.get(name).copied().with_context(|| format!("the load did not measure {name}"))
    }

    /// Submissions a second.
    fn rate(&self) -> f64 {
        let get = |name: &str| self.0.get(name).copied().unwrap_or(f64::NAN);
        get("submitted") / Duration::from_micros(get("micros") as u64).as_secs_f64()
    }
}

fn compile(program: &Path) -> Result<PathBuf> {
    let source = workspace::root().join("xtask/src/bench/http_load.rs");
    let mut compile = Command::new("rustc");
    compile.args(["--edition", "2024", "-O", "-o"]);
    run(compile.arg(program).arg(&source))?;
    Ok(program.to_owned())
}
