//! Which installer put a program where it is. [`read`] looks at the disk; [`decide`] is pure.

use std::fs;
use std::path::{Path, PathBuf};

use claude_worker_api::{Installation, InstalledBy};

/// The packages that have our programs.
const PACKAGES: [&str; 2] = ["claude-worker", "claude-worker-cli"];

/// What is known of a program's place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The program, behind all symbolic links.
    program: PathBuf,
    /// The package of Debian whose list of files names it.
    deb: Option<&'static str>,
    /// Whether `install.sh` has left its list of files.
    has_installer_list: bool,
    /// Whether Cargo's list of installed programs names it.
    is_in_cargo_list: bool,
    /// Whether the directory above is an environment of Python, or has our package of Python.
    has_python_package: bool,
    /// Whether this machine is a container.
    is_container: bool,
}

impl Evidence {
    /// Whether it is where package managers of a system put programs.
    pub(super) fn is_of_system(&self) -> bool {
        self.program.starts_with("/usr/bin")
    }

    pub(super) fn program(&self) -> String {
        self.program.display().to_string()
    }
}

/// Looks at the disk around a program.
pub(super) fn read(program: &Path) -> Evidence {
    let program = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let name = program.display().to_string();
    let prefix = program.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    let deb = PACKAGES.into_iter().find(|package| {
        let list = format!("/var/lib/dpkg/info/{package}.list");
        fs::read_to_string(list).is_ok_and(|list| list.lines().any(|line| line == name))
    });
    let cargo_list = fs::read_to_string(prefix.join(".crates.toml")).unwrap_or_default();
    Evidence {
        deb,
        has_installer_list: prefix.join("share/claude-worker/installed").is_file(),
        is_in_cargo_list: cargo_list.contains("\"claude-worker "),
        has_python_package: prefix.join("pyvenv.cfg").is_file() || has_python_package(prefix),
        is_container: ["/.dockerenv", "/run/.containerenv"].iter().any(|it| Path::new(it).exists()),
        program,
    }
}

/// Whether a directory has the Python package whose programs are in its `bin`.
fn has_python_package(prefix: &Path) -> bool {
    let entries = |directory: PathBuf| fs::read_dir(directory).into_iter().flatten().flatten();
    entries(prefix.join("lib")).any(|python| {
        let is_python = python.file_name().to_string_lossy().starts_with("python");
        is_python
            && ["site-packages", "dist-packages"].iter().any(|packages| {
                entries(python.path().join(packages)).any(|package| {
                    let name = package.file_name().to_string_lossy().into_owned();
                    name.starts_with("claude_worker-") && name.ends_with(".dist-info")
                })
            })
    })
}

/// What a place says about the installer.
pub(super) fn decide(evidence: &Evidence) -> Installation {
    let path = &evidence.program;
    let has = |part: &str| path.components().any(|component| component.as_os_str() == part);
    let below = |first: &str, second: &str| {
        let parts: Vec<_> = path.components().map(std::path::Component::as_os_str).collect();
        parts
            .windows(3)
            .any(|part| part[0] == first && part[1] == second && part[2] == "claude-worker")
    };
    let of = |by, package: Option<&str>, update: &str| Installation {
        by,
        package: package.map(str::to_owned),
        update: Some(update.to_owned()).filter(|update| !update.is_empty()),
        newer: None,
    };
    if let Some(package) = evidence.deb {
        let update = format!("sudo apt update && sudo apt install --only-upgrade {package}");
        of(InstalledBy::Deb, Some(package), &update)
    } else if has("node_modules") {
        of(InstalledBy::Npm, Some("claude-worker"), "npm install --global claude-worker@latest")
    } else if below("uv", "tools") {
        of(InstalledBy::Uv, Some("claude-worker"), "uv tool upgrade claude-worker")
    } else if below("pipx", "venvs") {
        of(InstalledBy::Pipx, Some("claude-worker"), "pipx upgrade claude-worker")
    } else if evidence.has_python_package {
        of(InstalledBy::Pip, Some("claude-worker"), "pip install --upgrade claude-worker")
    } else if evidence.has_installer_list {
        of(InstalledBy::Archive, None, "")
    } else if evidence.is_in_cargo_list {
        of(InstalledBy::Cargo, None, "")
    } else if (has("debug") || has("release")) && has("target") {
        of(InstalledBy::Build, None, "")
    } else if evidence.is_container {
        of(InstalledBy::Container, None, "")
    } else {
        unclear()
    }
}

