//! `cargo xtask bundle`: the Debian package with the app, the command line and the MCP sidecar.
//!
//! Tauri's bundler packs what Cargo has built. That it does not build itself keeps one build
//! graph: the package that the tests install holds the very programs that the other tests ran.

use std::env::consts::{ARCH, EXE_SUFFIX, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::step::{output, run, step};
use crate::{setup, ui, workspace};

/// The programs that go beside the app, into `/usr/bin`.
const BESIDE: &[&str] = &["claude-worker", "claude-worker-mcp"];

/// Shells, and where Debian's packages put the completions for them.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "/usr/share/bash-completion/completions/claude-worker"),
    ("zsh", "/usr/share/zsh/vendor-completions/_claude-worker"),
    ("fish", "/usr/share/fish/vendor_completions.d/claude-worker.fish"),
];

/// Which programs are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Build {
    /// For people.
    Release,
    /// For tests.
    Debug,
}

impl Build {
    fn directory(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Debug => "debug",
        }
    }
}

/// Builds everything for release and packs it.
pub(crate) fn release() -> Result<()> {
    setup::desktop_packages()?;
    ui::build()?;
    step("Build for release", || {
        let mut build = workspace::cargo();
        build.args(["build", "--quiet", "--release"]);
        run(build.args(["--package", "claude-worker", "--package", "claude-worker-app"]))
    })?;
    let package = pack(Build::Release)?;
    let bytes = fs::metadata(&package)?.len();
    eprintln!("{} ({:.1} MB)", package.display(), bytes as f64 / 1e6);
    eprintln!("To install it: sudo apt install {}", package.display());
    Ok(())
}

/// The tests of the app that drive what a package has installed: a task from the form to its
/// result, one app for all starts with the command line beside it, the queue outliving the app, an
/// agent that delegates through the sidecar.
const DRIVES: &str = "package(claude-worker-app) & kind(test) & \
     (test(/^window::a_task_/) | test(/^second_start::/) | test(/^handover::/) | test(/^delegation::/) \
     | test(/_at_login_/))";

/// Packs what the tests have built, installs the package below a directory in the target
/// directory, and drives the app that is there.
pub(crate) fn check() -> Result<()> {
    let package = pack(Build::Debug)?;
    let root = workspace::target()?.join("bundle/installed");
    step("Package: install", || install(&package, &root).and_then(|()| look(&root)))?;
    step("Package: drive what was installed", || {
        let mut tests = workspace::cargo();
        tests.args(["nextest", "run", "--cargo-quiet", "--workspace", "--no-fail-fast"]);
        // The same selection as for all tests, or Cargo would build the dependencies anew.
        tests.args(["-E", DRIVES]);
        run(tests.env("CLAUDE_WORKER_INSTALLED", &root))
    })
}

/// Packs the programs of this build; returns the package.
fn pack(build: Build) -> Result<PathBuf> {
    let target = workspace::target()?;
    let place = target.join("bundle");
    let name = match build {
        Build::Release => "Pack the Debian package",
        Build::Debug => "Package: pack",
    };
    step(name, || {
        fs::create_dir_all(&place)?;
        let config = place.join("tauri.json");
        let extra = contents(&target.join(build.directory()), &place)?;
        fs::write(&config, serde_json::to_vec_pretty(&extra)?)?;
        let mut tauri = Command::new(ui::program("tauri"));
        tauri.args(["bundle", "--ci", "--bundles", "deb", "--config"]).arg(&config);
        if build == Build::Debug {
            tauri.arg("--debug");
        }
        let made = target.join(build.directory()).join("bundle/deb");
        if made.exists() {
            fs::remove_dir_all(&made)?;
        }
        // The bundler asks Cargo where the target directory is.
        run(tauri.current_dir(workspace::root()).env("CARGO_TARGET_DIR", &target))?;
        newest(&made)
    })
}

