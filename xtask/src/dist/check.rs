//! `cargo xtask dist --check`: packs the debug build or, with `--release`, the programs of a release, and uses each
//! package in a clean place.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::clean_place::CleanPlace;
use super::{
    Compression, Job, SUMS, archive, container, debian, lint, namespaces, npm, package, programs,
    proxy, python, rpm, service, tree, units,
};
use crate::step::{output, run, step};
use crate::{setup, workspace};

/// A part of the check: how its package is made, what is tried, and how.
struct Part {
    name: &'static str,
    /// Those that make what it tries.
    packs: &'static [fn(&Job) -> Result<()>],
    title: &'static str,
    tries: fn(&Job) -> Result<()>,
}

const fn part(
    name: &'static str,
    packs: &'static [fn(&Job) -> Result<()>],
    title: &'static str,
    tries: fn(&Job) -> Result<()>,
) -> Part {
    Part { name, packs, title, tries }
}

const PARTS: &[Part] = &[
    part("archive", &[archive::pack], "Package: install and use the archive", installer),
    part("deb", &[debian::pack], "Package: use the .deb", use_debian),
    part("rpm", &[rpm::pack], "Package: use the .rpm", use_rpm),
    part("wheel", &[python::pack], "Package: install and use the wheel", wheel),
    part("npm", &[npm::pack], "Package: install and use it from npm", npm_packages),
    part("python", &[python::pack], "Python client: check and test", python_client),
    part("lint", &[], "Dockerfile, compose file and scripts: lint", lint::check),
    part("units", &[], "Units of systemd", units::check),
    part("service", &[], "Service under a systemd of its own", service::check),
    part("proxy", &[], "Proxies before an engine", proxy::check),
    part("container", &[], "Container without Docker", container::check),
];

/// Packs and tries everything, or only the parts of these names. With `--release` first, the programs that are
/// published are packed instead of the debug build.
pub(crate) fn check(arguments: &[String]) -> Result<()> {
    let (release, names) = match arguments {
        [option, names @ ..] if option == "--release" => (true, names),
        names => (false, names),
    };
    let unknown = names.iter().find(|name| !PARTS.iter().any(|part| part.name == **name));
    if let Some(name) = unknown {
        let known: Vec<_> = PARTS.iter().map(|part| part.name).collect();
        bail!("there is no part {name}; the parts are {}", known.join(", "));
    }
    setup::package_tools()?;
    let place = workspace::target()?.join("dist-check");
    let programs = if release { programs::built()? } else { programs::debug()? };
    let job = Job::new(programs, place, Compression::Fast)?;
    for part in PARTS {
        if names.is_empty() || names.iter().any(|name| name == part.name) {
            step(part.title, || {
                part.packs.iter().try_for_each(|pack| pack(&job))?;
                (part.tries)(&job)
            })?;
        }
    }
    Ok(())
}

