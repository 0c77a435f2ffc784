//! What is installed: versions, places, and how the program came onto this machine.
//!
//! Nothing here asks the network. A newer version is known where the package manager of the machine already
//! knows it: `apt-cache` reads what `apt update` has stored.

mod origin;

use std::env::consts::{ARCH, OS};
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use claude_worker_api::{About, ClaudeCode, Installation, InstalledBy, Settings};

use crate::doctor::claude_version;
use crate::locate::{self, says};
use crate::{LoginShell, Paths};

/// How long a package manager may take.
const PACKAGE_MANAGER: Duration = Duration::from_secs(5);

/// The commit that a release was built from. `cargo xtask dist` sets it; builds of developers have none, so that
/// a commit compiles nothing anew.
const COMMIT: Option<&str> = option_env!("CLAUDE_WORKER_COMMIT");

/// Looks at everything. Blocks, for some 30 seconds at the most.
pub(crate) fn about(paths: &Paths, config: &Settings, login_shell: &LoginShell) -> About {
    let program = std::env::current_exe().ok();
    let installation = match &program {
        Some(program) => installation(&origin::read(program)),
        None => origin::unclear(),
    };
    About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: COMMIT.filter(|commit| !commit.is_empty()).map(str::to_owned),
        license: env!("CARGO_PKG_LICENSE").to_owned(),
        system: format!("{OS} {ARCH}"),
        data_directory: paths.home.display().to_string(),
        program: program.map(|program| program.display().to_string()),
        claude: claude(config, login_shell),
        installation,
    }
}

fn claude(config: &Settings, login_shell: &LoginShell) -> Option<ClaudeCode> {
    let configured = config.agents.claude.as_deref().map(Path::new);
    let path = std::env::var_os("PATH");
    let found = locate::claude(configured, path.as_deref(), login_shell).ok()?;
    let path = login_shell.path_for(path.as_deref().and_then(OsStr::to_str));
    let version = claude_version(&found.path, path.as_deref());
    Some(ClaudeCode { path: found.path.display().to_string(), version })
}

/// What a place says, and a newer version where the package manager knows one.
fn installation(evidence: &origin::Evidence) -> Installation {
    let mut installation = origin::decide(evidence);
    if installation.by == InstalledBy::Unclear && evidence.is_of_system() {
        let owner = says("rpm", &["-qf", "--qf", "%{NAME}", &evidence.program()], PACKAGE_MANAGER);
        if let Some(package) = owner.filter(|owner| origin::is_our_package(owner)) {
            installation = origin::rpm(package);
        }
    }
    if let (InstalledBy::Deb, Some(package)) = (installation.by, &installation.package) {
        let policy = says("apt-cache", &["policy", package], PACKAGE_MANAGER);
        installation.newer = policy.as_deref().and_then(origin::newer_in_apt);
    }
    installation
}