/// What the package holds besides the app, in the form of a part of Tauri's configuration.
fn contents(built: &Path, place: &Path) -> Result<serde_json::Value> {
    let triple = host()?;
    let mut beside = Vec::new();
    for name in BESIDE {
        // Tauri wants a name that says for which machine a program is, and removes that again.
        let prepared = place.join(name);
        let program = built.join(format!("{name}{EXE_SUFFIX}"));
        fs::copy(&program, place.join(format!("{name}-{triple}{EXE_SUFFIX}")))
            .with_context(|| format!("{} has not been built", program.display()))?;
        beside.push(prepared);
    }
    let mut files = serde_json::Map::new();
    files
        .insert("/usr/share/claude-worker/ui".to_owned(), json!(workspace::root().join("ui/dist")));
    for (shell, installed) in COMPLETIONS {
        let file = place.join(format!("completions.{shell}"));
        let program = built.join(format!("claude-worker{EXE_SUFFIX}"));
        fs::write(&file, output(Command::new(program).args(["completions", shell]))?)?;
        files.insert((*installed).to_owned(), json!(file));
    }
    // The package and its files are called like the command: without a space.
    Ok(
        json!({ "productName": "claude-worker", "bundle": { "externalBin": beside, "linux": { "deb": { "files": files } } } }),
    )
}

/// The target triple of this machine, as the compiler names it.
fn host() -> Result<String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).with_context(|| format!("rustc does not name {OS} on {ARCH}"))
}

/// The one package in a directory.
fn newest(directory: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(directory)
        .with_context(|| format!("no package was made in {}", directory.display()))?;
    let packages = entries.flatten().map(|entry| entry.path());
    let mut packages = packages.filter(|path| path.extension().is_some_and(|ext| ext == "deb"));
    match (packages.next(), packages.next()) {
        (Some(package), None) => Ok(package),
        _ => bail!("not exactly one package in {}", directory.display()),
    }
}

/// Installs the package with dpkg, but below `root`: the machine stays as it is.
fn install(package: &Path, root: &Path) -> Result<()> {
    if root.exists() {
        fs::remove_dir_all(root)?;
    }
    let state = root.join("var/lib/dpkg");
    for directory in ["info", "updates", "triggers"] {
        fs::create_dir_all(state.join(directory))?;
    }
    for file in ["status", "available"] {
        fs::write(state.join(file), "")?;
    }
    // Below `root` is no other package; whether this machine has what is needed, apt tells.
    let mut dpkg = Command::new("fakeroot");
    dpkg.args(["dpkg", "--force-depends", "--force-script-chrootless", "--log=/dev/null"]);
    run(dpkg.arg("--root").arg(root).arg("--install").arg(package))?;
    let plan = output(Command::new("apt-get").args(["install", "--simulate", "-q"]).arg(package))?;
    let wanted = plan.lines().filter(|line| line.starts_with("Inst ")).count();
    ensure!(wanted == 1, "the package needs more than the machine on which it was built:\n{plan}");
    Ok(())
}

/// Looks at what was installed: what the desktop file and the documents promise has to be there.
fn look(root: &Path) -> Result<()> {
    let read = |path: &str| {
        let file = root.join(path);
        fs::read_to_string(&file).with_context(|| format!("{} is missing", file.display()))
    };
    let entry = read("usr/share/applications/claude-worker.desktop")?;
    let value = |key: &str| entry.lines().find_map(|line| line.strip_prefix(key));
    let program = value("Exec=").context("the desktop entry starts nothing")?;
    let icon = value("Icon=").context("the desktop entry has no icon")?;
    ensure!(value("Name=") == Some("Claude Worker"), "the desktop entry has another name");
    for size in ["32x32", "128x128", "512x512"] {
        let icon = format!("usr/share/icons/hicolor/{size}/apps/{icon}.png");
        ensure!(root.join(&icon).is_file(), "{icon} is missing");
    }
    let index = read("usr/share/claude-worker/ui/index.html")?;
    ensure!(index.contains("<script"), "the pages for browsers are a placeholder");
    for (_, completions) in COMPLETIONS {
        ensure!(!read(completions.trim_start_matches('/'))?.is_empty(), "{completions} is empty");
    }
    let expected = env!("CARGO_PKG_VERSION");
    for program in BESIDE.iter().copied().chain([program]) {
        let said = output(Command::new(root.join("usr/bin").join(program)).arg("--version"))?;
        ensure!(said.contains(expected), "{program} --version says {said}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_packages_in_one_place_are_a_mistake() {
        let place = tempfile::tempdir().unwrap();
        assert!(newest(place.path()).is_err());
        fs::write(place.path().join("a_1_amd64.deb"), "").unwrap();
        fs::write(place.path().join("a.txt"), "").unwrap();
        assert_eq!(newest(place.path()).unwrap(), place.path().join("a_1_amd64.deb"));
        fs::write(place.path().join("a_2_amd64.deb"), "").unwrap();
        assert!(newest(place.path()).is_err());
    }
}
