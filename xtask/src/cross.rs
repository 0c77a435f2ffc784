//! Whether the code still compiles for the systems that this machine is not.

use std::process::Command;

use anyhow::Result;

use crate::step::{probe, run, step};
use crate::workspace;

/// Each target, with the crates whose libraries compile for it. The engine, and so whatever depends on
/// it, needs a C compiler for the target, because SQLite is built along. On Windows `desktop` still
/// lacks a part, and tasks cannot be run there yet.
const TARGETS: &[(&str, &[&str])] = &[
    (
        "aarch64-apple-darwin",
        &[
            "claude-worker-api",
            "claude-worker-supervisor",
            "claude-worker-agents",
            "claude-worker-desktop",
        ],
    ),
    (
        "x86_64-pc-windows-gnu",
        &["claude-worker-api", "claude-worker-supervisor", "claude-worker-agents"],
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
    }
    Ok(())
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
