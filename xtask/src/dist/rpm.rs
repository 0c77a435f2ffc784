//! The RPM package of the command line, for Fedora, openSUSE and others.

use std::fs;

use anyhow::{Context, Result};

use super::{Compression, Job, VERSION, tree};
use crate::step::run;

/// Where Fedora has things.
const LAYOUT: tree::Layout = tree::Layout {
    zsh: "share/zsh/site-functions",
    user_units: "lib/systemd/user",
    doc: "share/doc/claude-worker-cli",
};

/// Packs it.
pub(super) fn pack(job: &Job) -> Result<()> {
    let work = job.work("rpm")?;
    let root = work.join("root");
    let files = tree::write(job, LAYOUT, &root.join("usr"))?;
    let spec = work.join("claude-worker-cli.spec");
    let list: String = files.iter().map(|file| format!("/usr/{}\n", file.display())).collect();
    fs::write(&spec, text(job.compression, &list))?;
    let mut build = job.command("rpmbuild");
    build.args(["-bb", "--quiet", "--target", "x86_64-linux"]);
    let copied = work.join("buildroot");
    for (name, value) in [
        ("_topdir", work.join("top").display().to_string()),
        ("staged", root.display().to_string()),
    ] {
        build.arg("--define").arg(format!("{name} {value}"));
    }
    // It deletes its build root, so it gets one of its own.
    build.arg("--buildroot").arg(&copied).arg(&spec);
    run(&mut build)?;
    let name = format!("claude-worker-cli-{VERSION}-1.x86_64.rpm");
    let made = work.join("top/RPMS/x86_64").join(&name);
    fs::rename(&made, job.place.join(&name))
        .with_context(|| format!("rpmbuild made no {}", made.display()))
}

fn text(compression: Compression, files: &str) -> String {
    let payload = match compression {
        Compression::Best => "w19.zstdio",
        Compression::Fast => "w1.gzdio",
    };
    format!(
        "# The programs are built already, and must not be changed.
%global __os_install_post %{{nil}}
%global debug_package %{{nil}}
%global _build_id_links none
%global _binary_payload {payload}
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global _buildhost localhost

Name: claude-worker-cli
Version: {VERSION}
Release: 1
Summary: Durable queue for Claude Code, without the desktop app
License: MIT
URL: https://github.com/yigitkonur/claude-worker
Recommends: git
Provides: claude-worker = %{{version}}
Conflicts: claude-worker
AutoReqProv: no

%description
Hand a task to Claude Worker and forget it: it runs in the background,
survives crashes and restarts, and says how it ended. This package has the
command line, the engine and the MCP server.

%install
mkdir -p %{{buildroot}}
cp -a %{{staged}}/usr %{{buildroot}}/

%files
%defattr(-,root,root)
{files}"
    )
}
