//! The archive for every Linux system, and the installer that unpacks it.

use std::env::consts::ARCH;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::{Compression, Job, SUMS, VERSION, tree};
use crate::mcpb::sha256;
use crate::step::run;
use crate::workspace;

/// The name of the archive without its ending.
pub(super) fn name() -> String {
    format!("claude-worker-{VERSION}-{ARCH}-linux")
}

/// Packs the archive. The installer is in it and beside it.
pub(super) fn pack(job: &Job) -> Result<()> {
    let work = job.work("archive")?;
    let content = work.join(name());
    let files = tree::write(job, tree::LOCAL, &content)?;
    let list: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    fs::write(content.join("files"), list)?;
    let script = fs::read_to_string(workspace::root().join("packaging/install.sh"))?;
    let script = script.replace("@VERSION@", VERSION);
    for place in [&content, &job.place] {
        fs::write(place.join("install.sh"), &script)?;
    }
    let archive = job.place.join(format!("{}.tar.gz", name()));
    let mut tar = job.command("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=go-w"]);
    tar.arg(format!("--mtime=@{}", job.time));
    let level = if job.compression == Compression::Best { "gzip -9n" } else { "gzip -1n" };
    tar.arg("-I").arg(level).arg("-cf").arg(&archive).arg("-C").arg(&work).arg(name());
    run(&mut tar)?;
    // For the test of the installer; the file with all sums is written in the end.
    write_sum(&job.place, &archive)
}

fn write_sum(place: &Path, archive: &Path) -> Result<()> {
    let line = format!("{}  {}.tar.gz\n", sha256(archive)?, name());
    fs::write(place.join(SUMS), line)?;
    Ok(())
}
