//! What the file system says about a directory.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Place;
use super::lists::{self, Lists};
use crate::git;

/// The file of MCP servers of a directory and those below it.
const SERVERS: &str = ".mcp.json";

/// What is known of `directory`, which must be without symbolic links, and of those above it.
pub(super) fn look(directory: &Path, lists: &Lists) -> Vec<Place> {
    directory
        .ancestors()
        .map(|path| {
            let has = |name: &str| path.join(name).symlink_metadata().is_ok();
            let (is_repository, has_servers) = (git::is_repository(path), has(SERVERS));
            Place {
                path: path.to_owned(),
                is_trusted: lists.trust(path),
                is_repository,
                is_of_trusted_repository: is_repository
                    && repository_of_worktree(path).is_some_and(|root| lists.trust(&root)),
                has_settings: has_servers || has(".claude"),
                has_servers,
                has_instructions: has("CLAUDE.md") || has("CLAUDE.local.md"),
            }
        })
        .collect()
}

/// The root of the repository that `path` is a worktree of.
fn repository_of_worktree(path: &Path) -> Option<PathBuf> {
    let common = git::common_directory_of_worktree(path)?;
    (common.file_name()? == ".git").then(|| common.parent())?.map(Path::to_owned)
}

/// Settings that only choose how Claude Code looks and which model it uses. Permissions that a
/// directory allows itself are ignored by Claude Code where it is not trusted.
const HARMLESS: [&str; 12] = [
    "$schema",
    "alwaysThinkingEnabled",
    "attribution",
    "cleanupPeriodDays",
    "effortLevel",
    "includeCoAuthoredBy",
    "language",
    "model",
    "outputStyle",
    "permissions",
    "respectGitignore",
    "spinnerTipsEnabled",
];

/// The first file of a directory that makes Claude Code run something. Settings count only where the
/// task works, servers also further up.
pub(super) fn settings_that_run_code(directory: &Path, is_where_it_works: bool) -> Option<PathBuf> {
    let settings = |object: &serde_json::Map<String, Value>| {
        object.keys().any(|key| !HARMLESS.contains(&key.as_str()))
    };
    let servers = |object: &serde_json::Map<String, Value>| {
        object
            .get("mcpServers")
            .is_none_or(|servers| servers.as_object().is_none_or(|servers| !servers.is_empty()))
    };
    let may_run = |path: &Path, runs: &dyn Fn(&serde_json::Map<String, Value>) -> bool| {
        let Ok(text) = lists::read(path) else { return false };
        // What we cannot read, a later Claude Code may.
        serde_json::from_slice(&text).map_or(true, |object| runs(&object))
    };
    let own = [".claude/settings.json", ".claude/settings.local.json"];
    let own = own.map(|name| directory.join(name));
    own.into_iter()
        .find(|path| is_where_it_works && may_run(path, &settings))
        .or_else(|| Some(directory.join(SERVERS)).filter(|path| may_run(path, &servers)))
}
