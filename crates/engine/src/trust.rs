//! Whose settings a task may use.
//!
//! `claude -p` asks nobody whether a directory is trusted: the directory's `.claude/settings.json`
//! may run hooks and an `apiKeyHelper` and name the address that the user's API key is sent to, and
//! `.mcp.json` starts programs. So a task that an agent asked for uses the settings of its directory
//! only if the user has trusted it: in Claude Code, or with `claude-worker trust`. A person's own
//! task uses them as ever.
//!
//! What is known of a directory ([`Place`]) is gathered from the file system ([`mod@look`]) and the
//! lists ([`lists`]); [`untrusted`] decides by that alone. It is at least as strict as Claude Code
//! 2.1.330 is about the permissions that a directory's settings allow:
//!
//! - Trust holds for the directories below, but not for another Git repository there, and outside of
//!   a repository only for directories that bring no settings of their own.
//! - A worktree is trusted with the repository it belongs to, if that says so too.
//! - Paths are compared as they are after all symbolic links.
//! - Claude Code also reads each `.mcp.json` further up, so that the directories of those must be
//!   trusted as well.

mod lists;
mod look;

use std::path::{Path, PathBuf};

use claude_worker_api::{ApiError, Task, Trust, TrustChange, TrustSource, TrustedDirectory};
use claude_worker_paths::shell_word;

pub(crate) use self::lists::Lists;
use self::look::{look, settings_that_run_code};
use crate::EngineError;

/// What is known of a directory: itself first, then each above it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Place {
    path: PathBuf,
    /// Whether the user has trusted this very directory.
    is_trusted: bool,
    /// Whether it is the root of a Git repository or worktree.
    is_repository: bool,
    /// Whether it is a worktree of a repository whose root the user has trusted.
    is_of_trusted_repository: bool,
    /// Whether it has settings of its own for Claude Code, whatever they say.
    has_settings: bool,
    /// Whether it has a file of MCP servers, which count below it too.
    has_servers: bool,
    /// Whether it has instructions for agents, which count below it too.
    has_instructions: bool,
}

/// The directory that the user would have to trust before the settings of the first of these places
/// may be used; none if they may be.
fn untrusted(places: &[Place]) -> Option<&Path> {
    let is_in_question = |number: &usize| *number == 0 || places[*number].has_servers;
    (0..places.len())
        .filter(is_in_question)
        .find(|number| !is_covered(&places[*number..]))
        .map(|number| places[number].path.as_path())
}

/// Whether the first of these places is trusted, by itself or as a part of another one.
fn is_covered(places: &[Place]) -> bool {
    let mut has_settings = false;
    for place in places {
        if place.is_trusted {
            return !has_settings || place.is_repository;
        }
        if place.is_repository {
            return place.is_of_trusted_repository;
        }
        has_settings |= place.has_settings;
    }
    false
}

/// The directory that the user would have to trust before a task of an agent's may use the settings
/// of `directory`; none if it may. What cannot be looked at is not trusted.
pub(crate) fn untrusted_for_agents(list: &Path, directory: &Path) -> Option<PathBuf> {
    let Ok(directory) = directory.canonicalize() else { return Some(directory.to_owned()) };
    untrusted(&look(&directory, &Lists::read(list))).map(Path::to_owned)
}

/// Whether there is anything in or above a directory that Claude Code would use in it besides the
/// user's own settings.
fn is_there_anything(places: &[Place]) -> bool {
    places.first().is_some_and(|place| place.has_settings)
        || places.iter().any(|place| place.has_servers || place.has_instructions)
}

/// What is known of a directory in which there is something that Claude Code would use.
fn look_where_there_is_something(list: &Path, directory: &str) -> Option<Vec<Place>> {
    let path = Path::new(directory).canonicalize().ok()?;
    // The lists are read only where there is something to be trusted.
    is_there_anything(&look(&path, &Lists::default())).then(|| look(&path, &Lists::read(list)))
}

/// What a person should know of a task because of the directory it works in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Warning {
    words: String,
    /// The directory to trust if the person wants what the words tell of. A client must not have to
    /// find it in the words: those may quote a path that is made to look like another one.
    untrusted: Option<String>,
}

impl Warning {
    fn about(untrusted: &Path, words: String) -> Self {
        Self { words, untrusted: untrusted.to_str().map(str::to_owned) }
    }

    /// Adds it to what the task's warnings say.
    pub(crate) fn add_to(self, task: &mut Task) {
        task.warnings.push(self.words);
        task.untrusted = self.untrusted;
    }
}

/// The command that trusts a directory, to be copied into a shell.
fn command(directory: &Path) -> String {
    format!("claude-worker trust {}", shell_word(&directory.display().to_string()))
}

/// What to say of a task that an agent asked for and whose next run will do without the settings of
/// `directory`; nothing when there are none, or they may be used.
pub(crate) fn will_be_left_out(list: &Path, directory: &str) -> Option<Warning> {
    let places = look_where_there_is_something(list, directory)?;
    let path = untrusted(&places)?;
    let untrusted = path.display();
    let words = format!(
        "The settings of {directory} (.claude, .mcp.json, CLAUDE.md) are not used: an agent asked for \
         the task, and {untrusted} is not a directory that you have trusted. To have them used by runs \
         that begin later: {}",
        command(path)
    );
    Some(Warning::about(path, words))
}

