//! The files that the archive and the packages of distributions install, below a prefix such as `/usr`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Job;
use super::programs::NAMES;
use crate::step::{output, run};
use crate::workspace;

/// Where a kind of package puts what distributions put into different places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Completions for zsh.
    pub(super) zsh: &'static str,
    /// systemd's units of users.
    pub(super) user_units: &'static str,
    /// License and changes.
    pub(super) doc: &'static str,
}

/// Below `~/.local` or `/usr/local`.
pub(super) const LOCAL: Layout = Layout {
    zsh: "share/zsh/site-functions",
    user_units: "share/systemd/user",
    doc: "share/doc/claude-worker",
};

/// Writes all files below `prefix`; returns their paths relative to it, in order.
pub(super) fn write(job: &Job, layout: Layout, prefix: &Path) -> Result<Vec<PathBuf>> {
    let root = workspace::root();
    for name in NAMES {
        copy(&job.programs.join(name), &prefix.join("bin").join(name))?;
    }
    let program = job.programs.join("claude-worker");
    let completions = [
        ("bash", "share/bash-completion/completions/claude-worker".to_owned()),
        ("zsh", format!("{}/_claude-worker", layout.zsh)),
        ("fish", "share/fish/vendor_completions.d/claude-worker.fish".to_owned()),
    ];
    for (shell, file) in completions {
        let script = output(Command::new(&program).args(["completions", shell]))?;
        write_file(&prefix.join(file), script.as_bytes())?;
    }
    let pages = prefix.join("share/man/man1");
    fs::create_dir_all(&pages)?;
    output(Command::new(&program).arg("man").arg(&pages))?;
    let pages = files_below(&pages)?;
    run(Command::new("gzip").arg("-9n").args(pages))?;
    let units = root.join("packaging/systemd");
    let user = format!("{}/claude-worker.service", layout.user_units);
    copy(&units.join("claude-worker.service"), &prefix.join(user))?;
    let system = prefix.join("lib/systemd/system/claude-worker@.service");
    copy(&units.join("claude-worker@.service"), &system)?;
    copy(&root.join("LICENSE"), &prefix.join(layout.doc).join("LICENSE"))?;
    copy(&root.join("CHANGELOG.md"), &prefix.join(layout.doc).join("CHANGELOG.md"))?;
    let files = files_below(prefix)?;
    files.iter().map(|file| Ok(file.strip_prefix(prefix)?.to_owned())).collect()
}

/// Every file below a directory, in order.
pub(super) fn files_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut open = vec![directory.to_owned()];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Copies a file and makes the directories above it.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    write_file(to, &content)?;
    // The rights of a clone may be those of its user's umask.
    let is_program = to.parent().is_some_and(|parent| parent.ends_with("bin"));
    run(Command::new("chmod").arg(if is_program { "755" } else { "644" }).arg(to))
}

/// Writes a file and makes the directories above it.
pub(super) fn write_file(file: &Path, content: &[u8]) -> Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}
