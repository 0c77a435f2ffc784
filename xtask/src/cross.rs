//! `cargo xtask cross`: checks that the code compiles for other operating systems.

use std::env;
use std::process::Command;

use anyhow::{Context, Result};

use crate::step::{probe, run, step};
use crate::{setup, workspace};

/// The programs are compiled and linked for this target.
const MACOS: &str = "aarch64-apple-darwin";

/// All crates are compiled for this target. Tasks cannot run there yet.
const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// Each target with the packages that are checked for it, including their dependencies: all but the
/// app, which needs libraries of the system.
const TARGETS: &[(&str, &[&str])] = &[
    (MACOS, &["claude-worker-desktop"]),
    (WINDOWS, &["claude-worker", "claude-worker-desktop", "scripted-api"]),
];

/// Checks each target. A target whose standard library cannot be installed is skipped with a note.
pub(crate) fn check() -> Result<()> {
    for (target, crates) in TARGETS {
        if !is_there(target) {
            eprintln!(
                "── Not checked for {target}: its standard library is missing, and `rustup target \
                 add {target}` did not install it"
            );
            continue;
        }
        step(&format!("Check for {target}"), || {
            let mut check = zigbuild("check", target)?;
            check.args(["--lib", "--bins"]);
            for name in *crates {
                check.args(["--package", name]);
            }
            run(&mut check)
        })?;
        if *target == MACOS {
            link_for_macos()?;
        }
    }
    Ok(())
}

/// Compiles and links the command line and the MCP server. They cannot run on this machine.
fn link_for_macos() -> Result<()> {
    step(&format!("Link for {MACOS}"), || {
        let mut build = zigbuild("zigbuild", MACOS)?;
        run(build.args(["--package", "claude-worker"]))
    })
}

/// A command of Cargo for another target, with zig as the compiler for SQLite: even `cargo check` runs
/// the build scripts that compile it. (One tool for all targets; mingw would be another one.)
pub(crate) fn zigbuild(command: &str, target: &str) -> Result<Command> {
    let tools = setup::zigbuild()?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(tools.clone()).chain(env::split_paths(&path)))
        .context("the target directory's path cannot be part of PATH")?;
    let mut cargo = Command::new(tools.join("cargo-zigbuild"));
    cargo.args([command, "--quiet", "--target", target]);
    cargo.current_dir(workspace::root()).env("PATH", path);
    Ok(cargo)
}

/// Whether a target's standard library is installed, after trying to install it.
pub(crate) fn is_there(target: &str) -> bool {
    let installed = || {
        let mut print = Command::new("rustc");
        let path = probe(print.args(["--print", "target-libdir", "--target", target]));
        path.is_some_and(|path| std::path::Path::new(path.trim()).is_dir())
    };
    let add = || probe(Command::new("rustup").args(["target", "add", target])).is_some();
    installed() || add() && installed()
}

/// Installs the targets, as far as that works here.
pub(crate) fn install() {
    for (target, _) in TARGETS {
        if !is_there(target) {
            eprintln!("── {target} cannot be checked here: `rustup target add {target}` failed");
        }
    }
}
