//! `cargo xtask fuzz`: runs the fuzzers of `fuzz/`, each for a given time.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::step::{run, step};
use crate::{setup, workspace};

/// How long each target is fuzzed by default, in seconds.
const SECONDS: u64 = 60;
/// The limits for one input, beyond which it is a finding. Time in seconds, memory in MiB.
const BOUNDS: [&str; 2] = ["-timeout=5", "-rss_limit_mb=1024"];
/// The longest input, in bytes: enough to reach every bound, short enough to be quick.
const LONGEST: &str = "-max_len=8192";

/// Fuzzes one target or all. The first argument may name the target, the last one the seconds.
pub(crate) fn run_targets(args: &[String]) -> Result<()> {
    let targets = targets()?;
    let (mut wanted, mut seconds) = (targets.clone(), SECONDS);
    for arg in args {
        if let Ok(number) = arg.parse() {
            seconds = number;
        } else if targets.contains(arg) {
            wanted = vec![arg.clone()];
        } else {
            bail!("there is no target {arg}: {} are the targets", targets.join(", "));
        }
    }
    setup::cargo_fuzz()?;
    let root = workspace::root();
    for target in &wanted {
        step(&format!("Fuzz {target} for {seconds} s"), || {
            // New inputs go to a separate corpus: only selected ones are committed.
            let found = workspace::target()?.join("fuzz-corpus").join(target);
            fs::create_dir_all(&found)?;
            let mut cargo = workspace::cargo();
            // Every toolchain includes the sanitizers; only the option for them is unstable.
            cargo.current_dir(&root).env("RUSTC_BOOTSTRAP", "1");
            cargo.args(["fuzz", "run", target]).arg(found).arg(format!("fuzz/corpus/{target}"));
            cargo.arg("--").args(BOUNDS).args([LONGEST, "-print_final_stats=1"]);
            run(cargo.arg(format!("-max_total_time={seconds}")))
        })
        .with_context(|| {
            format!(
                "the input is in fuzz/artifacts/{target}: fix the cause, and move the input to \
                 fuzz/corpus/{target}, where the ordinary tests run it"
            )
        })?;
    }
    Ok(())
}

/// Checks that the lock file of the fuzzers has what the crates depend on now. The workspace does not contain
/// them, so no other build would notice.
pub(crate) fn check_lock_file() -> Result<()> {
    let mut cargo = workspace::cargo();
    cargo.args(["metadata", "--locked", "--format-version=1", "--manifest-path=fuzz/Cargo.toml"]);
    run(cargo.stdout(Stdio::null()))
        .context("run `cargo update --workspace --manifest-path fuzz/Cargo.toml`, and commit fuzz/Cargo.lock")
}

/// All targets, from the names of their corpus directories.
fn targets() -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(workspace::root().join("fuzz/corpus"))? {
        targets.push(entry?.file_name().to_string_lossy().into_owned());
    }
    targets.sort();
    Ok(targets)
}