/// The installer: from a directory, from a pipe, again over what is there, and away again.
fn installer(job: &Job) -> Result<()> {
    let mut place = CleanPlace::new()?;
    let name = format!("{}.tar.gz", archive::name());
    let downloads = place.at("downloads/v");
    let releases = downloads.with_file_name(format!("v{}", super::VERSION));
    fs::create_dir_all(&releases)?;
    for file in [&name, SUMS, "install.sh"] {
        fs::copy(job.place.join(file), releases.join(file))?;
    }
    let prefix = place.at("home/.local");
    place.add_to_path(prefix.join("bin"));
    let script = releases.join("install.sh");
    let install = || {
        let mut install = place.command("sh");
        install.arg(&script).arg("--prefix").arg(&prefix);
        install
    };
    let said = output(&mut install())?;
    ensure!(!said.contains("Add it to your PATH"), "it is in PATH: {said}");
    place.use_programs("claude-worker", "claude-worker-mcp")?;
    let unit = fs::read_to_string(prefix.join("share/systemd/user/claude-worker.service"))?;
    let start = format!("ExecStart={}/bin/claude-worker server start", prefix.display());
    ensure!(unit.contains(&start), "the unit starts another program:\n{unit}");
    // Over the programs of an engine that runs, from a pipe, with files that are downloaded.
    run(place.command("claude-worker").args(["server", "start"]).stdout(Stdio::null()))?;
    fs::write(prefix.join("share/claude-worker/installed"), "bin/claude-worker\nshare/old\n")?;
    fs::write(prefix.join("share/old"), "of an earlier version")?;
    let mut piped = place.command("sh");
    piped.arg("-s").arg("--").arg("--prefix").arg(&prefix).stdin(fs::File::open(&script)?);
    let source = format!("file://{}", downloads.parent().unwrap_or(&downloads).display());
    run(piped.env("CLAUDE_WORKER_RELEASES", source).stdout(Stdio::null()).stderr(Stdio::null()))?;
    ensure!(!place.has("home/.local/share/old"), "a file of the earlier version is left");
    place.use_programs("claude-worker", "claude-worker-mcp")?;
    failed_upgrade(job, &place, &prefix)?;
    run(install().arg("--uninstall").stdout(Stdio::null()))?;
    let left = tree::files_below(&prefix)?;
    ensure!(left.is_empty(), "the installer leaves {left:?}");
    ensure!(place.has("home/.claude-worker/tasks.db"), "the tasks are gone");
    CleanPlace::refuses(install().arg("--uninstall"), "nothing is installed")?;
    // A damaged archive is refused before anything is installed.
    let mut bytes = fs::read(releases.join(&name))?;
    bytes.push(0);
    fs::write(releases.join(&name), bytes)?;
    CleanPlace::refuses(&mut install(), "damaged")?;
    ensure!(!prefix.join("bin/claude-worker").exists(), "a damaged archive was installed");
    // Another machine is refused before anything is downloaded.
    let uname = "#!/bin/sh\nif [ \"$1\" = -m ]; then echo aarch64; else echo Linux; fi\n";
    let fake = place.at("fake/uname");
    tree::write_file(&fake, uname.as_bytes())?;
    run(Command::new("chmod").arg("+x").arg(&fake))?;
    let mut elsewhere = place.command("sh");
    elsewhere.arg("-ec").arg("PATH=$1:$PATH exec sh \"$2\"").arg("sh");
    elsewhere.arg(place.at("fake")).arg(&script);
    CleanPlace::refuses(&mut elsewhere, "there are no programs for aarch64 yet")
}

/// An upgrade that fails leaves the installed version as it is: with programs that do not run here, and with a file
/// that cannot be copied.
fn failed_upgrade(job: &Job, place: &CleanPlace, prefix: &Path) -> Result<()> {
    let before = tree::files_below(prefix)?;
    let unpacked = place.at("unpacked");
    for broken in ["program", "file"] {
        run(Command::new("cp")
            .arg("-rT")
            .arg(job.work("archive")?.join(archive::name()))
            .arg(&unpacked))?;
        match broken {
            "program" => fs::write(unpacked.join("bin/claude-worker"), "#!/bin/sh\nexit 1\n")?,
            _ => fs::remove_file(unpacked.join("bin/claude-worker-mcp"))?,
        }
        let mut upgrade = place.command("sh");
        upgrade.arg(unpacked.join("install.sh")).arg("--prefix").arg(prefix);
        let message = if broken == "program" { "does not run on this machine" } else { "cp: " };
        CleanPlace::refuses(&mut upgrade, message)?;
        let after = tree::files_below(prefix)?;
        ensure!(before == after, "a failed upgrade changes what is installed to {after:?}");
        place.use_programs("claude-worker", "claude-worker-mcp")?;
    }
    Ok(())
}

fn use_debian(job: &Job) -> Result<()> {
    let place = CleanPlace::new()?;
    let package = package(&job.place, ".deb")?;
    run(Command::new("dpkg-deb").arg("-x").arg(&package).arg(place.at("root")))?;
    let control = output(Command::new("dpkg-deb").arg("--field").arg(&package))?;
    ensure!(control.contains("Conflicts: claude-worker"), "the app's package has the same files");
    let owners = output(Command::new("dpkg-deb").arg("--contents").arg(&package))?;
    let foreign = owners.lines().find(|line| !line.contains(" root/root "));
    ensure!(foreign.is_none(), "a file belongs to somebody else: {foreign:?}");
    install_debian(&package)?;
    used_below(&place)
}

