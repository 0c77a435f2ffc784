//! The packages for npm: one with the programs for this platform, and one that starts the programs of whatever
//! platform npm has chosen. Nothing is downloaded when they are installed.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::programs::NAMES;
use super::{Job, VERSION, tree};
use crate::step::run;
use crate::workspace;

/// The package with the programs.
const PLATFORM: &str = "claude-worker-linux-x64";

/// The file that npm makes of the package that people install.
pub(super) fn launcher() -> String {
    format!("claude-worker-{VERSION}.tgz")
}

/// The file that npm makes of the package with the programs.
pub(super) fn platform() -> String {
    format!("{PLATFORM}-{VERSION}.tgz")
}

/// Packs both.
pub(super) fn pack(job: &Job) -> Result<()> {
    let sources = workspace::root().join("packaging/npm");
    let work = job.work("npm")?;
    let platform = work.join(PLATFORM);
    for name in NAMES {
        tree::copy(&job.programs.join(name), &platform.join("bin").join(name))?;
    }
    write_manifest(&sources.join("platform"), &platform)?;
    tree::copy(&job.notices()?, &platform.join(tree::NOTICES))?;
    let launcher = work.join("claude-worker");
    for file in ["bin/claude-worker.js", "bin/claude-worker-mcp.js", "launch.js", "README.md"] {
        tree::copy(&sources.join("claude-worker").join(file), &launcher.join(file))?;
    }
    write_manifest(&sources.join("claude-worker"), &launcher)?;
    for package in [&platform, &launcher] {
        tree::copy(&workspace::root().join("LICENSE"), &package.join("LICENSE"))?;
        let mut npm = job.command("npm");
        npm.args(["pack", "--silent", "--pack-destination"]).arg(&job.place).arg(package);
        run(npm.stdout(std::process::Stdio::null()))?;
    }
    Ok(())
}

/// Writes `package.json` with the version of this release.
fn write_manifest(from: &Path, to: &Path) -> Result<()> {
    let manifest = serde_json::from_str(&fs::read_to_string(from.join("package.json"))?)?;
    let text = format!("{:#}\n", with_version(manifest));
    tree::write_file(&to.join("package.json"), text.as_bytes())
}

fn with_version(mut manifest: Value) -> Value {
    manifest["version"] = json!(VERSION);
    if let Some(needed) = manifest.get_mut("optionalDependencies") {
        // Exactly this version: launcher and programs belong together.
        *needed = json!({ PLATFORM: VERSION });
    }
    manifest
}
