//! The answer of a shell.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What a shell is asked for: where programs are, and what version managers need to find the right
/// version.
pub(super) const VARIABLES: [&str; 35] = [
    "PATH",
    "NVM_DIR",
    "NVM_BIN",
    "NVM_INC",
    "FNM_DIR",
    "FNM_MULTISHELL_PATH",
    "FNM_VERSION_FILE_STRATEGY",
    "FNM_LOGLEVEL",
    "FNM_NODE_DIST_MIRROR",
    "FNM_COREPACK_ENABLED",
    "FNM_RESOLVE_ENGINES",
    "FNM_ARCH",
    "VOLTA_HOME",
    "VOLTA_FEATURE_PNPM",
    "PNPM_HOME",
    "N_PREFIX",
    "NODENV_ROOT",
    "MISE_DATA_DIR",
    "MISE_CONFIG_DIR",
    "MISE_CACHE_DIR",
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "ASDF_CONFIG_FILE",
    "BUN_INSTALL",
    "DENO_INSTALL",
    "PYENV_ROOT",
    "RBENV_ROOT",
    "GOENV_ROOT",
    "SDKMAN_DIR",
    "JAVA_HOME",
    "GOPATH",
    "GOROOT",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "HOMEBREW_PREFIX",
];

/// What a login shell has in its environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LoginEnvironment {
    directories: Vec<PathBuf>,
    variables: BTreeMap<String, String>,
}

impl LoginEnvironment {
    /// Reads what was printed between the marks. What is not UTF-8 is left out: the specification of a run
    /// is JSON.
    pub(super) fn read(printed: &[u8]) -> Self {
        let mut environment = Self::default();
        for entry in printed.split(|byte| *byte == 0) {
            let Some((name, value)) =
                std::str::from_utf8(entry).ok().and_then(|entry| entry.split_once('='))
            else {
                continue;
            };
            if value.is_empty() || !VARIABLES.contains(&name) {
                continue;
            }
            if name == "PATH" {
                // What a relative one means depends on where somebody happens to be.
                environment.directories = std::env::split_paths(value)
                    .filter(|directory| directory.is_absolute())
                    .collect();
            } else {
                environment.variables.insert(name.to_owned(), value.to_owned());
            }
        }
        environment
    }

    /// The directories of its `PATH`.
    pub(crate) fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// What version managers need.
    pub(crate) const fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }
}

/// The `PATH` of a run: its task's, then what is missing of the login shell's, then of the engine's.
/// None when there are no directories at all.
pub(crate) fn joined_path(
    task: Option<&OsStr>,
    login: &[PathBuf],
    engine: Option<&OsStr>,
) -> Option<String> {
    /// The system accepts no longer variable, and no PATH in use is as long.
    const LONGEST: usize = 64 * 1024;
    // The task's own stays as it is, empty and relative directories included.
    let mut path = task.and_then(OsStr::to_str).unwrap_or_default().to_owned();
    let mut known: HashSet<PathBuf> = std::env::split_paths(&path).collect();
    let engine = engine.map(|path| std::env::split_paths(path).collect::<Vec<_>>());
    for directory in login.iter().chain(engine.iter().flatten()) {
        let Some(text) = directory.to_str().filter(|_| directory.is_absolute()) else { continue };
        if known.contains(directory) || path.len() + text.len() > LONGEST {
            continue;
        }
        if !path.is_empty() {
            path.push(':');
        }
        path.push_str(text);
        known.insert(directory.clone());
    }
    Some(path).filter(|path| !path.is_empty())
}

/// Whether a `PATH` has only directories of the system: cron, service managers and desktops give such a
/// one, and so it says nothing about where this person's programs are.
pub(crate) fn is_of_system(path: &OsStr) -> bool {
    const OF_SYSTEM: [&str; 10] = [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
        "/usr/games",
        "/usr/local/games",
        "/snap/bin",
        "/usr/X11/bin",
    ];
    std::env::split_paths(path).all(|directory| {
        directory.as_os_str().is_empty()
            || OF_SYSTEM.iter().any(|known| directory == Path::new(known))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_read_and_nothing_else() {
        let printed =
            b"PATH=/a:relative::/b\0NVM_DIR=/home/me/my nvm\nx\0VOLTA_HOME=\0OTHER=x\0\xff=1\0";
        let environment = LoginEnvironment::read(printed);
        assert_eq!(environment.directories(), [Path::new("/a"), Path::new("/b")]);
        let variables: Vec<_> = environment.variables().iter().collect();
        assert_eq!(variables, [(&"NVM_DIR".to_owned(), &"/home/me/my nvm\nx".to_owned())]);
    }

    #[test]
    fn directories_that_are_missing_come_behind_those_of_the_task() {
        let login = [PathBuf::from("/home/me/.nvm/bin"), PathBuf::from("/usr/bin")];
        let joined = |task: Option<&str>, engine: Option<&str>| {
            joined_path(task.map(OsStr::new), &login, engine.map(OsStr::new))
        };
        let is = |path: &str| Some(path.to_owned());
        assert_eq!(joined(None, None), is("/home/me/.nvm/bin:/usr/bin"));
        assert_eq!(
            joined(Some("/venv/bin:./bin:/usr/bin"), Some("/opt/x:/venv/bin:rel")),
            is("/venv/bin:./bin:/usr/bin:/home/me/.nvm/bin:/opt/x")
        );
        assert_eq!(joined_path(None, &[], None), None);
        assert_eq!(joined_path(Some(OsStr::new("/a")), &[], None), is("/a"));
        let many: Vec<_> = (0..10_000).map(|n| PathBuf::from(format!("/directory/{n}"))).collect();
        assert!(joined_path(None, &many, None).unwrap().len() <= 64 * 1024);
    }

    #[test]
    fn paths_of_cron_and_systemd_are_told_from_those_of_a_terminal() {
        for bare in
            ["", "/usr/bin:/bin", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        {
            assert!(is_of_system(OsStr::new(bare)), "{bare}");
        }
        for own in ["/usr/bin:/home/me/.local/bin", "/opt/homebrew/bin:/usr/bin", "relative"] {
            assert!(!is_of_system(OsStr::new(own)), "{own}");
        }
    }
}
