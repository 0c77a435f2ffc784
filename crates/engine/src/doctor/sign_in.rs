//! Whether Claude Code is signed in. Only whether something is set or there is looked at, never what it is.

use std::env::var_os;
use std::path::{Path, PathBuf};

use claude_worker_api::{Check, Remedy};

/// Variables that sign Claude Code in.
const KEYS: [&str; 6] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
];

/// The directory of Claude Code's settings and login.
const CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";

/// Variables that choose the account and the server.
const CHOICE: [&str; 2] = [CONFIG_DIR, "ANTHROPIC_BASE_URL"];

/// How it is signed in, as this process sees it.
#[must_use]
pub fn check() -> Check {
    const NAME: &str = "Sign-in";
    if let Some(name) = KEYS.into_iter().find(is_set) {
        return Check::ok(NAME, format!("{name} is set"));
    }
    let place = match var_os(CONFIG_DIR).filter(|directory| !directory.is_empty()) {
        Some(directory) => in_directory(Path::new(&directory)),
        None => claude_worker_paths::user_home().and_then(|home| in_home(&home)),
    };
    match place {
        Some(place) => Check::ok(NAME, format!("found in {}", place.display())),
        None if cfg!(target_os = "macos") => Check::warn(
            NAME,
            "no key in the environment or in ~/.claude; it may be in the keychain",
            "If tasks fail with an authentication error, run `claude` once and log in",
        )
        .with_remedy(Remedy::SignIn),
        None => Check::bad(
            NAME,
            "no key in the environment and no login in ~/.claude",
            "Run `claude` once and log in, or export ANTHROPIC_API_KEY: tasks that are submitted in that \
             shell take it along",
        )
        .with_remedy(Remedy::SignIn),
    }
}

/// The names of those variables that are set for this process.
#[must_use]
pub fn variables() -> Vec<&'static str> {
    KEYS.into_iter().chain(CHOICE).filter(is_set).collect()
}

/// How the next engine gets the environment of a shell.
pub const START_ANEW: &str =
    "claude-worker server restart, which gives the engine this shell's environment";

/// Says which variables of an engine a shell does not have, so that its tasks use those of the engine: the rest of a
/// sentence that begins with "The". None when it has all.
pub fn missing_in_shell<'a>(
    of_engine: impl IntoIterator<Item = &'a str>,
    shell_has: impl Fn(&str) -> bool,
) -> Option<String> {
    let missing: Vec<_> = of_engine.into_iter().filter(|name| !shell_has(name)).collect();
    (!missing.is_empty()).then(|| {
        format!("engine was started with {}, which this shell does not have", missing.join(", "))
    })
}

fn is_set(name: &&str) -> bool {
    var_os(name).is_some_and(|value| !value.is_empty())
}

/// Where a login is kept below a home directory, if there is one.
fn in_home(home: &Path) -> Option<PathBuf> {
    let beside = home.join(".claude.json");
    in_directory(&home.join(".claude"))
        .or_else(|| mentions(&beside, "\"oauthAccount\"").then_some(beside))
}

/// Where a login is kept in a directory of Claude Code.
fn in_directory(directory: &Path) -> Option<PathBuf> {
    let [credentials, settings, config] =
        [".credentials.json", "settings.json", ".claude.json"].map(|name| directory.join(name));
    if credentials.is_file() {
        Some(credentials)
    } else if mentions(&settings, "\"apiKeyHelper\"") {
        Some(settings)
    } else {
        mentions(&config, "\"oauthAccount\"").then_some(config)
    }
}

fn mentions(file: &Path, key: &str) -> bool {
    claude_worker_paths::read_own(file).is_ok_and(|text| text.contains(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_engine_alone_are_named() {
        let missing = |has: &[&str]| {
            missing_in_shell(["ANTHROPIC_API_KEY", "CLAUDE_CONFIG_DIR"], |name| has.contains(&name))
        };
        assert_eq!(missing(&["ANTHROPIC_API_KEY", "CLAUDE_CONFIG_DIR"]), None);
        let words = missing(&["ANTHROPIC_API_KEY"]).unwrap();
        assert_eq!(
            words,
            "engine was started with CLAUDE_CONFIG_DIR, which this shell does not have"
        );
        assert!(missing(&[]).unwrap().contains("ANTHROPIC_API_KEY, CLAUDE_CONFIG_DIR"));
    }

    #[test]
    fn a_stored_login_is_found_by_its_place() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let account = r#"{"oauthAccount":{}}"#;
        assert_eq!(in_home(home), None);
        std::fs::write(home.join(".claude.json"), account).unwrap();
        assert_eq!(in_home(home), Some(home.join(".claude.json")));
        let other = home.join("other");
        std::fs::create_dir(&other).unwrap();
        assert_eq!(in_directory(&other), None, "a login elsewhere does not count");
        std::fs::write(other.join(".claude.json"), account).unwrap();
        assert_eq!(in_directory(&other), Some(other.join(".claude.json")));
        std::fs::create_dir(home.join(".claude")).unwrap();
        let credentials = home.join(".claude/.credentials.json");
        std::fs::write(&credentials, "secret").unwrap();
        assert_eq!(in_home(home), Some(credentials));
    }
}
