//! A gigabyte of output: read while a run prints it, and read as a log afterwards.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::Result;

use super::Bench;
use super::figure::{Figure, Limit, Unit, median, millis};
use crate::interrupt;
use crate::sandbox::{NO_API, Sandbox};
use crate::step::run;

const BYTES: usize = 1_000_000_000;
/// The size of the generated part, which is then repeated.
const PART_BYTES: usize = 16_000_000;
/// A command that prints a gigabyte and makes each line of it, as fast as one processor can.
const COMPUTE: &str = "awk 'BEGIN { for (n = 0; n < 17000000; n++) \
     printf \"%9d A line of ordinary length, as commands print them.\\n\", n }'";
/// How often a log is read, and a run is followed.
const ROUNDS: usize = 3;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let directory = tempfile::Builder::new().prefix("claude-worker-").tempdir()?;
    let (text, transcript) = (directory.path().join("text"), directory.path().join("transcript"));
    fill(&text, |n| format!("{n:>9} A line of ordinary length, as commands print them.\n"))?;
    fill(&transcript, exchange)?;
    // The agent, in place of Claude Code, prints the transcript.
    let agent = directory.path().join("claude");
    fs::write(&agent, format!("#!/bin/sh\nexec cat '{}'\n", transcript.display()))?;
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o700))?;
    let sandbox = Sandbox::new(&bench.worker, &agent, NO_API, "workers = 2")?;
    sandbox.start_engine()?;
    let figures = vec![
        following(&sandbox, "computes", COMPUTE, Limit::AtMost(1.25))?,
        // This command uses both processors, so a reader slows it down.
        following(&sandbox, "copies", &format!("cat '{}'", text.display()), Limit::None)?,
        reading(
            &sandbox,
            "a command that printed 1 GB",
            &["--agent", "shell", &format!("cat '{}'", text.display())],
        )?,
        reading(&sandbox, "a Claude Code transcript of 1 GB", &["Print it"])?,
    ];
    sandbox.stop()?;
    Ok(figures)
}

/// The time of a run with `logs -f`, divided by the time of the same run without a reader, in turns.
fn following(sandbox: &Sandbox, does: &str, print: &str, limit: Limit) -> Result<Figure> {
    let task = ["--agent", "shell", print];
    let (mut alone, mut followed) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let id = sandbox.submit(&task)?;
        sandbox.wait(std::slice::from_ref(&id))?;
        alone.push(start.elapsed());
        remove(sandbox, &id)?;
        let start = Instant::now();
        let id = sandbox.submit(&task)?;
        let mut logs = sandbox.worker(&["logs", &id, "-f"]);
        run(logs.stdout(Stdio::null()).stderr(Stdio::null()))?;
        followed.push(start.elapsed());
        remove(sandbox, &id)?;
        interrupt::check()?;
    }
    let (alone, followed) = (median(&alone).as_secs_f64(), median(&followed).as_secs_f64());
    Ok(Figure {
        what: format!("`logs -f` of a run that {does} 1 GB: time of the run that nobody follows"),
        value: followed / alone,
        unit: Unit::Times,
        limit,
        detail: format!("{followed:.2} s, {alone:.2} s; {ROUNDS} rounds"),
    })
}

/// The time it takes to read the log of a task that has finished. One run of it is enough.
fn reading(sandbox: &Sandbox, what: &str, task: &[&str]) -> Result<Figure> {
    let id = sandbox.submit(task)?;
    sandbox.wait(std::slice::from_ref(&id))?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        run(sandbox.worker(&["logs", &id]).stdout(Stdio::null()))?;
        times.push(start.elapsed());
        interrupt::check()?;
    }
    remove(sandbox, &id)?;
    Ok(Figure {
        what: format!("`logs` of {what}"),
        value: millis(median(&times)),
        unit: Unit::Milliseconds,
        limit: Limit::AtMost(5000.0),
        detail: format!("to /dev/null; {ROUNDS} rounds"),
    })
}

/// Writes a file of at least [`BYTES`]. This program is not a release build, so only a part of the
/// content is generated, and repeated.
fn fill(path: &Path, part: impl Fn(usize) -> String) -> Result<()> {
    let mut beginning = String::new();
    let mut n = 0;
    while beginning.len() < PART_BYTES {
        beginning += &part(n);
        n += 1;
    }
    let mut file = File::create(path)?;
    for _ in 0..BYTES.div_ceil(beginning.len()) {
        file.write_all(beginning.as_bytes())?;
    }
    Ok(())
}

/// What Claude Code prints when it reads a file of some kilobytes and comments on it.
fn exchange(n: usize) -> String {
    let line =
        |m: usize| format!("{m:>6}\\tlet value_{m} = parse(&input[{n}..], \\\"text\\\")?;\\n");
    let content: String = (0..60).map(line).collect();
    let message = |role: &str, content: &str| {
        format!(
            "{{\"type\":\"{role}\",\"message\":{{\"id\":\"msg_{n}\",\"role\":\"{role}\",\"content\":[{content}]}},\
             \"parent_tool_use_id\":null,\"session_id\":\"0b4d2f4e-7f3f-4f0e-9a57-0d6f4f1f9c11\",\
             \"uuid\":\"{n:032x}\"}}\n"
        )
    };
    let call = format!(
        "{{\"type\":\"tool_use\",\"id\":\"toolu_{n}\",\"name\":\"Read\",\
         \"input\":{{\"file_path\":\"/home/user/project/src/part_{n}.rs\"}}}}"
    );
    let answer = format!(
        "{{\"tool_use_id\":\"toolu_{n}\",\"type\":\"tool_result\",\"content\":\"{content}\"}}"
    );
    let word = format!(
        "{{\"type\":\"text\",\"text\":\"Part {n} parses its input **as expected**; on to the next.\"}}"
    );
    message("assistant", &call) + &message("user", &answer) + &message("assistant", &word)
}

fn remove(sandbox: &Sandbox, id: &str) -> Result<()> {
    run(sandbox.worker(&["remove", id]).stdout(Stdio::null()))
}