/// Where nothing says how a program was installed.
pub(super) const fn unclear() -> Installation {
    Installation { by: InstalledBy::Unclear, package: None, update: None, newer: None }
}

/// A package of rpm. Which program updates it differs between distributions; all have a graphical one, too.
pub(super) fn rpm(package: String) -> Installation {
    let update = format!("sudo dnf upgrade {package}");
    Installation { by: InstalledBy::Rpm, package: Some(package), update: Some(update), newer: None }
}

/// Whether a package is one of ours.
pub(super) fn is_our_package(name: &str) -> bool {
    PACKAGES.contains(&name)
}

/// The newer version that `apt-cache policy` names, if it names one.
pub(super) fn newer_in_apt(policy: &str) -> Option<String> {
    let version =
        |name: &str| policy.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    let (installed, candidate) = (version("Installed:")?, version("Candidate:")?);
    (installed != candidate && candidate != "(none)").then(|| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(program: &str) -> Evidence {
        Evidence { program: PathBuf::from(program), ..Evidence::default() }
    }

    #[test]
    fn the_place_says_which_installer_it_was() {
        let decided = |evidence: Evidence| {
            let installation = decide(&evidence);
            (installation.by, installation.update.unwrap_or_default())
        };
        let by = |evidence| decided(evidence).0;
        let deb = Evidence { deb: Some("claude-worker-cli"), ..at("/usr/bin/claude-worker") };
        let (found, update) = decided(deb);
        assert_eq!(found, InstalledBy::Deb);
        assert!(update.ends_with("--only-upgrade claude-worker-cli"), "{update}");
        let npm = "/home/me/.npm/lib/node_modules/claude-worker-linux-x64/bin/claude-worker";
        assert_eq!(by(at(npm)), InstalledBy::Npm);
        let tools = "/home/me/.local/share/uv/tools/claude-worker/bin/claude-worker";
        let uv = Evidence { has_python_package: true, ..at(tools) };
        assert_eq!(decided(uv), (InstalledBy::Uv, "uv tool upgrade claude-worker".to_owned()));
        assert_eq!(
            by(at("/home/me/.local/pipx/venvs/claude-worker/bin/claude-worker")),
            InstalledBy::Pipx
        );
        let local = "/home/me/.local/bin/claude-worker";
        assert_eq!(by(Evidence { has_python_package: true, ..at(local) }), InstalledBy::Pip);
        assert_eq!(by(Evidence { has_installer_list: true, ..at(local) }), InstalledBy::Archive);
        let cargo = Evidence { is_in_cargo_list: true, ..at("/home/me/.cargo/bin/claude-worker") };
        assert_eq!(by(cargo), InstalledBy::Cargo);
        assert_eq!(by(at("/src/claude-worker/target/debug/claude-worker-app")), InstalledBy::Build);
        assert_eq!(by(Evidence { is_container: true, ..at(local) }), InstalledBy::Container);
        assert_eq!(by(at(local)), InstalledBy::Unclear);
    }

    #[test]
    fn files_beside_the_program_are_found() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        let program = root.join("bin/claude-worker");
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::write(&program, "").unwrap();
        let before = read(&program);
        assert_eq!((before.has_installer_list, before.has_python_package), (false, false));
        assert_eq!((before.is_in_cargo_list, before.deb), (false, None));
        fs::create_dir_all(root.join("share/claude-worker")).unwrap();
        fs::write(root.join("share/claude-worker/installed"), "bin/claude-worker\n").unwrap();
        assert!(read(&program).has_installer_list);
        fs::write(root.join(".crates.toml"), "[v1]\n\"claude-worker 0.1.0 (path+file:///x)\" = []")
            .unwrap();
        assert!(read(&program).is_in_cargo_list);
        let info = "lib/python3.12/site-packages/claude_worker-0.1.0.dist-info";
        fs::create_dir_all(root.join(info)).unwrap();
        assert!(read(&program).has_python_package);
    }

    #[test]
    fn apt_names_a_newer_version() {
        let policy = |installed: &str, candidate: &str| {
            format!(
                "claude-worker:\n  Installed: {installed}\n  Candidate: {candidate}\n  Version table:\n"
            )
        };
        assert_eq!(newer_in_apt(&policy("0.1.0", "0.2.0")).as_deref(), Some("0.2.0"));
        assert_eq!(newer_in_apt(&policy("0.1.0", "0.1.0")), None);
        assert_eq!(newer_in_apt(&policy("0.1.0", "(none)")), None);
        assert_eq!(newer_in_apt(""), None);
    }
}
