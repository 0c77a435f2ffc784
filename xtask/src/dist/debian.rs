//! The Debian package of the command line, for machines without a desktop. The app's own package
//! (`cargo xtask bundle`) has the same programs, so only one of the two is installed.

use std::fs;

use anyhow::Result;

use super::{Compression, Job, VERSION, tree};
use crate::step::run;

/// Where Debian has things.
const LAYOUT: tree::Layout = tree::Layout {
    zsh: "share/zsh/vendor-completions",
    user_units: "lib/systemd/user",
    doc: "share/doc/claude-worker-cli",
};

/// Packs it.
pub(super) fn pack(job: &Job) -> Result<()> {
    let root = job.work("debian")?;
    let prefix = root.join("usr");
    tree::write(job, LAYOUT, &prefix)?;
    let doc = prefix.join(LAYOUT.doc);
    fs::rename(doc.join("LICENSE"), doc.join("copyright"))?;
    let bytes: u64 = tree::files_below(&prefix)?
        .iter()
        .map(|file| fs::metadata(file).map(|found| found.len()))
        .sum::<Result<u64, _>>()?;
    tree::write_file(&root.join("DEBIAN/control"), control(bytes / 1024).as_bytes())?;
    let package = job.place.join(format!("claude-worker-cli_{VERSION}_amd64.deb"));
    let mut build = job.command("dpkg-deb");
    // xz, because older systems cannot read zstd.
    build.arg("-Zxz");
    if job.compression == Compression::Fast {
        build.arg("-z0");
    }
    build.args(["--root-owner-group", "--build"]).arg(&root).arg(&package);
    run(build.stdout(std::process::Stdio::null()))
}

fn control(kilobytes: u64) -> String {
    format!(
        "Package: claude-worker-cli
Version: {VERSION}
Architecture: amd64
Maintainer: Claude Worker <yigitkonur@users.noreply.github.com>
Installed-Size: {kilobytes}
Section: devel
Priority: optional
Homepage: https://github.com/yigitkonur/claude-worker
Recommends: ca-certificates, git
Provides: claude-worker
Conflicts: claude-worker
Replaces: claude-worker
Description: durable queue for Claude Code, without the desktop app
 Hand a task to Claude Worker and forget it: it runs in the background,
 survives crashes and restarts, and says how it ended.
 .
 This package has the command line, the engine and the MCP server. The
 package claude-worker has the desktop app too, and replaces this one.
"
    )
}
