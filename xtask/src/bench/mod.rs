//! `cargo xtask bench`: the figures of `docs/benchmarks.md`, each with its limit.
//!
//! Programs that are compared run alternately, so that a busy or slow machine affects all of them.
//! The benchmark uses the release build.

mod app;
mod claude;
mod figure;
mod http;
mod latency;
mod logs;
mod machine;
mod mcp;
mod memory;
mod output;
mod postgres;
mod queue;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use self::figure::Figure;
use crate::step::{run as run_program, step};
use crate::{interrupt, setup, workspace};

/// Runs the parts that are named, or all of them. Fails when a limit is missed.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let mut parts: Vec<&str> = args.iter().map(String::as_str).collect();
    let asked_to_write = parts.contains(&"--write");
    parts.retain(|part| *part != "--write");
    if let Some(unknown) = parts.iter().find(|part| !PARTS.iter().any(|(name, _)| name == *part)) {
        bail!(
            "there is no part {unknown}: app, claude, http, latency, logs, mcp, memory, output and queue are the parts"
        );
    }
    if asked_to_write && !parts.is_empty() {
        bail!("--write needs all parts: leave their names out");
    }
    let claude = setup::claude_code()?;
    step("Build claude-worker for release", || {
        let mut build = workspace::cargo();
        run_program(build.args(["build", "--quiet", "--release", "--package", "claude-worker"]))
    })?;
    let bench = Bench { worker: workspace::target()?.join("release/claude-worker"), claude };
    interrupt::clean_up_on_ctrl_c()?;
    let busy = machine::busy();
    if busy > QUIET {
        eprintln!(
            "This machine is {:.0} % busy with other things: do not trust the figures.",
            busy * 100.0
        );
    }
    let mut figures = Vec::new();
    for (name, measure) in PARTS {
        if parts.is_empty() || parts.contains(name) {
            figures.extend(step(&format!("Measure {name}"), || measure(&bench))?);
        }
    }
    let document = document(&figures, busy);
    print!("{document}");
    if asked_to_write {
        fs::write(workspace::root().join("docs/benchmarks.md"), &document)?;
    }
    let missed = figures.iter().filter(|figure| !figure.holds()).count();
    if missed > 0 {
        eprintln!("{missed} of {} figures miss their limits", figures.len());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The largest load by other programs at which figures are reliable.
const QUIET: f64 = 0.1;

/// The programs under test.
pub(crate) struct Bench {
    /// `claude-worker`, the release build.
    worker: PathBuf,
    /// The pinned Claude Code CLI.
    claude: PathBuf,
}

type Measure = fn(&Bench) -> Result<Vec<Figure>>;

const PARTS: &[(&str, Measure)] = &[
    // First, because its figures need an idle machine.
    ("latency", latency::measure),
    ("mcp", mcp::measure),
    ("claude", claude::measure),
    ("queue", queue::measure),
    ("http", http::measure),
    ("output", output::measure),
    ("memory", memory::measure),
    ("logs", logs::measure),
    ("app", app::measure),
];

fn document(figures: &[Figure], busy: f64) -> String {
    format!(
        "# Benchmarks\n\n\
         Measured by `cargo xtask bench --write` on {}, {:.0} % busy with\n\
         other things. What is compared was run in turns within one run; times are medians\n\
         unless it says otherwise.\n\n{}",
        machine::describe(),
        busy * 100.0,
        figure::table(figures),
    )
}