/// Installs the package with dpkg below a directory of its own and removes it: no file stays.
fn install_debian(package: &Path) -> Result<()> {
    let place = CleanPlace::new()?;
    let root = place.at("dpkg");
    let state = root.join("var/lib/dpkg");
    for directory in ["info", "updates", "triggers"] {
        fs::create_dir_all(state.join(directory))?;
    }
    fs::write(state.join("status"), "")?;
    let dpkg = || {
        let mut dpkg = Command::new("fakeroot");
        dpkg.args(["dpkg", "--force-script-chrootless", "--log=/dev/null", "--root"]).arg(&root);
        dpkg
    };
    run(dpkg().arg("--install").arg(package).stdout(Stdio::null()))?;
    ensure!(root.join("usr/bin/claude-worker").is_file(), "dpkg installs no program");
    run(dpkg().args(["--purge", "claude-worker-cli"]).stdout(Stdio::null()))?;
    nothing_is_left(&root.join("usr"))
}

/// Installs the package with rpm below a directory of its own and removes it. Only root can change its root.
fn install_rpm(package: &Path) -> Result<()> {
    if !namespaces::can_be_made() {
        eprintln!("── Not installed: rpm needs root to change its root directory");
        return Ok(());
    }
    let place = CleanPlace::new()?;
    let root = place.at("rpm");
    let rpm = |action: &str| {
        let mut rpm = Command::new("rpm");
        rpm.arg(action).arg("--root").arg(&root);
        // Debian's rpm refuses to change anything unless told so; others do not know the option.
        if action != "--verify" && Path::new("/etc/debian_version").exists() {
            rpm.arg("--force-debian");
        }
        rpm
    };
    fs::create_dir(&root)?;
    run(rpm("--install").arg(package))?;
    ensure!(root.join("usr/bin/claude-worker").is_file(), "rpm installs no program");
    run(rpm("--verify").arg("claude-worker-cli"))?;
    run(rpm("--erase").arg("claude-worker-cli"))?;
    nothing_is_left(&root.join("usr"))
}

fn nothing_is_left(directory: &Path) -> Result<()> {
    if directory.exists() {
        let mut left = tree::files_below(directory)?;
        left.retain(|file| !file.starts_with(directory.join("lib/sysimage")));
        ensure!(left.is_empty(), "the removed package leaves {left:?}");
    }
    Ok(())
}

fn use_rpm(job: &Job) -> Result<()> {
    let place = CleanPlace::new()?;
    let package = package(&job.place, ".rpm")?;
    fs::create_dir(place.at("root"))?;
    let unpack = "rpm2cpio \"$1\" | cpio --extract --make-directories --quiet";
    let mut shell = Command::new("sh");
    run(shell.args(["-ec", unpack, "sh"]).arg(&package).current_dir(place.at("root")))?;
    let needed = output(Command::new("rpm").args(["-qp", "--requires"]).arg(&package))?;
    let other = needed.lines().find(|line| !line.starts_with("rpmlib("));
    ensure!(other.is_none(), "it needs {other:?}");
    install_rpm(&package)?;
    used_below(&place)
}

/// Uses what was unpacked below `root`, and looks for what belongs to the programs.
fn used_below(place: &CleanPlace) -> Result<()> {
    let files = tree::files_below(&place.at("root"))?;
    let notices = files.iter().find(|file| file.ends_with(tree::NOTICES)).context("no notices")?;
    let notices = fs::read_to_string(notices)?;
    ensure!(
        ["tokio 1.", "rusqlite ", "svelte 5"].iter().all(|name| notices.contains(name)),
        "the notices lack a part"
    );
    for file in tree::EVERYWHERE {
        ensure!(place.has(format!("root/usr/{file}")), "{file} is missing");
    }
    let program = |name: &str| place.at("root/usr/bin").join(name).display().to_string();
    place.use_programs(&program("claude-worker"), &program("claude-worker-mcp"))
}

