//! The files that the archive, the packages of distributions and the app's package install, below a prefix such
//! as `/usr`.

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
pub(crate) struct Layout {
    /// Completions for zsh.
    pub(crate) zsh: &'static str,
    /// systemd's units of users.
    pub(crate) user_units: &'static str,
    /// License and changes.
    pub(crate) doc: &'static str,
}

/// Below `~/.local` or `/usr/local`.
pub(super) const LOCAL: Layout = Layout {
    zsh: "share/zsh/site-functions",
    user_units: "share/systemd/user",
    doc: "share/doc/claude-worker",
};

/// The file with the licenses of what the programs contain of others.
pub(crate) const NOTICES: &str = "THIRD-PARTY-NOTICES";

/// Some of the files that every package for distributions has, one of each kind, below `/usr`.
pub(crate) const EVERYWHERE: &[&str] = &[
    "share/man/man1/claude-worker.1.gz",
    "share/man/man1/claude-worker-run.1.gz",
    "share/bash-completion/completions/claude-worker",
    "share/fish/vendor_completions.d/claude-worker.fish",
    "lib/systemd/user/claude-worker.service",
    "lib/systemd/system/claude-worker@.service",
];

/// Writes all files below `prefix`; returns their paths relative to it, in order.
pub(super) fn write(job: &Job, layout: Layout, prefix: &Path) -> Result<Vec<PathBuf>> {
    for name in NAMES {
        copy(&job.programs.join(name), &prefix.join("bin").join(name))?;
    }
    write_beside(&job.programs, layout, prefix)?;
    let notices = prefix.join(layout.doc).join(NOTICES);
    copy(&job.notices()?, &notices)?;
    relative_files_below(prefix)
}

/// Writes what belongs to the programs below `prefix`: completions, manual pages, units, license and changes.
pub(crate) fn write_beside(programs: &Path, layout: Layout, prefix: &Path) -> Result<()> {
    let root = workspace::root();
    let program = programs.join("claude-worker");
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
    copy(&root.join("CHANGELOG.md"), &prefix.join(layout.doc).join("CHANGELOG.md"))
}

/// Every file below a directory, relative to it and in order.
pub(crate) fn relative_files_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let files = files_below(directory)?;
    files.iter().map(|file| Ok(file.strip_prefix(directory)?.to_owned())).collect()
}

/// Every file below a directory, in order.
pub(crate) fn files_below(directory: &Path) -> Result<Vec<PathBuf>> {
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
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    write_file(to, &content)?;
    // The rights of a clone may be those of its user's umask.
    let is_program = to.parent().is_some_and(|parent| parent.ends_with("bin"));
    run(Command::new("chmod").arg(if is_program { "755" } else { "644" }).arg(to))
}

/// Writes a file and makes the directories above it.
pub(crate) fn write_file(file: &Path, content: &[u8]) -> Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}
