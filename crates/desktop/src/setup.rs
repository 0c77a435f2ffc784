//! Setting Claude Code up from the welcome page: which command that is.
//!
//! The pages choose a step and never a command, so hostile text in a page can start nothing
//! else.

use std::path::PathBuf;

use claude_worker_paths::shell_word;
use serde::{Deserialize, Serialize};

/// What the welcome page can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupStep {
    /// Install Claude Code, or install it anew.
    InstallClaude,
    /// Sign in with Claude Code.
    SignIn,
}

/// What this machine has for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetupPrograms {
    /// The `PATH` of the user's terminal.
    pub path: Option<String>,
    /// Claude Code.
    pub claude: Option<PathBuf>,
    /// Whether there is an npm that can install programs without another user's rights.
    pub npm: bool,
    /// Whether there is curl.
    pub curl: bool,
    /// Whether there is bash.
    pub bash: bool,
}

/// The command line of a step, for `/bin/sh`. None if this machine lacks what it needs.
#[must_use]
pub fn command(step: SetupStep, programs: &SetupPrograms) -> Option<String> {
    match step {
        SetupStep::InstallClaude if programs.npm => {
            Some("npm install --global @anthropic-ai/claude-code".to_owned())
        }
        SetupStep::InstallClaude if programs.curl && programs.bash => {
            Some("curl -fsSL https://claude.ai/install.sh | bash".to_owned())
        }
        SetupStep::InstallClaude => None,
        // Without a terminal it prints an address, opens the browser, and reads the code from standard input.
        SetupStep::SignIn => {
            let claude = programs.claude.as_ref()?.to_str()?;
            Some(format!("{} auth login", shell_word(claude)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_goes_by_what_is_there() {
        let nothing = SetupPrograms::default();
        assert_eq!(command(SetupStep::InstallClaude, &nothing), None);
        assert_eq!(command(SetupStep::SignIn, &nothing), None, "it has to be installed first");
        let curl = SetupPrograms { curl: true, ..nothing.clone() };
        assert_eq!(command(SetupStep::InstallClaude, &curl), None, "its script is for bash");
        let both = SetupPrograms { bash: true, ..curl };
        let found = command(SetupStep::InstallClaude, &both).unwrap();
        assert!(found.starts_with("curl "), "{found}");
        let npm = SetupPrograms { npm: true, ..both };
        let found = command(SetupStep::InstallClaude, &npm).unwrap();
        assert!(found.starts_with("npm install "), "{found}");
    }

    #[test]
    fn a_path_is_one_word_of_the_shell() {
        let at = |path: &str| {
            let programs = SetupPrograms { claude: Some(path.into()), ..SetupPrograms::default() };
            command(SetupStep::SignIn, &programs).unwrap()
        };
        assert_eq!(at("/usr/bin/claude"), "/usr/bin/claude auth login");
        assert_eq!(at("/home/a b/it's/claude"), "\"/home/a b/it's/claude\" auth login");
        assert_eq!(at("/home/$USER/claude"), "'/home/$USER/claude' auth login");
    }
}
