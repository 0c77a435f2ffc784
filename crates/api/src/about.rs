//! What is installed: versions, places, and how it is updated.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UnknownName;

/// What is installed, for a person who looks for a version or writes a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct About {
    /// The version of the engine.
    pub version: String,
    /// The commit that a released engine was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The licence, by its SPDX identifier.
    pub license: String,
    /// The operating system and the machine, like `linux x86_64`.
    pub system: String,
    /// Where tasks and settings are kept.
    pub data_directory: String,
    /// The program that the engine runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Claude Code, if it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claude: Option<ClaudeCode>,
    /// How the program came onto this machine.
    pub installation: Installation,
}

/// Claude Code as the engine found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClaudeCode {
    /// The program.
    pub path: String,
    /// What it says of its version; absent if it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// How a program came onto this machine, and how it is updated. Nothing is asked of the network for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Installation {
    /// What installed it.
    pub by: InstalledBy,
    /// The name of its package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The command that installs the newest version; absent where there is no single command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<String>,
    /// A newer version, if the package manager of this machine already knows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer: Option<String>,
}

/// What installed a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstalledBy {
    /// A package of Debian or Ubuntu.
    Deb,
    /// A package of Fedora, openSUSE and others.
    Rpm,
    /// The archive with `install.sh`.
    Archive,
    /// npm.
    Npm,
    /// pip.
    Pip,
    /// uv, as a tool.
    Uv,
    /// pipx.
    Pipx,
    /// `cargo install`.
    Cargo,
    /// It runs in a container.
    Container,
    /// A build directory of Cargo.
    Build,
    /// It cannot be told.
    Unclear,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}
