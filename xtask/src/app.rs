//! `cargo xtask app`: runs the desktop app for development.

use std::env;
use std::process::Command;

use anyhow::Result;

use crate::step::{run, step};
use crate::{setup, ui, workspace};

/// Runs the app with pages that Vite serves and reloads when their sources change. A change of the
/// Rust code rebuilds and restarts it.
///
/// It uses a data directory in the target directory, unless `CLAUDE_WORKER_HOME` names one, so that
/// a development build does not touch the real queue.
pub(crate) fn develop() -> Result<()> {
    setup::desktop_packages()?;
    ui::install()?;
    // The app starts supervisors with the command line, which it expects in its own directory.
    step("Build claude-worker", || {
        run(workspace::cargo().args(["build", "--quiet", "--package", "claude-worker"]))
    })?;
    let mut tauri = Command::new(ui::program("tauri"));
    tauri.arg("dev").current_dir(workspace::root());
    if env::var_os("CLAUDE_WORKER_HOME").is_none() {
        tauri.env("CLAUDE_WORKER_HOME", workspace::target()?.join("app-home"));
    }
    run(&mut tauri)
}
