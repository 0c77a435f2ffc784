//! The two programs that are packed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::step::{output, run, step};
use crate::{cross, workspace};

/// Their names.
pub(super) const NAMES: &[&str] = &["claude-worker", "claude-worker-mcp"];

/// What they are linked for: programs that need no library of the system.
pub(super) const TARGET: &str = "x86_64-unknown-linux-musl";

/// Builds them for release; returns their directory.
pub(super) fn release() -> Result<PathBuf> {
    step(&format!("Build for {TARGET}"), || {
        ensure!(
            cross::is_there(TARGET),
            "the standard library for {TARGET} is missing, and `rustup target add {TARGET}` did not install it"
        );
        let mut build = cross::zigbuild("zigbuild", TARGET)?;
        build.env("CLAUDE_WORKER_PAGES", "required");
        workspace::name_commit(&mut build);
        run(build.args(["--release", "--locked", "--package", "claude-worker"]))
    })?;
    built()
}

/// The directory of those that were built for release.
pub(super) fn built() -> Result<PathBuf> {
    let directory = workspace::target()?.join(TARGET).join("release");
    for name in NAMES {
        let program = directory.join(name);
        ensure!(program.is_file(), "{} is missing: cargo xtask dist builds it", program.display());
        let described = output(Command::new("file").arg("--brief").arg(&program))?;
        let is_static =
            described.contains("static-pie linked") || described.contains("statically linked");
        ensure!(is_static, "{name} needs libraries of the system: {described}");
    }
    Ok(directory)
}

/// The debug build without debug information, for tests; returns their directory.
pub(super) fn debug() -> Result<PathBuf> {
    let target = workspace::target()?;
    let directory = target.join("dist-check-programs");
    fs::create_dir_all(&directory)?;
    for name in NAMES {
        let program = target.join("debug").join(name);
        let packed = directory.join(name);
        let mut strip = Command::new("strip");
        run(strip.arg("-o").arg(&packed).arg(&program))
            .with_context(|| format!("{} has not been built", program.display()))?;
    }
    Ok(directory)
}
