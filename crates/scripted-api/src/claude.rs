//! Where the pinned Claude Code CLI lives, and the environment it may see.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The release every test, the demo and the benchmark run. `cargo xtask setup` installs it.
pub const VERSION: &str = "2.1.330";

/// The npm package it comes from.
pub const PACKAGE: &str = "@anthropic-ai/claude-code";

/// Names another `claude` to run the tests with.
pub const OVERRIDE: &str = "CLAUDE_WORKER_TEST_CLAUDE";

/// Why there is no CLI to run.
#[derive(Debug, thiserror::Error)]
pub enum ClaudeError {
    /// It has not been installed yet.
    #[error("Claude Code {VERSION} is not at {0}. `cargo xtask setup` installs it")]
    Missing(PathBuf),
    /// The build directory cannot be told, so neither can the place for the CLI.
    #[error("the build directory is unknown. Set {OVERRIDE} to the path of a claude binary")]
    NoTarget,
}

/// The CLI's place on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The npm prefix it is (to be) installed under; none if somebody else named the program.
    pub prefix: Option<PathBuf>,
    /// The program.
    pub program: PathBuf,
}

impl Installation {
    /// The place below a Cargo target directory: `claude-code/<version>`.
    #[must_use]
    pub fn below(target: &Path) -> Self {
        let prefix = target.join("claude-code").join(VERSION);
        let program = prefix.join("node_modules/.bin/claude");
        Self { prefix: Some(prefix), program }
    }

    /// Where the CLI belongs, whether it is there or not: as the environment variable
    /// [`OVERRIDE`] says, else below the target directory this very program was built into.
    ///
    /// # Errors
    /// [`ClaudeError::NoTarget`].
    pub fn expected() -> Result<Self, ClaudeError> {
        if let Some(program) = env::var_os(OVERRIDE) {
            return Ok(Self { prefix: None, program: program.into() });
        }
        let target = target_directory().ok_or(ClaudeError::NoTarget)?;
        Ok(Self::below(&target))
    }

    /// The installed CLI.
    ///
    /// # Errors
    /// [`ClaudeError`], with what to do about it.
    pub fn find() -> Result<Self, ClaudeError> {
        let expected = Self::expected()?;
        if fs::metadata(&expected.program).is_ok_and(|found| found.is_file()) {
            Ok(expected)
        } else {
            Err(ClaudeError::Missing(expected.program))
        }
    }
}

/// The Cargo target directory that holds the running program. Cargo marks it with a
/// `CACHEDIR.TAG` file, which build scripts' and profiles' directories do not have.
pub(crate) fn target_directory() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    program.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
}

/// The whole environment for a CLI under test: start it with this and nothing else, so that it
/// sees no real home, key or proxy. `PATH` is the caller's.
///
/// `home` and `tmp` must exist; the CLI writes to both.
#[must_use]
pub fn environment(home: &Path, tmp: &Path, api_url: &str) -> Vec<(String, String)> {
    let path = env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    let home = home.to_string_lossy();
    let tmp = tmp.to_string_lossy();
    let variables: [(&str, &str); 12] = [
        ("HOME", &home),
        ("TMPDIR", &tmp),
        ("PATH", &path),
        ("SHELL", "/bin/sh"),
        ("LANG", "C.UTF-8"),
        ("TERM", "dumb"),
        ("ANTHROPIC_BASE_URL", api_url),
        ("ANTHROPIC_API_KEY", "sk-ant-test-000"),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        // Loopback must not be asked for through a proxy.
        ("NO_PROXY", "127.0.0.1,localhost"),
        // As root the CLI refuses bypassPermissions unless told that it is in a sandbox.
        ("IS_SANDBOX", "1"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}