fn wheel(job: &Job) -> Result<()> {
    let mut place = CleanPlace::new()?;
    let venv = place.at("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    place.add_to_path(venv.join("bin"));
    let mut pip = place.command("pip");
    pip.args(["install", "--quiet", "--no-index", "--disable-pip-version-check"]);
    run(pip.arg(package(&job.place, ".whl")?))?;
    place.use_programs("claude-worker", "claude-worker-mcp")?;
    let installed = tree::files_below(&venv)?;
    for file in ["LICENSE", tree::NOTICES] {
        let is_there = installed
            .iter()
            .any(|path| path.ends_with(file) && path.to_string_lossy().contains("claude_worker-"));
        ensure!(is_there, "the wheel has no {file}");
    }
    let example = "from claude_worker import Client; client = Client(); \
        print(client.result(client.submit('echo from Python', agent='shell').id, timeout=60))";
    let printed = output(place.command("python").args(["-c", example]))?;
    ensure!(printed == "from Python\n", "the example prints {printed:?}");
    let version = output(place.command("python").args(["-m", "claude_worker", "--version"]))?;
    ensure!(version.starts_with("claude-worker "), "python -m claude_worker says {version}");
    run(place.command("claude-worker").args(["server", "stop"]).stdout(Stdio::null()))
}

fn npm_packages(job: &Job) -> Result<()> {
    let mut place = CleanPlace::new()?;
    // Node.js may be installed anywhere.
    let node = which("node")?;
    place.add_to_path(node);
    let packages = [npm::launcher(), npm::platform()].map(|name| job.place.join(name));
    let mut npm = place.command("npm");
    npm.args(["install", "--offline", "--no-audit", "--no-fund", "--no-update-notifier"]);
    run(npm.args(packages).stdout(Stdio::null()))?;
    let program =
        |name: &str| place.at("project/node_modules/.bin").join(name).display().to_string();
    let (worker, mcp) = (program("claude-worker"), program("claude-worker-mcp"));
    place.use_programs(&worker, &mcp)?;
    let version =
        output(place.command("npx").args(["--no-install", "claude-worker", "--version"]))?;
    ensure!(version.contains(super::VERSION), "npx claude-worker --version says {version}");
    // The exit code and standard input pass through Node.js.
    let failed =
        place.command(&worker).args(["run", "--agent", "shell", "--wait", "exit 3"]).output()?;
    ensure!(failed.status.code() == Some(10), "a failed task ends with {}", failed.status);
    let piped = format!("echo echo piped | {worker} run --agent shell --wait --json - ");
    let printed = output(place.command("sh").args(["-c", &piped]))?;
    let name = serde_json::from_str::<serde_json::Value>(&printed)?["name"].clone();
    ensure!(name == "echo piped", "standard input did not arrive: {printed}");
    run(place.command(&worker).args(["server", "stop"]).stdout(Stdio::null()))
}

/// The directory of a program in the caller's `PATH`.
fn which(program: &str) -> Result<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|directory| directory.join(program).is_file())
        .with_context(|| format!("{program} is not in PATH"))
}

/// The Python client: style, types, and its tests with the wheel.
fn python_client(job: &Job) -> Result<()> {
    let tools = setup::python_build_tools()?;
    let sources = workspace::root().join("clients/python");
    let tool = |name: &str, args: &[&str]| {
        let mut command = Command::new(tools.join(name));
        run(command.args(args).current_dir(&sources).env("RUFF_NO_CACHE", "true"))
    };
    tool("ruff", &["check", "--quiet"])?;
    tool("ruff", &["format", "--check", "--quiet"])?;
    tool("pip", &["uninstall", "--quiet", "--yes", "claude-worker"])?;
    let wheel = package(&job.place, ".whl")?;
    let wheel = wheel.to_string_lossy();
    let install = ["install", "--quiet", "--no-index", "--disable-pip-version-check", &wheel];
    tool("pip", &install)?;
    tool("mypy", &["--no-error-summary", "--cache-dir=/dev/null"])?;
    tool("python", &["-m", "pytest", "--quiet", "-p", "no:cacheprovider"])
}
