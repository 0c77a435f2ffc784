//! How fast a run's output reaches its file, against a plain pipe.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Bench;
use super::figure::{Figure, Limit, Unit, mebibytes, median};
use crate::processes::{self, Process};
use crate::sandbox::{NO_API, Sandbox};
use crate::step::run;

const BYTES: usize = 1_000_000_000;
const ROUNDS: usize = 3;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let config = "workers = 2";
    let sandbox = Sandbox::new(&bench.worker, &bench.claude, NO_API, config)?;
    sandbox.start_engine()?;
    write_lines(&sandbox)?;
    let (mut plain, mut ours, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        plain.push(through_a_pipe(&sandbox)?);
        let (took, memory) = through_us(&sandbox)?;
        ours.push(took);
        peak = peak.max(memory);
    }
    sandbox.stop()?;
    let (plain, ours) = (median(&plain), median(&ours));
    Ok(vec![
        Figure {
            what: "Output of 1 GB through a run: speed, against `cat FILE | cat > FILE2`"
                .to_owned(),
            value: plain.as_secs_f64() / ours.as_secs_f64(),
            unit: Unit::Times,
            limit: Limit::AtLeast(0.8),
            detail: format!("{:.2} s, {:.2} s", ours.as_secs_f64(), plain.as_secs_f64()),
        },
        Figure {
            what: "Supervisor of that run, peak RSS".to_owned(),
            value: mebibytes(peak),
            unit: Unit::MiB,
            limit: Limit::None,
            detail: String::new(),
        },
    ])
}

fn write_lines(sandbox: &Sandbox) -> Result<()> {
    let line = b"A line of ordinary length, as agents print them.\n";
    let block = line.repeat(10_000);
    let mut file = fs::File::create(sandbox.path("lines"))?;
    let mut rest = BYTES;
    while rest > 0 {
        let n = rest.min(block.len());
        file.write_all(&block[..n])?;
        rest -= n;
    }
    // Pending writes would slow down the first measurement.
    Ok(file.sync_all()?)
}

fn through_a_pipe(sandbox: &Sandbox) -> Result<Duration> {
    let copy = sandbox.path("copy");
    let script = r#"cat "$1" | cat > "$2""#;
    let mut command = sandbox.command("sh");
    command.args(["-c", script, "sh"]).arg(sandbox.path("lines")).arg(&copy);
    let start = Instant::now();
    run(&mut command)?;
    let took = start.elapsed();
    fs::remove_file(copy)?;
    Ok(took)
}

/// How long a run takes to print all lines, from submission to its end, and the peak memory of its
/// supervisor.
fn through_us(sandbox: &Sandbox) -> Result<(Duration, u64)> {
    let print = format!("cat '{}'", sandbox.path("lines").display());
    let start = Instant::now();
    let id = sandbox.submit(&["--agent", "shell", &print])?;
    let mut wait = sandbox.worker(&["wait", &id]).stdout(Stdio::null()).spawn()?;
    // It takes the name of its task when it takes the run, which is after the submission.
    let supervisor = loop {
        let all = processes::with_environment("CLAUDE_WORKER_HOME", &sandbox.data())?;
        let at_work = |p: &&Process| {
            p.args.first().is_some_and(|arg| arg.starts_with("claude-worker: task "))
        };
        if let Some(found) = all.iter().find(at_work) {
            break found.pid;
        }
        ensure!(wait.try_wait()?.is_none(), "the run had no supervisor that could be seen");
    };
    let mut peak = 0;
    while wait.try_wait()?.is_none() {
        peak = processes::peak_rss_kib(supervisor).unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = start.elapsed();
    ensure!(wait.wait()?.success(), "task {id} failed");
    run(sandbox.worker(&["remove", &id, "--yes"]).stdout(Stdio::null()))?;
    Ok((took, peak))
}
