//! Claude Code changes its settings itself: it writes that file all the time.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use claude_worker_engine::{Paths, locate, settings, shell_word};
use serde_json::Value;

use super::clients::{Entry, NAME};

/// How long its command line may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What adds the entry, as a person would type it after `claude`.
pub(super) fn add_arguments(entry: &Entry) -> Vec<String> {
    let mut arguments = ["mcp", "add", "--scope", "user", NAME].map(str::to_owned).to_vec();
    for (name, value) in &entry.env {
        arguments.extend(["-e".to_owned(), format!("{name}={value}")]);
    }
    arguments.extend(["--".to_owned(), entry.command.clone()]);
    arguments
}

/// What adds an entry that has more in it than the command line has options for.
pub(super) fn add_whole_arguments(entry: &Value) -> Vec<String> {
    let mut arguments = ["mcp", "add-json", "--scope", "user", NAME].map(str::to_owned).to_vec();
    arguments.push(entry.to_string());
    arguments
}

/// What takes it away.
pub(super) fn remove_arguments() -> Vec<String> {
    ["mcp", "remove", "--scope", "user", NAME].map(str::to_owned).to_vec()
}

/// A command line as a person would type it.
pub(super) fn shown(arguments: &[String]) -> String {
    let quoted = arguments.iter().map(|argument| shell_word(argument));
    std::iter::once("claude".to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}

/// Claude Code's own command line, where it is found.
pub(super) struct Claude {
    program: std::path::PathBuf,
}

impl Claude {
    /// Looks for it as the engine does.
    pub(super) fn find() -> Option<Self> {
        let configured = Paths::from_env().and_then(|paths| settings::load(&paths)).ok();
        let configured = configured.and_then(|config| config.agents.claude);
        let found = locate::claude(configured.as_deref().map(Path::new)).ok()?;
        Some(Self { program: found.path })
    }

    /// Runs it; whether it did what it should is seen in its file.
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
    fn what_people_are_to_type_is_quoted_for_their_shell() {
        let env = [("CLAUDE_WORKER_HOME".to_owned(), "/my data".to_owned())].into();
        let entry = Entry { command: "/it's/x".to_owned(), env, is_plain: true };
        assert_eq!(
            shown(&add_arguments(&entry)),
            r"claude mcp add --scope user claude-worker -e 'CLAUDE_WORKER_HOME=/my data' -- '/it'\''s/x'"
        );
        assert_eq!(shown(&remove_arguments()), "claude mcp remove --scope user claude-worker");
    }
}
