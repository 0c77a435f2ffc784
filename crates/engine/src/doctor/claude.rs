//! Claude Code: where it is, and which version.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use claude_worker_api::{Check, Remedy, Settings};

use crate::locate::LocateError;
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
            let path = login_shell.path_for(path.as_deref().and_then(OsStr::to_str));
            match claude_version(&found.path, path.as_deref()) {
                Some(version) => Check::ok(NAME, format!("{version} ({place})")),
                None => Check::bad(
                    NAME,
                    format!("{place}, but it does not say its version"),
                    "Run it with --version to see why; install it anew with `npm install -g \
                     @anthropic-ai/claude-code` if it is broken",
                )
                .with_remedy(Remedy::InstallClaude),
            }
        }
        Err(error) => {
            // The message is what happened, then what to do.
            let text = error.to_string();
            let (found, advice) = text.split_once(". ").unwrap_or((&text, ""));
            let check = Check::bad(NAME, found, advice);
            match error {
                LocateError::Missing => check.with_remedy(Remedy::InstallClaude),
                LocateError::Configured { .. } => check,
            }
        }
    }
}

/// What Claude Code says of its version, if it answers in time. `path` is the `PATH` of a run: the program may be
/// a script that needs node.
pub(crate) fn claude_version(program: &Path, path: Option<&str>) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version").env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    if let Some(path) = path {
        command.env("PATH", path);
    }
    locate::output_within(command, VERSION_LIMIT).as_deref().and_then(version)
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
