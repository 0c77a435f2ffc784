//! The window's pages in `ui/`: what npm has to do for them.
//!
//! npm is slow to find out that there is nothing to do, so what was last done is remembered in
//! the target directory as a fingerprint of what it was done with.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use anyhow::{Context, Result};

use crate::step::{run, step};
use crate::{setup, workspace};

/// Directories of `ui/` whose content is made, not written.
const MADE: &[&str] = &["node_modules", "dist", "test-results", "playwright-report", "coverage"];

/// The directory with the pages' sources.
fn place() -> PathBuf {
    workspace::root().join("ui")
}

/// npm, to be run on the pages.
pub(crate) fn npm(args: &[&str]) -> Command {
    let mut npm = Command::new("npm");
    npm.args(args).current_dir(place());
    npm
}

/// A program that one of the packages brings along.
pub(crate) fn program(name: &str) -> PathBuf {
    place().join("node_modules/.bin").join(name)
}

/// Installs the packages that `package-lock.json` names, unless they are there.
pub(crate) fn install() -> Result<()> {
    let lock = place().join("package-lock.json");
    let wanted = fingerprint(&[lock])?;
    let done = Remembered::new("installed")?;
    let modules = place().join("node_modules");
    if modules.is_dir() && done.is(wanted) {
        return Ok(());
    }
    setup::npm()?;
    step("Install the window's npm packages", || {
        run(&mut npm(&["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
    })?;
    done.remember(wanted)
}

/// Builds the pages into `ui/dist`, from where the app takes them, unless nothing has changed.
pub(crate) fn build() -> Result<()> {
    install()?;
    let done = Remembered::new("built")?;
    // What was made counts, too: without npm the app's build puts a placeholder there.
    let state = || {
        let mut files = sources(&place())?;
        files.push(place().join("dist/index.html"));
        fingerprint(&files)
    };
    if state().is_ok_and(|state| done.is(state)) {
        return Ok(());
    }
    step("Build the window", || run(&mut npm(&["run", "--silent", "build"])))?;
    done.remember(state()?)
}

/// Checks and tests the pages: types, lint rules, components, and the whole in a browser.
pub(crate) fn check() -> Result<()> {
    build()?;
    step("Window: types, lint, format", || run(&mut npm(&["run", "--silent", "check"])))?;
    step("Window: components", || run(&mut npm(&["run", "--silent", "test"])))?;
    step("Window: in a browser", || run(&mut npm(&["run", "--silent", "browser"])))
}

/// What was last done of one kind.
struct Remembered {
    file: PathBuf,
}

impl Remembered {
    fn new(what: &str) -> Result<Self> {
        let directory = workspace::target()?.join("ui");
        fs::create_dir_all(&directory)?;
        Ok(Self { file: directory.join(what) })
    }

    fn is(&self, fingerprint: u64) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|known| known == fingerprint.to_string())
    }

    fn remember(&self, fingerprint: u64) -> Result<()> {
        fs::write(&self.file, fingerprint.to_string())
            .with_context(|| format!("cannot write {}", self.file.display()))
    }
}

/// Every file that was written by people, in a fixed order.
fn sources(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut open = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                files.push(entry.path());
            } else if !MADE.iter().any(|made| entry.file_name() == *made) {
                open.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A number that changes when a name or a byte of these files does.
fn fingerprint(files: &[PathBuf]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        (file, content).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_no_source_and_every_change_is_seen() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::create_dir_all(at("src/deep")).unwrap();
        fs::create_dir(at("node_modules")).unwrap();
        for name in ["b.ts", "src/deep/a.ts", "node_modules/c.ts"] {
            fs::write(at(name), name).unwrap();
        }
        let files = sources(place.path()).unwrap();
        assert_eq!(files, [at("b.ts"), at("src/deep/a.ts")]);
        let before = fingerprint(&files).unwrap();
        assert_eq!(before, fingerprint(&files).unwrap());
        fs::write(at("src/deep/a.ts"), "changed").unwrap();
        assert_ne!(before, fingerprint(&files).unwrap());
    }
}
