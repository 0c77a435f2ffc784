//! A gigabyte of output: read while a run prints it, and read as a log afterwards.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Bench;
use super::figure::{Figure, Limit, Unit, median, millis};
use crate::interrupt;
use crate::sandbox::{NO_API, Sandbox};
use crate::step::run;

const BYTES: u64 = 1_000_000_000;
const ROUNDS: usize = 3;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let directory = tempfile::Builder::new().prefix("claude-worker-").tempdir()?;
    let (text, transcript) = (directory.path().join("text"), directory.path().join("transcript"));
    fill(&text, |out, n| {
        writeln!(out, "{n:>9} A line of ordinary length, as commands print them.")
    })?;
    fill(&transcript, |out, n| out.write_all(exchange(n).as_bytes()))?;
    // What the engine takes for Claude Code prints the transcript.
    let agent = directory.path().join("claude");
    fs::write(&agent, format!("#!/bin/sh\nexec cat '{}'\n", transcript.display()))?;
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o700))?;
    let sandbox = Sandbox::new(&bench.worker, &agent, NO_API, "workers = 2")?;
    sandbox.start_engine()?;
    let print = format!("cat '{}'", text.display());
    let (mut printed, mut followed) = (Vec::new(), Vec::new());
    let (mut read, mut conversation) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (id, time) = through_a_run(&sandbox, &["--agent", "shell", &print])?;
        printed.push(time);
        read.push(log(&sandbox, &id)?);
        remove(&sandbox, &id)?;
        followed.push(followed_run(&sandbox, &print)?);
        let (id, _) = through_a_run(&sandbox, &["Print it"])?;
        conversation.push(log(&sandbox, &id)?);
        remove(&sandbox, &id)?;
        interrupt::check()?;
    }
    sandbox.stop()?;
    let (printed, followed) = (median(&printed), median(&followed));
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
    let detail = |a: Duration, b: Duration| {
        format!("{:.2} s, {:.2} s; {ROUNDS} rounds", a.as_secs_f64(), b.as_secs_f64())
    };
    let whole = |what: &str, times: &[Duration]| Figure {
        what: what.to_owned(),
        value: millis(median(times)),
        unit: Unit::Milliseconds,
        limit: Limit::AtMost(5000.0),
        detail: format!("to /dev/null; {ROUNDS} rounds"),
    };
    Ok(vec![
        Figure {
            what: "`logs -f` of a run that prints 1 GB: time of the run that nobody follows"
                .to_owned(),
            value: ratio(followed, printed),
            unit: Unit::Times,
            limit: Limit::AtMost(1.25),
            detail: detail(followed, printed),
        },
        whole("`logs` of a command that printed 1 GB", &read),
        whole("`logs` of a Claude Code transcript of 1 GB", &conversation),
    ])
}

/// Makes a file of [`BYTES`] or a little more; each call of `part` writes some of it.
fn fill(path: &Path, part: impl Fn(&mut Counted, u64) -> std::io::Result<()>) -> Result<()> {
    let mut out =
        Counted { file: BufWriter::with_capacity(1 << 20, File::create(path)?), bytes: 0 };
    let mut n = 0;
    while out.bytes < BYTES {
        part(&mut out, n)?;
        n += 1;
    }
    out.flush()?;
    Ok(())
}

struct Counted {
    file: BufWriter<File>,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// What Claude Code prints when it reads a file of some kilobytes and says a word about it.
fn exchange(n: u64) -> String {
    let line = |m: u64| format!("{m:>6}\\tlet value_{m} = parse(&input[{n}..], \\\"text\\\")?;\\n");
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

/// The task that was run, and how long it took.
fn through_a_run(sandbox: &Sandbox, args: &[&str]) -> Result<(String, Duration)> {
    let start = Instant::now();
    let id = sandbox.submit(args)?;
    sandbox.wait(std::slice::from_ref(&id))?;
    Ok((id, start.elapsed()))
}

/// How long it takes until who follows a run has read it all.
fn followed_run(sandbox: &Sandbox, print: &str) -> Result<Duration> {
    let start = Instant::now();
    let id = sandbox.submit(&["--agent", "shell", print])?;
    let mut logs = sandbox.worker(&["logs", &id, "-f"]);
    run(logs.stdout(Stdio::null()).stderr(Stdio::null()))?;
    let time = start.elapsed();
    remove(sandbox, &id)?;
    Ok(time)
}

fn log(sandbox: &Sandbox, id: &str) -> Result<Duration> {
    let start = Instant::now();
    run(sandbox.worker(&["logs", id]).stdout(Stdio::null()))?;
    let time = start.elapsed();
    Ok(time)
}

fn remove(sandbox: &Sandbox, id: &str) -> Result<()> {
    run(sandbox.worker(&["remove", id]).stdout(Stdio::null()))
}
