//! Ctrl-C in the middle of a demo or a benchmark.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Result, bail};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on, Ctrl-C does not end this program at once. The program in the foreground gets the
/// signal from the terminal and ends; then [`check`] returns an error, and propagating it drops the
/// sandboxes, which ends everything they started. A second Ctrl-C exits at once.
pub(crate) fn clean_up_on_ctrl_c() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            while tokio::signal::ctrl_c().await.is_ok() {
                if INTERRUPTED.swap(true, Ordering::SeqCst) {
                    std::process::exit(130);
                }
                eprintln!("\nStopping everything. Ctrl-C again exits without stopping it.");
            }
        });
    });
    Ok(())
}

/// An error if Ctrl-C was pressed.
pub(crate) fn check() -> Result<()> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        bail!("interrupted");
    }
    Ok(())
}
