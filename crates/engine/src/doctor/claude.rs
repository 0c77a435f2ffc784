//! Claude Code: where it is, which version, and whether it is signed in.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use claude_worker_api::{Check, Settings};

use crate::{LoginShell, locate};

/// How long `claude --version` may take; it starts a large program from a cold disk.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// Variables that sign Claude Code in. Only whether they are set is looked at.
const KEYS: [&str; 6] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
];

pub(super) fn checks(config: &Settings, login_shell: &LoginShell) -> Vec<Check> {
    const NAME: &str = "Claude Code";
    let home = claude_worker_paths::user_home();
    let configured = config.agents.claude.as_deref().map(Path::new);
    let path = std::env::var_os("PATH");
    let program = match locate::claude(configured, path.as_deref(), login_shell) {
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
    };
    vec![program, sign_in(home.as_deref())]
}

/// The first line, if it looks like a version.
fn version(output: &str) -> Option<String> {
    let line = output.lines().next()?.trim();
    line.chars().any(|c| c.is_ascii_digit()).then(|| line.to_owned())
}

fn sign_in(home: Option<&Path>) -> Check {
    const NAME: &str = "Sign-in";
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some(name) = KEYS.into_iter().find(set) {
        return Check::ok(NAME, format!("{name} is set"));
    }
    match home.and_then(stored_sign_in) {
        Some(place) => Check::ok(NAME, format!("found in {place}")),
        None if cfg!(target_os = "macos") => Check::warn(
            NAME,
            "no key in the environment or in ~/.claude; it may be in the keychain",
            "If tasks fail with an authentication error, run `claude` once and log in",
        ),
        None => Check::bad(
            NAME,
            "no key in the environment and no login in ~/.claude",
            "Run `claude` once and log in, or set ANTHROPIC_API_KEY and start the engine anew",
        ),
    }
}

/// Where a login is kept, if there is one. Only that it is there is looked at, never what it is.
fn stored_sign_in(home: &Path) -> Option<&'static str> {
    let mentions = |file: &str, key: &str| {
        std::fs::read_to_string(home.join(file)).is_ok_and(|text| text.contains(key))
    };
    if home.join(".claude/.credentials.json").is_file() {
        Some("~/.claude/.credentials.json")
    } else if mentions(".claude/settings.json", "\"apiKeyHelper\"") {
        Some("~/.claude/settings.json (apiKeyHelper)")
    } else if mentions(".claude.json", "\"oauthAccount\"") {
        Some("~/.claude.json")
    } else {
        None
    }
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

    #[test]
    fn a_stored_login_is_found_by_its_place() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(stored_sign_in(home.path()), None);
        std::fs::write(home.path().join(".claude.json"), r#"{"oauthAccount":{}}"#).unwrap();
        assert_eq!(stored_sign_in(home.path()), Some("~/.claude.json"));
        std::fs::create_dir(home.path().join(".claude")).unwrap();
        std::fs::write(home.path().join(".claude/.credentials.json"), "secret").unwrap();
        assert_eq!(stored_sign_in(home.path()), Some("~/.claude/.credentials.json"));
    }
}
