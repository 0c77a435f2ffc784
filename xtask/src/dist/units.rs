//! The units of systemd, read by systemd itself where it is installed.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Job, tree};
use crate::step::{output, probe, run};
use crate::workspace;

/// How exposed the service may be, in tenths, as `systemd-analyze security` counts: 0 is a program that can do
/// nothing, 96 one without restrictions. Tasks need the network, their user's files and namespaces.
const EXPOSURE: &str = "45";
/// The system unit.
pub(super) const UNIT: &str = "claude-worker@.service";

/// Options that break tasks; the unit says why. The first four keep a sandbox from mounting `/proc`, which shows only
/// with a systemd that changes the root by `pivot_root`, so the check of the running service may not notice.
const NOT_SET: &[&str] = &[
    "ProcSubset",
    "ProtectKernelLogs",
    "ProtectKernelTunables",
    "ProtectProc",
    "MemoryDenyWriteExecute",
    "PrivateTmp",
    "ProtectHome",
    "RestrictNamespaces",
];

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
        for option in NOT_SET {
            let set = text.lines().any(|line| line.starts_with(&format!("{option}=")));
            ensure!(!set, "{unit} sets {option}, which breaks tasks");
        }
        ensure!(text.contains("--http-from-config\n"), "{unit} opens a port that nobody asked for");
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
    let restricted = work.join("claude-worker@root.service.d/override.conf");
    tree::write_file(&restricted, documented_drop_in()?.as_bytes())?;
    run(&mut analyze(&["verify", "--man=no", "./claude-worker@root.service"]))?;
    fs::remove_file(&restricted)?;
    run(&mut analyze(&["verify", "--man=no", "--user", "./claude-worker.service"]))?;
    let rated = ["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE];
    output(analyze(&rated).arg("./claude-worker@root.service"))
        .context("the service may do more than it should")?;
    Ok(())
}

/// The settings that `docs/deployment.md` advises to restrict the system unit further.
pub(super) fn documented_drop_in() -> Result<String> {
    let page = fs::read_to_string(workspace::root().join("docs/deployment.md"))?;
    let blocks = page.split("```ini\n").skip(1).filter_map(|rest| rest.split("```").next());
    let found = blocks.into_iter().find(|block| block.contains("ProtectSystem=strict"));
    found.map(str::to_owned).context("docs/deployment.md restricts the unit no further")
}
