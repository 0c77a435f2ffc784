//! Whether the code still compiles for the systems that this machine is not.

use std::env;
use std::process::Command;

use anyhow::{Context, Result};

use crate::step::{probe, run, step};
use crate::{setup, workspace};

/// The programs are compiled and linked for it, with all crates that they consist of.
const MACOS: &str = "aarch64-apple-darwin";

/// Each target, with further crates whose libraries compile for it. On Windows the engine and all that
/// depends on it do not compile yet, and tasks cannot be run there.
const TARGETS: &[(&str, &[&str])] = &[
    (MACOS, &["claude-worker-desktop"]),
    (
        "x86_64-pc-windows-gnu",
        &[
            "claude-worker-api",
            "claude-worker-os",
            "claude-worker-supervisor",
            "claude-worker-agents",
        ],
    ),
];

/// Checks each target. One whose standard library cannot be installed is left out with a note.
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
            let mut check = workspace::cargo();
            check.args(["check", "--quiet", "--lib", "--target", target]);
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

/// Compiles and links the command line and the MCP server. They cannot be run here.
fn link_for_macos() -> Result<()> {
    let tools = setup::zigbuild()?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(tools.clone()).chain(env::split_paths(&path)))
        .context("the target directory's path cannot be part of PATH")?;
    step(&format!("Link for {MACOS}"), || {
        let mut build = Command::new(tools.join("cargo-zigbuild"));
        build.args(["zigbuild", "--quiet", "--target", MACOS, "--package", "claude-worker"]);
        run(build.current_dir(workspace::root()).env("PATH", &path))
    })
}

/// Whether a target's standard library is there, after installing it if need be.
fn is_there(target: &str) -> bool {
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
