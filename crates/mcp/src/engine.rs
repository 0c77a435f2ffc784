//! The way to the engine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use claude_worker_api::ApiError;
use claude_worker_client::{EngineClient, Starter};
use claude_worker_engine::Paths;

/// The program that can be an engine.
const PROGRAM: &str = "claude-worker";
/// Its argument for that.
const SERVE: &str = "serve";

/// The way to the engine that the environment names.
#[derive(Debug, Clone)]
pub(crate) struct EngineDoor {
    paths: Paths,
    starter: Starter,
}

impl EngineDoor {
    /// The door; nobody is looked for behind it yet.
    ///
    /// # Errors
    /// `invalid_request` when the environment names no usable place.
    pub(crate) fn from_env() -> Result<Self, ApiError> {
        let paths = Paths::from_env()?;
        let this = std::env::current_exe().ok();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = find(this.as_deref(), &path).unwrap_or_else(|| PROGRAM.into());
        let starter = Starter { program, args: vec![SERVE.to_owned()], paths: paths.clone() };
        Ok(Self { paths, starter })
    }

    /// A client for one call, and for all that this call asks: like a command on the command
    /// line it may start an engine, but does not bring one back that is stopped meanwhile.
    ///
    /// # Errors
    /// `invalid_request` when the environment names no usable place.
    pub(crate) fn client(&self) -> Result<EngineClient, ApiError> {
        EngineClient::from_env(&self.paths, Some(self.starter.clone()))
    }
}

/// The program beside this one, or else in the PATH.
fn find(this: Option<&Path>, path: &OsStr) -> Option<PathBuf> {
    this.map(|this| this.with_file_name(PROGRAM))
        .into_iter()
        .chain(std::env::split_paths(path).map(|directory| directory.join(PROGRAM)))
        .find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_beside_comes_before_one_in_the_path() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let this = here.path().join("claude-worker-mcp");
        let path = there.path().as_os_str();
        assert_eq!(find(Some(&this), path), None);
        std::fs::write(there.path().join(PROGRAM), "").unwrap();
        assert_eq!(find(Some(&this), path), Some(there.path().join(PROGRAM)));
        std::fs::write(here.path().join(PROGRAM), "").unwrap();
        assert_eq!(find(Some(&this), path), Some(here.path().join(PROGRAM)));
    }
}
