//! Builds and checks the window's pages in `ui/` with npm.
//!
//! npm is slow even when there is nothing to do, so a fingerprint of the inputs of the last
//! installation and the last build is kept in the target directory.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use anyhow::{Context, Result};

use crate::step::{run, step};
use crate::{setup, workspace};

/// Directories of `ui/` with generated files.
const MADE: &[&str] =
    &["node_modules", "dist", "served", "test-results", "playwright-report", "coverage"];

/// The directory with the pages' sources.
fn place() -> PathBuf {
    workspace::root().join("ui")
}

/// An npm command in `ui/`.
pub(crate) fn npm(args: &[&str]) -> Command {
    let mut npm = Command::new("npm");
    npm.args(args).current_dir(place());
    npm
}

/// A program of one of the npm packages.
pub(crate) fn program(name: &str) -> PathBuf {
    place().join("node_modules/.bin").join(name)
}

/// Installs the packages that `package-lock.json` names, unless they are installed.
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

/// Builds the pages into `ui/dist`, which the app embeds, and `ui/served`, which the command line embeds,
/// unless nothing has changed.
pub(crate) fn build() -> Result<()> {
    install()?;
    let done = Remembered::new("built")?;
    // The output counts too: without npm the app's build writes a placeholder there.
    let state = || {
        let mut files = sources(&place())?;
        files.push(place().join("dist/index.html"));
        files.push(place().join("served/index.html"));
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

/// The stored fingerprint of the last installation or build.
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

/// Every file that is not generated, in a fixed order.
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
    fn generated_files_are_left_out_and_changes_change_the_fingerprint() {
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
