//! Latencies: one call, the agent's first instruction, a list of a long history.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::Bench;
use super::figure::{Figure, Limit, Unit, median, millis, quantile};
use super::memory;
use crate::sandbox::{NO_API, Sandbox};
use crate::step::run;
use crate::{interrupt, workspace};

const SAMPLES: usize = 200;
const LISTS: usize = 50;

/// The agent: a program that only writes down the time.
fn agent(directory: &Path) -> Result<PathBuf> {
    let source = workspace::root().join("xtask/src/bench/note_the_time.rs");
    let program = directory.join("note-the-time");
    let mut compile = Command::new("rustc");
    compile.args(["--edition", "2024", "-O", "-C", "target-feature=+crt-static", "-o"]);
    run(compile.arg(&program).arg(&source))?;
    Ok(program)
}

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = starting(bench)?;
    figures.push(listing(bench)?);
    Ok(figures)
}

fn starting(bench: &Bench) -> Result<Vec<Figure>> {
    let sandbox = Sandbox::new(&bench.worker, &bench.claude, NO_API, "workers = 2")?;
    sandbox.start_engine()?;
    let note = sandbox.path("noted");
    let agent = agent(&sandbox.path(""))?;
    let command = format!("exec '{}' '{}'", agent.display(), note.display());
    let (mut calls, mut starts, mut floors) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        // The baseline: the same agent, started directly.
        let began = SystemTime::now();
        run(sandbox.command("/bin/sh").args(["-c", &command]))?;
        floors.push(taken_note(&note, began)?);

        let began = SystemTime::now();
        let clock = Instant::now();
        let id = sandbox.submit(&["--agent", "shell", &command])?;
        calls.push(clock.elapsed());
        sandbox.wait(&[id])?;
        starts.push(taken_note(&note, began)?);
    }
    sandbox.stop()?;
    let floor = millis(median(&floors));
    let figure = |what: &str, value, limit, detail| Figure {
        what: what.to_owned(),
        value,
        unit: Unit::Milliseconds,
        limit: Limit::AtMost(limit),
        detail,
    };
    // The agent's own time until it has written down the time is not counted.
    let ours = |whole: Duration| millis(whole) - floor;
    let began = |whole: Duration| {
        format!(
            "from the start of `claude-worker run`: {:.2} ms until the agent has noted the time, \
             less the {floor:.2} ms that the same agent takes for it without us; {SAMPLES} samples",
            millis(whole)
        )
    };
    Ok(vec![
        figure(
            "Submission to the agent's first instruction, median",
            ours(median(&starts)),
            10.0,
            began(median(&starts)),
        ),
        figure(
            "Submission to the agent's first instruction, p99",
            ours(quantile(&starts, 0.99)),
            50.0,
            began(quantile(&starts, 0.99)),
        ),
        figure(
            "One `claude-worker run` call, median",
            millis(median(&calls)),
            10.0,
            format!("whole process, p99 {:.2} ms", millis(quantile(&calls, 0.99))),
        ),
    ])
}

/// The time from `since` to the time that the agent wrote down; removes its file.
fn taken_note(note: &Path, since: SystemTime) -> Result<Duration> {
    let text = fs::read_to_string(note).context("the agent noted nothing")?;
    fs::remove_file(note)?;
    let noted = Duration::from_nanos(text.parse()?);
    noted.checked_sub(since.duration_since(UNIX_EPOCH)?).context("the clock was set back")
}

fn listing(bench: &Bench) -> Result<Figure> {
    let sandbox = memory::long_history(bench)?;
    let mut times = Vec::new();
    for _ in 0..=LISTS {
        let start = Instant::now();
        run(sandbox.worker(&["list"]).stdout(Stdio::null()).stderr(Stdio::null()))?;
        times.push(start.elapsed());
        interrupt::check()?;
    }
    times.remove(0); // The first one reads the database from disk.
    sandbox.stop()?;
    Ok(Figure {
        what: format!("`list` with {} tasks, whole process, median", memory::HISTORY),
        value: millis(median(&times)),
        unit: Unit::Milliseconds,
        limit: Limit::AtMost(20.0),
        detail: format!("p99 {:.2} ms", millis(quantile(&times, 0.99))),
    })
}
