//! Where the pinned MCP clients live that tests run against our server.

use std::path::{Path, PathBuf};

use crate::claude::{ClaudeError, target_directory};

/// The npm packages: the protocol's Inspector, and the tool that checks and packs bundles.
pub const NPM: [(&str, &str); 2] =
    [("@modelcontextprotocol/inspector", "2.12.0"), ("@anthropic-ai/mcpb", "2.1.2")];

/// The Python package: the protocol's SDK, with the types made from the official schema.
pub const PYTHON: (&str, &str) = ("mcp", "2.3.0");

/// The clients' places on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpClients {
    /// The npm prefix.
    pub npm: PathBuf,
    /// Python's virtual environment.
    pub venv: PathBuf,
}

impl McpClients {
    /// The places below a Cargo target directory.
    #[must_use]
    pub fn below(target: &Path) -> Self {
        let versions = NPM.map(|(_, version)| version).join("-");
        let place = target.join("mcp-clients");
        Self {
            npm: place.join(format!("npm-{versions}")),
            venv: place.join(format!("python-{}", PYTHON.1)),
        }
    }

    /// The installed clients.
    ///
    /// # Errors
    /// [`ClaudeError::NoTarget`].
    pub fn expected() -> Result<Self, ClaudeError> {
        Ok(Self::below(&target_directory().ok_or(ClaudeError::NoTarget)?))
    }

    /// The Inspector's program.
    #[must_use]
    pub fn inspector(&self) -> PathBuf {
        self.npm.join("node_modules/.bin/mcp-inspector")
    }

    /// The program for bundles.
    #[must_use]
    pub fn mcpb(&self) -> PathBuf {
        self.npm.join("node_modules/.bin/mcpb")
    }

    /// Python, with the SDK.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        self.venv.join("bin/python")
    }

    /// Whether everything has been installed.
    #[must_use]
    pub fn are_there(&self) -> bool {
        // This file is written at the end of an installation.
        [&self.npm, &self.venv].iter().all(|place| place.join("complete").is_file())
    }
}
