//! Many tiny tasks: ours against pueue, task-spooler and xargs.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::Bench;
use super::figure::{Figure, Limit, Unit, median};
use crate::interrupt;
use crate::sandbox::{NO_API, Sandbox};
use crate::setup::{self, Peers};
use crate::step::{output, probe, run};

const TASKS: usize = 200;
const ROUNDS: usize = 5;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let peers = setup::peers()?;
    let sandbox = Sandbox::new(&bench.worker, &bench.claude, NO_API, "workers = 2")?;
    sandbox.start_engine()?;
    let spooler = Spooler::start(&sandbox, &peers)?;
    let (mut ours, mut spooled, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(through_us(&sandbox)?);
        spooled.push(spooler.drain()?);
        floor.push(through_xargs(&sandbox)?);
        interrupt::check()?;
    }
    drop(spooler);
    // Half a minute each: one round tells enough.
    let pueue = Pueue::start(&sandbox, &peers)?.drain()?;
    sandbox.stop()?;
    let (ours, spooled, floor) = (median(&ours), median(&spooled), median(&floor));
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
    let figure = |peer: &str, theirs: Duration, value, limit| Figure {
        what: format!("{TASKS} × `true`, 2 workers, one call each: {peer}"),
        value,
        unit: Unit::Times,
        limit,
        detail: format!("{:.3} s, {:.3} s", ours.as_secs_f64(), theirs.as_secs_f64()),
    };
    Ok(vec![
        figure("faster than pueue", pueue, ratio(pueue, ours), Limit::AtLeast(20.0)),
        figure("time of task-spooler", spooled, ratio(ours, spooled), Limit::AtMost(6.0)),
        figure("time of `xargs -P2`, the floor", floor, ratio(ours, floor), Limit::None),
    ])
}

fn through_us(sandbox: &Sandbox) -> Result<Duration> {
    let start = Instant::now();
    let mut ids = Vec::with_capacity(TASKS);
    for _ in 0..TASKS {
        ids.push(sandbox.submit(&["--agent", "shell", "true"])?);
    }
    sandbox.wait(&ids)?;
    Ok(start.elapsed())
}

fn through_xargs(sandbox: &Sandbox) -> Result<Duration> {
    let start = Instant::now();
    let loop_of = format!("seq {TASKS} | xargs -P2 -I{{}} true");
    run(sandbox.command("sh").args(["-c", &loop_of]))?;
    Ok(start.elapsed())
}

/// task-spooler with two slots and a server of its own.
struct Spooler<'a> {
    sandbox: &'a Sandbox,
    program: PathBuf,
}

impl<'a> Spooler<'a> {
    fn start(sandbox: &'a Sandbox, peers: &Peers) -> Result<Self> {
        let spooler = Self { sandbox, program: peers.tsp.clone() };
        // The first call starts the server, which must not inherit this program's output.
        let mut start = spooler.call(&["-S", "2"]);
        run(start.stdout(Stdio::null()).stderr(Stdio::null()))?;
        Ok(spooler)
    }

    fn call(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(&self.program);
        command.args(args).env("TS_SOCKET", self.sandbox.path("tsp.socket"));
        command.env("TS_MAXFINISHED", "10");
        command
    }

    fn drain(&self) -> Result<Duration> {
        let start = Instant::now();
        let mut ids = Vec::with_capacity(TASKS);
        for _ in 0..TASKS {
            ids.push(output(&mut self.call(&["true"]))?);
        }
        // With two slots the last two started are the last two to end.
        for id in ids.iter().rev().take(2) {
            run(self.call(&["-w", id.trim()]).stdout(Stdio::null()))?;
        }
        Ok(start.elapsed())
    }
}

impl Drop for Spooler<'_> {
    fn drop(&mut self) {
        probe(&mut self.call(&["-K"]));
    }
}

/// pueue with two slots and a daemon of its own.
struct Pueue<'a> {
    sandbox: &'a Sandbox,
    directory: PathBuf,
    config: PathBuf,
    daemon: Child,
}

impl<'a> Pueue<'a> {
    fn start(sandbox: &'a Sandbox, peers: &Peers) -> Result<Self> {
        let state = sandbox.path("pueue");
        fs::create_dir_all(&state)?;
        let config = sandbox.path("pueue.yml");
        fs::write(
            &config,
            format!(
                "shared:\n  pueue_directory: {0}\n  runtime_directory: {0}\n  \
                 use_unix_socket: true\n  unix_socket_path: {0}/socket\n\
                 client: {{}}\ndaemon: {{}}\n",
                state.display()
            ),
        )?;
        let mut daemon = sandbox.command(peers.pueue.join("pueued"));
        daemon.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = daemon.spawn().context("cannot start pueued")?;
        let pueue = Self { sandbox, directory: peers.pueue.clone(), config, daemon };
        let deadline = Instant::now() + Duration::from_secs(10);
        while probe(&mut pueue.call(&["status"])).is_none() {
            interrupt::check()?;
            anyhow::ensure!(Instant::now() < deadline, "pueued does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        run(pueue.call(&["parallel", "2"]).stdout(Stdio::null()))?;
        Ok(pueue)
    }

    fn call(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(self.directory.join("pueue"));
        command.arg("-c").arg(&self.config).args(args);
        command
    }

    fn drain(&self) -> Result<Duration> {
        let start = Instant::now();
        for _ in 0..TASKS {
            output(&mut self.call(&["add", "--", "true"]))?;
        }
        run(self.call(&["wait", "--quiet"]).stdout(Stdio::null()))?;
        Ok(start.elapsed())
    }
}

impl Drop for Pueue<'_> {
    fn drop(&mut self) {
        probe(&mut self.call(&["shutdown"]));
        // In case it did not shut down.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
