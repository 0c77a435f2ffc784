//! Changes the settings of Claude Code through its own command line, because a running Claude Code
//! rewrites its settings file often.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use claude_worker_engine::{LoginShell, locate, settings};
use claude_worker_paths::{Paths, shell_words};
use serde_json::Value;

use super::clients::{Entry, NAME};

/// How long one call of its command line may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The arguments that add the entry.
pub(super) fn add_arguments(entry: &Entry) -> Vec<String> {
    let mut arguments = ["mcp", "add", "--scope", "user", NAME].map(str::to_owned).to_vec();
    for (name, value) in &entry.env {
        arguments.extend(["-e".to_owned(), format!("{name}={value}")]);
    }
    arguments.extend(["--".to_owned(), entry.command.clone()]);
    arguments
}

/// The arguments that add an entry with fields that the command line has no options for.
pub(super) fn add_whole_arguments(entry: &Value) -> Vec<String> {
    let mut arguments = ["mcp", "add-json", "--scope", "user", NAME].map(str::to_owned).to_vec();
    arguments.push(entry.to_string());
    arguments
}

/// The arguments that remove the entry.
pub(super) fn remove_arguments() -> Vec<String> {
    ["mcp", "remove", "--scope", "user", NAME].map(str::to_owned).to_vec()
}

/// The command line, quoted for a shell.
pub(super) fn shown(arguments: &[String]) -> String {
    format!("claude {}", shell_words(arguments))
}

/// The program of Claude Code.
pub(super) struct Claude {
    program: std::path::PathBuf,
}

impl Claude {
    /// Finds it in the same way as the engine.
    pub(super) fn find() -> Option<Self> {
        let configured = Paths::from_env().and_then(|paths| settings::load(&paths)).ok();
        let configured = configured.and_then(|config| config.agents.claude);
        let found = locate::claude(
            configured.as_deref().map(Path::new),
            std::env::var_os("PATH").as_deref(),
            &LoginShell::default(),
        )
        .ok()?;
        Some(Self { program: found.path })
    }

    /// Runs it. Success is judged by its settings file, not by the exit code.
    pub(super) fn run(&self, arguments: &[String]) {
        let mut command = Command::new(&self.program);
        command.args(arguments);
        drop(locate::output_within(command, LIMIT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_quoted_for_a_shell() {
        let env = [("CLAUDE_WORKER_HOME".to_owned(), "/my data".to_owned())].into();
        let entry = Entry { command: "/it's/x".to_owned(), env, is_plain: true };
        assert_eq!(
            shown(&add_arguments(&entry)),
            r#"claude mcp add --scope user claude-worker -e "CLAUDE_WORKER_HOME=/my data" -- "/it's/x""#
        );
        assert_eq!(shown(&remove_arguments()), "claude mcp remove --scope user claude-worker");
    }
}
