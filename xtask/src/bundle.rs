//! `cargo xtask bundle`: the Debian package with the app, the command line and the MCP sidecar.
//!
//! Tauri's bundler packs what Cargo has built, and does not build anything itself: the package that
//! the tests install has the same programs that the other tests ran.

use std::env::consts::{ARCH, EXE_SUFFIX, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::dist::{notices, tree};
use crate::step::{output, run, step};
use crate::{setup, ui, workspace};

/// The programs that are installed with the app into `/usr/bin`.
const BESIDE: &[&str] = &["claude-worker", "claude-worker-mcp"];

/// Where Debian has what belongs to the programs.
const LAYOUT: tree::Layout = tree::Layout {
    zsh: "share/zsh/vendor-completions",
    user_units: "lib/systemd/user",
    doc: "share/doc/claude-worker",
};

/// Which build of the programs is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Build {
    /// For users.
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
        build.args(["build", "--quiet", "--release"]).env("CLAUDE_WORKER_PAGES", "required");
        workspace::name_commit(&mut build);
        run(build.args(["--package", "claude-worker", "--package", "claude-worker-app"]))
    })?;
    let package = pack(Build::Release)?;
    let bytes = fs::metadata(&package)?.len();
    eprintln!("{} ({:.1} MB)", package.display(), bytes as f64 / 1e6);
    eprintln!("To install it: sudo apt install {}", package.display());
    Ok(())
}

/// The tests of the app that run against the installed package: a task from the form to its result,
/// a single app with the command line, the queue outliving the app, an agent that delegates through
/// the sidecar.
const DRIVES: &str = "package(claude-worker-app) & kind(test) & \
     (test(/^window::a_task_/) | test(/^second_start::/) | test(/^handover::/) | test(/^delegation::/) \
     | test(/_at_login_/))";

/// Packs the debug build, installs the package below a directory in the target directory, and tests
/// the installed app.
pub(crate) fn check() -> Result<()> {
    let package = pack(Build::Debug)?;
    let root = workspace::target()?.join("bundle/installed");
    step("Package: install", || install(&package, &root).and_then(|()| look(&root)))?;
    step("Package: drive what was installed", || {
        let mut tests = workspace::cargo();
        tests.args(["nextest", "run", "--cargo-quiet", "--workspace", "--no-fail-fast"]);
        // The same package selection as for all tests, or Cargo would rebuild dependencies.
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

/// The files of the package besides the app, as a part of Tauri's configuration.
fn contents(built: &Path, place: &Path) -> Result<serde_json::Value> {
    let triple = host()?;
    let mut beside = Vec::new();
    for name in BESIDE {
        // Tauri requires the target triple in the file name, and removes it when it packs.
        let prepared = place.join(name);
        let program = built.join(format!("{name}{EXE_SUFFIX}"));
        fs::copy(&program, place.join(format!("{name}-{triple}{EXE_SUFFIX}")))
            .with_context(|| format!("{} has not been built", program.display()))?;
        beside.push(prepared);
    }
    let others = place.join("work/usr");
    if others.exists() {
        fs::remove_dir_all(&others)?;
    }
    tree::write_beside(built, LAYOUT, &others)?;
    let doc = others.join(LAYOUT.doc);
    fs::rename(doc.join("LICENSE"), doc.join("copyright"))?;
    notices::write("claude-worker-app", &doc.join(tree::NOTICES))?;
    let mut files = serde_json::Map::new();
    for file in tree::relative_files_below(&others)? {
        files.insert(format!("/usr/{}", file.display()), json!(others.join(file)));
    }
    // The package and its files are named like the command, without a space.
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

/// The only package in a directory.
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

/// Installs the package with dpkg below `root`, without changing the machine.
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
    // dpkg ignores dependencies because `root` has no other packages; apt checks them below.
    let mut dpkg = Command::new("fakeroot");
    dpkg.args(["dpkg", "--force-depends", "--force-script-chrootless", "--log=/dev/null"]);
    run(dpkg.arg("--root").arg(root).arg("--install").arg(package))?;
    let plan = output(Command::new("apt-get").args(["install", "--simulate", "-q"]).arg(package))?;
    let wanted = plan.lines().filter(|line| line.starts_with("Inst ")).count();
    ensure!(wanted == 1, "the package needs more than the machine on which it was built:\n{plan}");
    Ok(())
}

/// Checks the installed files: the desktop entry, icons, programs, and what belongs to them.
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
    for file in tree::EVERYWHERE {
        let file = format!("usr/{file}");
        let bytes = fs::metadata(root.join(&file)).with_context(|| format!("{file} is missing"))?;
        ensure!(bytes.len() > 0, "{file} is empty");
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
