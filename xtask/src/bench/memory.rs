//! Memory of a supervisor, of an engine with a long history, and of a reader of a long log.

use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;

use super::Bench;
use super::figure::{Figure, Limit, Unit, mebibytes};
use crate::interrupt;
use crate::processes::{self, Process};
use crate::sandbox::{NO_API, Sandbox};
use crate::step::{output, run};

/// Finished tasks in a long history.
pub(super) const HISTORY: u32 = 100_000;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = vec![supervisors(bench)?, engine(bench)?];
    figures.extend(following(bench)?);
    Ok(figures)
}

fn supervisors(bench: &Bench) -> Result<Figure> {
    const COUNT: usize = 4;
    let sandbox = Sandbox::new(&bench.worker, &bench.claude, NO_API, "workers = 4")?;
    let gate = sandbox.path("gate");
    run(sandbox.command("mkfifo").arg(&gate))?;
    // Each task prints a line and then waits, so that its supervisor has handled output.
    let command = format!("echo here; read line < '{}'", gate.display());
    for _ in 0..COUNT {
        let id = sandbox.submit(&["--agent", "shell", &command])?;
        // Returns when the line has arrived; the task keeps running.
        wait_for_line(&sandbox, &id)?;
    }
    let all = processes::with_environment("CLAUDE_WORKER_HOME", &sandbox.data())?;
    let at_work =
        |p: &&Process| p.args.first().is_some_and(|arg| arg.starts_with("claude-worker: task "));
    let found: Vec<&Process> = all.iter().filter(at_work).collect();
    ensure!(found.len() == COUNT, "{} supervisors instead of {COUNT}: {all:?}", found.len());
    let sizes: Vec<u64> =
        found.iter().map(|process| processes::pss_kib(process.pid)).collect::<Result<_>>()?;
    sandbox.stop()?;
    let largest = sizes.iter().copied().max().unwrap_or_default();
    Ok(Figure {
        what: "One supervisor at work, PSS".to_owned(),
        value: mebibytes(largest),
        unit: Unit::MiB,
        limit: Limit::AtMost(2.0),
        detail: format!("the largest of {COUNT}"),
    })
}

/// Follows a task's log until something is in it.
fn wait_for_line(sandbox: &Sandbox, id: &str) -> Result<()> {
    use std::io::Read;
    let mut logs = sandbox.worker(&["logs", id, "-f", "--raw"]).stdout(Stdio::piped()).spawn()?;
    let mut stdout = logs.stdout.take().context("logs has no output")?;
    let read = stdout.read(&mut [0; 1]);
    logs.kill()?;
    logs.wait()?;
    ensure!(read? == 1, "the task ended without a line");
    Ok(())
}

/// A sandbox whose engine runs and has many finished tasks behind it.
pub(super) fn long_history(bench: &Bench) -> Result<Sandbox> {
    let sandbox = stopped_with_history(bench)?;
    sandbox.start_engine()?;
    Ok(sandbox)
}

/// A sandbox without an engine, in whose database are many finished tasks.
pub(super) fn stopped_with_history(bench: &Bench) -> Result<Sandbox> {
    let sandbox = Sandbox::new(&bench.worker, &bench.claude, NO_API, "workers = 2")?;
    let id = sandbox.submit(&["--agent", "shell", "--name", "a task among many", "echo done"])?;
    sandbox.wait(&[id])?;
    sandbox.stop()?;
    multiply(&sandbox.data().join("tasks.db")).context("cannot write a long history")?;
    Ok(sandbox)
}

