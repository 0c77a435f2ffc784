//! The real Claude Code CLI: ours against `xargs -P4` over the bare CLI.

use std::fs::File;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use scripted_api::ScriptedApi;

use super::Bench;
use super::figure::{Figure, Limit, Unit, median};
use crate::interrupt;
use crate::sandbox::Sandbox;

const PROMPTS: usize = 8;
const ROUNDS: usize = 7;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let api = ScriptedApi::start()?;
    let sandbox = Sandbox::new(&bench.worker, &bench.claude, &api.url(), "workers = 4")?;
    sandbox.start_engine()?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    // The first round warms caches and the CLI's home, and is not counted.
    for round in 0..=ROUNDS {
        let (a, b) = (through_us(&sandbox)?, through_xargs(bench, &sandbox)?);
        if round > 0 {
            ours.push(a);
            bare.push(b);
        }
        interrupt::check()?;
    }
    let asked = api.turns("[[say Answer");
    ensure!(asked == 2 * PROMPTS * (ROUNDS + 1), "the model was asked {asked} times");
    sandbox.stop()?;
    let (ours, bare) = (median(&ours), median(&bare));
    Ok(vec![Figure {
        what: format!("{PROMPTS} Claude prompts, 4 workers: time of `xargs -P4 claude -p`"),
        value: ours.as_secs_f64() / bare.as_secs_f64(),
        unit: Unit::Times,
        limit: Limit::AtMost(1.15),
        detail: format!(
            "{:.2} s, xargs {:.2} s; {ROUNDS} rounds",
            ours.as_secs_f64(),
            bare.as_secs_f64()
        ),
    }])
}

fn through_us(sandbox: &Sandbox) -> Result<Duration> {
    let start = Instant::now();
    let mut ids = Vec::new();
    for number in 0..PROMPTS {
        ids.push(sandbox.submit(&[&format!("[[say Answer {number}]]")])?);
    }
    sandbox.wait(&ids)?;
    Ok(start.elapsed())
}

fn through_xargs(bench: &Bench, sandbox: &Sandbox) -> Result<Duration> {
    let start = Instant::now();
    let mut xargs = sandbox.command("xargs");
    let mut child = xargs
        .args(["-d", "\\n", "-P4", "-I{}"])
        .arg(&bench.claude)
        .args(["-p", "--output-format", "stream-json", "--verbose", "{}"])
        .stdin(Stdio::piped())
        .stdout(File::create(sandbox.path("xargs.out"))?)
        .spawn()?;
    let mut stdin = child.stdin.take().context("xargs has no input")?;
    for number in 0..PROMPTS {
        writeln!(stdin, "[[say Answer {number}]]")?;
    }
    drop(stdin);
    let status = child.wait()?;
    ensure!(status.success(), "xargs ended with {status}");
    Ok(start.elapsed())
}
