//! What the machine has for installing Claude Code and for signing in, for the app that hosts the engine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use claude_worker_api::ApiError;

use super::Engine;
use crate::locate;

/// How long the look may take: a login shell and npm are asked.
const LOOK: Duration = Duration::from_secs(30);

/// How long npm may take to say where it installs programs.
const NPM: Duration = Duration::from_secs(10);

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetupPrograms {
    /// The `PATH` that runs get.
    pub path: Option<String>,
    /// Claude Code.
    pub claude: Option<PathBuf>,
    /// Where npm installs programs, if there is an npm.
    pub npm_prefix: Option<PathBuf>,
    /// The program curl.
    pub curl: Option<PathBuf>,
    /// The program bash.
    pub bash: Option<PathBuf>,
}

impl Engine {
    /// Looks for the programs that can set Claude Code up. It may take some seconds.
    ///
    /// # Errors
    /// `unavailable` when the machine does not answer in time.
    pub async fn setup_programs(&self) -> Result<SetupPrograms, ApiError> {
        let _turn = self.inner.examining.lock().await;
        let inner = Arc::clone(&self.inner);
        let look = move || {
            let own = std::env::var_os("PATH");
            let path = inner.login_shell.path_for(own.as_deref().and_then(OsStr::to_str));
            let config = inner.config.now();
            let configured = config.agents.claude.as_deref().map(Path::new);
            let claude = locate::claude(configured, own.as_deref(), &inner.login_shell);
            let find = |name: &str| locate::on_path(path.as_deref()?.as_ref(), name);
            SetupPrograms {
                claude: claude.ok().map(|found| found.path),
                npm_prefix: find("npm")
                    .and_then(|npm| locate::npm_prefix(&npm, path.as_deref(), NPM)),
                curl: find("curl"),
                bash: find("bash"),
                path,
            }
        };
        self.inner.directory_checks.check_separately("What can be installed", LOOK, look).await
    }
}