/// Copies the only task of a database, with its run and events, many times. The engine wrote that
/// task, so the copies have the same columns as real ones.
fn multiply(database: &std::path::Path) -> Result<()> {
    let mut connection = Connection::open(database)?;
    let transaction = connection.transaction()?;
    for (table, keys) in [
        ("task", &[("id", "n.n"), ("idempotency_key", "NULL"), ("queue_position", "n.n")][..]),
        ("request", &[("task_id", "n.n")]),
        ("run", &[("id", "n.n || '-1-00000000'"), ("task_id", "n.n"), ("output_bytes", "0")]),
        // They ended in the 13 days before.
        ("spending", &[("ended_at", "t.ended_at - 11232 * n.n"), ("usd", "0.01 * (n.n % 100)")]),
        (
            "event",
            &[
                ("seq", "t.seq + 1000 * n.n"),
                ("task_id", "n.n"),
                ("ordinal", "t.ordinal + 1000 * n.n"),
            ],
        ),
    ] {
        let columns: Vec<String> = transaction
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let value = |column: &String| match keys.iter().find(|(key, _)| key == column) {
            Some((_, value)) => (*value).to_owned(),
            None => format!("t.{column}"),
        };
        let values: Vec<String> = columns.iter().map(value).collect();
        transaction.execute(
            &format!(
                "WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
                 INSERT INTO {table} ({}) SELECT {} FROM n, {table} AS t WHERE t.{} = 1",
                columns.join(", "),
                values.join(", "),
                match table {
                    "task" => "id",
                    "spending" => "rowid",
                    _ => "task_id",
                },
            ),
            [HISTORY],
        )?;
    }
    transaction.commit()?;
    Ok(())
}

fn engine(bench: &Bench) -> Result<Figure> {
    let sandbox = long_history(bench)?;
    // Ordinary use: pages of the history, some tasks, a client that waits.
    let mut list = sandbox.worker(&["list", "--limit", "1000"]);
    run(list.stdout(Stdio::null()).stderr(Stdio::null()))?;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(sandbox.submit(&["--agent", "shell", "echo done"])?);
    }
    sandbox.wait(&ids)?;
    let pid = engine_pid(&sandbox)?;
    let (now, peak) = (processes::rss_kib(pid)?, processes::peak_rss_kib(pid)?);
    sandbox.stop()?;
    Ok(Figure {
        what: format!("Headless engine with {HISTORY} tasks in its history, RSS"),
        value: mebibytes(now),
        unit: Unit::MiB,
        limit: Limit::AtMost(30.0),
        detail: format!("after listing 1000 and running 20; peak {:.1} MiB", mebibytes(peak)),
    })
}

fn engine_pid(sandbox: &Sandbox) -> Result<u32> {
    let health = output(&mut sandbox.worker(&["server", "health", "--json"]))?;
    let health: serde_json::Value = serde_json::from_str(&health)?;
    let pid = health["pid"].as_u64().context("server health --json names no pid")?;
    Ok(u32::try_from(pid)?)
}

fn following(bench: &Bench) -> Result<Vec<Figure>> {
    const SMALL: u64 = 10_000_000;
    const LARGE: u64 = 1_000_000_000;
    let sandbox = Sandbox::new(&bench.worker, &bench.claude, NO_API, "workers = 2")?;
    let small = follow(&sandbox, SMALL)?;
    let start = Instant::now();
    let large = follow(&sandbox, LARGE)?;
    let seconds = start.elapsed().as_secs();
    let engine = processes::peak_rss_kib(engine_pid(&sandbox)?)?;
    sandbox.stop()?;
    Ok(vec![
        Figure {
            what: "`logs -f` of 1 GB: peak memory, against 10 MB".to_owned(),
            value: mebibytes(large) / mebibytes(small),
            unit: Unit::Times,
            limit: Limit::AtMost(1.25),
            detail: format!(
                "{:.1} MiB, {:.1} MiB; 1 GB took {seconds} s",
                mebibytes(large),
                mebibytes(small)
            ),
        },
        Figure {
            what: "Engine that served that log, peak RSS".to_owned(),
            value: mebibytes(engine),
            unit: Unit::MiB,
            limit: Limit::None,
            detail: String::new(),
        },
    ])
}

/// The peak memory of `logs -f` while a task prints this many bytes.
fn follow(sandbox: &Sandbox, bytes: u64) -> Result<u64> {
    let print = format!("yes 'A line of ordinary length, as agents print them.' | head -c {bytes}");
    let id = sandbox.submit(&["--agent", "shell", &print])?;
    let mut logs = Following(
        sandbox.worker(&["logs", &id, "-f"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?,
    );
    let mut peak = 0;
    // The kernel records the peak, so reading it now and then misses only the last moments of the
    // process.
    while logs.0.try_wait()?.is_none() {
        peak = processes::peak_rss_kib(logs.0.id()).unwrap_or(0).max(peak);
        interrupt::check()?;
        thread::sleep(Duration::from_millis(5));
    }
    sandbox.wait(&[id])?;
    Ok(peak)
}

/// A process that is killed at the end of its measurement.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
