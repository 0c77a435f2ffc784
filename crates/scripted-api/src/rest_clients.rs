//! Where the pinned programs live that test the HTTP interface from outside.

use std::path::{Path, PathBuf};

use crate::claude::{ClaudeError, target_directory};

/// The Python packages: a tester that reads the OpenAPI description, a generator of clients, and the HTTP
/// client of the documentation's examples, which generated clients use, too.
pub const PYTHON: [(&str, &str); 3] =
    [("schemathesis", "4.32.5"), ("openapi-python-client", "0.29.1"), ("httpx", "0.28.1")];

/// The clients' place on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestClients {
    /// Python's virtual environment.
    pub venv: PathBuf,
}

impl RestClients {
    /// The place below a Cargo target directory.
    #[must_use]
    pub fn below(target: &Path) -> Self {
        let versions = PYTHON.map(|(_, version)| version).join("-");
        Self { venv: target.join("rest-clients").join(format!("python-{versions}")) }
    }

    /// The installed clients.
    ///
    /// # Errors
    /// [`ClaudeError::NoTarget`].
    pub fn expected() -> Result<Self, ClaudeError> {
        Ok(Self::below(&target_directory().ok_or(ClaudeError::NoTarget)?))
    }

    /// A program of the environment.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.venv.join("bin").join(name)
    }

    /// Whether everything has been installed.
    #[must_use]
    pub fn are_there(&self) -> bool {
        // This file is written at the end of an installation.
        self.venv.join("complete").is_file()
    }
}
