//! Paths and sources of this repository.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's target directory: the one this program was built into.
pub(crate) fn target() -> Result<PathBuf> {
    let program = env::current_exe().context("cannot find out where xtask itself is")?;
    program
        .ancestors()
        .find(|dir| dir.join("CACHEDIR.TAG").is_file())
        .map(Path::to_path_buf)
        .context("xtask is not in a Cargo target directory; start it with `cargo xtask`")
}

/// A source file of the repository.
pub(crate) struct Source {
    /// Its path, relative to the root, with `/` between its parts.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

/// Every Rust file below these directories of the repository.
pub(crate) fn rust_sources(directories: &[&str], root: &Path) -> Result<Vec<Source>> {
    let mut open: Vec<PathBuf> = directories.iter().map(|dir| root.join(dir)).collect();
    let mut sources = Vec::new();
    while let Some(path) = open.pop() {
        let read = || format!("cannot read {}", path.display());
        if path.is_dir() {
            for entry in fs::read_dir(&path).with_context(read)? {
                open.push(entry?.path());
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let parts = relative.components().map(|part| part.as_os_str().to_string_lossy());
            sources.push(Source {
                path: parts.collect::<Vec<_>>().join("/"),
                text: fs::read_to_string(&path).with_context(read)?,
            });
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

/// Has a release say which commit it is of. In a tree that git does not know it says none.
pub(crate) fn name_commit(build: &mut Command) {
    let asked = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(root()).output();
    let commit = asked.ok().filter(|asked| asked.status.success());
    let commit = commit.map(|asked| String::from_utf8_lossy(&asked.stdout).trim().to_owned());
    build.env("CLAUDE_WORKER_COMMIT", commit.unwrap_or_default());
}

/// The Cargo that started this program.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    // Cargo sets these for this program; a nested Cargo would rebuild crates that read them.
    for (name, _) in env::vars_os() {
        let inherited = name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_"));
        if inherited || name == "CARGO_MANIFEST_DIR" || name == "CARGO_MANIFEST_PATH" {
            cargo.env_remove(name);
        }
    }
    cargo
}
