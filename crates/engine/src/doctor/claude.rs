//! Claude Code: where it is, and which version.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use claude_worker_api::{Check, Settings};

use crate::{LoginShell, locate};

/// How long `claude --version` may take; it starts a large program from a cold disk.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

pub(super) fn check(config: &Settings, login_shell: &LoginShell) -> Check {
    const NAME: &str = "Claude Code";
    let configured = config.agents.claude.as_deref().map(Path::new);
    let path = std::env::var_os("PATH");
    match locate::claude(configured, path.as_deref(), login_shell) {
        Ok(found) => {
            let place = format!("{}, {}", found.path.display(), found.how.words());
            let mut command = Command::new(&found.path);
            command.arg("--version").env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
            // As a run gets it: the program may be a script that needs node.
            if let Some(path) = login_shell.path_for(path.as_deref().and_then(OsStr::to_str)) {
                command.env("PATH", path);
            }
            match locate::output_within(command, VERSION_LIMIT).as_deref().and_then(version) {
                Some(version) => Check::ok(NAME, format!("{version} ({place})")),
                None => Check::bad(
                    NAME,
                    format!("{place}, but it does not say its version"),
                    "Run it with --version to see why; install it anew with `npm install -g \
                     @anthropic-ai/claude-code` if it is broken",
                ),
            }
        }
        Err(error) => {
            // The message is what happened, then what to do.
            let text = error.to_string();
            let (found, advice) = text.split_once(". ").unwrap_or((&text, ""));
            Check::bad(NAME, found, advice)
        }
    }
}

/// The first line, if it looks like a version.
fn version(output: &str) -> Option<String> {
    let line = output.lines().next()?.trim();
    line.chars().any(|c| c.is_ascii_digit()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_digits() {
        assert_eq!(version("2.1.330 (Claude Code)\n").as_deref(), Some("2.1.330 (Claude Code)"));
        assert_eq!(version("no idea"), None);
        assert_eq!(version(""), None);
    }
}