/// What to say of a task whose last run did without the settings of `directory`.
pub(crate) fn was_left_out(list: &Path, directory: &str) -> Option<Warning> {
    let places = look_where_there_is_something(list, directory)?;
    let untrusted = untrusted(&places);
    let advice = match untrusted {
        Some(untrusted) => format!(
            "that {} is trusted. To have them used by runs that begin later: {}",
            untrusted.display(),
            command(untrusted)
        ),
        None => "that the directory was trusted. It is now".to_owned(),
    };
    let words = format!(
        "The settings of {directory} (.claude, .mcp.json, CLAUDE.md) were not used: an agent asked for \
         the task, and you had not said {advice}"
    );
    Some(match untrusted {
        Some(untrusted) => Warning::about(untrusted, words),
        None => Warning { words, untrusted: None },
    })
}

/// What a person should know who submits a task into `directory`: that its settings can run code,
/// and that it is not trusted.
pub(crate) fn warning_for_people(list: &Path, directory: &Path) -> Option<Warning> {
    let directory = directory.canonicalize().ok()?;
    // The lists are read only where there is something to be trusted.
    let places = look(&directory, &Lists::default());
    if !places
        .iter()
        .enumerate()
        .any(|(number, place)| place.has_servers || (number == 0 && place.has_settings))
    {
        return None;
    }
    let places = look(&directory, &Lists::read(list));
    let untrusted = untrusted(&places)?;
    let file = (0..places.len())
        .filter(|number| !is_covered(&places[*number..]))
        .find_map(|number| settings_that_run_code(&places[number].path, number == 0))?;
    let directory = untrusted.display();
    let words = format!(
        "This task follows {}, which can run commands, and {directory} is not a directory that you \
         have trusted. If you do not know it, cancel the task; if you do: {}",
        file.display(),
        command(untrusted)
    );
    Some(Warning::about(untrusted, words))
}

/// What the user has trusted.
pub(crate) fn trusted(list: &Path) -> Trust {
    let lists = Lists::read(list);
    let all = |paths: std::collections::BTreeSet<String>, by: TrustSource| {
        paths.into_iter().map(move |path| TrustedDirectory { path, by })
    };
    let directories = all(lists.own, TrustSource::ClaudeWorker)
        .chain(all(lists.claude_code, TrustSource::ClaudeCode))
        .collect();
    Trust { directories, missing: None }
}

/// The directory that a change is about, behind all symbolic links.
///
/// # Errors
/// When it is none.
pub(crate) fn real_directory(change: &TrustChange) -> Result<PathBuf, EngineError> {
    let refuse = |error: ApiError| EngineError::Refused(error);
    let wanted = Path::new(&change.directory);
    if !wanted.is_absolute() {
        let what = format!("\"{}\" is not an absolute path", change.directory.escape_debug());
        return Err(refuse(ApiError::invalid(what).hint("Give the full path of a directory")));
    }
    match wanted.canonicalize() {
        Ok(directory) if directory.is_dir() || !change.trusted => Ok(directory),
        Ok(_) => {
            let what = format!("{} is not a directory", change.directory);
            Err(refuse(ApiError::invalid(what).hint("Name a directory")))
        }
        // A directory that is gone can still be taken off the list.
        Err(_) if !change.trusted => Ok(wanted.to_owned()),
        Err(error) => {
            let what = format!("Cannot trust {}: {error}", change.directory);
            Err(refuse(ApiError::invalid(what).hint("Name an existing directory")))
        }
    }
}

/// Changes our own list. `directory` is what [`real_directory`] found; it is not looked at.
///
/// # Errors
/// When the directory is not in the list; when the list cannot be read or written.
pub(crate) fn change(
    list: &Path,
    change: &TrustChange,
    directory: &Path,
) -> Result<Trust, EngineError> {
    let refuse = |error: ApiError| EngineError::Refused(error);
    let Some(path) = directory.to_str() else {
        let what = format!("{} is not valid UTF-8", directory.display());
        return Err(refuse(ApiError::invalid(what).hint("Rename the directory")));
    };
    let mut own = lists::read_own(list)?;
    let changed = if change.trusted {
        own.insert(path.to_owned())
    } else if own.remove(path) || own.remove(&change.directory) {
        true
    } else {
        let hint = if lists::read_claude_code().contains(path) {
            format!(
                "It is trusted in Claude Code: set projects[\"{path}\"].hasTrustDialogAccepted to \
                 false in {}",
                lists::claude_code_file().unwrap_or_default().display()
            )
        } else {
            "claude-worker trust --list shows which are".to_owned()
        };
        let what = format!("{path} is not in the list of trusted directories");
        return Err(refuse(ApiError::invalid(what).hint(hint)));
    };
    if changed {
        lists::write_own(list, &own)?;
    }
    Ok(trusted(list))
}

#[cfg(test)]
mod tests;
