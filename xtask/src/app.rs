//! `cargo xtask app`: the desktop app while one works on it.

use std::env;
use std::process::Command;

use anyhow::Result;

use crate::step::{run, step};
use crate::{setup, ui, workspace};

/// Runs the app on pages that are served by Vite and change in place as their sources do. A
/// change of its Rust parts builds and starts it anew.
///
/// Its tasks are in a directory of their own in the target directory, unless
/// `CLAUDE_WORKER_HOME` names one: an app in the making has no business with the real queue.
pub(crate) fn develop() -> Result<()> {
    setup::desktop_packages()?;
    ui::install()?;
    // The supervisor of its runs is the command line, which is expected beside the app.
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
