//! The units of systemd, read by systemd itself where it is installed.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Job;
use crate::step::{output, probe, run};
use crate::workspace;

/// How exposed the service may be, in tenths, as `systemd-analyze security` counts: 0 is a program that can do
/// nothing, 96 one without restrictions. Tasks need the network, their user's files and namespaces.
const EXPOSURE: &str = "45";

/// Checks both units.
pub(super) fn check(job: &Job) -> Result<()> {
    if probe(Command::new("systemd-analyze").arg("--version")).is_none() {
        eprintln!("── Not checked: systemd is not installed here");
        return Ok(());
    }
    let work = job.work("units")?;
    let program = job.programs.join("claude-worker");
    // The template needs a user that exists, and both a program that exists.
    for (unit, name) in [
        ("claude-worker.service", "claude-worker.service"),
        ("claude-worker@.service", "claude-worker@root.service"),
    ] {
        let source = workspace::root().join("packaging/systemd").join(unit);
        let text = fs::read_to_string(&source).with_context(|| format!("cannot read {unit}"))?;
        for line in ["KillMode=process", "OOMPolicy=continue", "Restart=on-failure"] {
            ensure!(text.lines().any(|found| found == line), "{unit} has no {line}");
        }
        let program = program.to_str().context("the target directory's path is not UTF-8")?;
        fs::write(work.join(name), text.replace("/usr/bin/claude-worker", program))?;
    }
    let analyze = |args: &[&str]| {
        let mut command = Command::new("systemd-analyze");
        command.args(args).current_dir(&work).env("XDG_RUNTIME_DIR", &work);
        command
    };
    run(&mut analyze(&["verify", "--man=no", "./claude-worker@root.service"]))?;
    run(&mut analyze(&["verify", "--man=no", "--user", "./claude-worker.service"]))?;
    let rated = ["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE];
    output(analyze(&rated).arg("./claude-worker@root.service"))
        .context("the service may do more than it should")?;
    Ok(())
}
