//! The directories that the user has trusted: our own list, and Claude Code's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use claude_worker_api::ApiError;
use claude_worker_os::files::{FileVersion, Replace, replace, without_waiting};
use serde::{Deserialize, Serialize};

use crate::EngineError;

/// The longest list that is read, in bytes. Claude Code keeps much else in its file.
const LONGEST: u64 = 64 * 1024 * 1024;

/// What the user has trusted, as paths without symbolic links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    pub(super) own: BTreeSet<String>,
    pub(super) claude_code: BTreeSet<String>,
}

impl Lists {
    /// Reads both. A list that cannot be read trusts nothing.
    pub(crate) fn read(own: &Path) -> Self {
        let own = read_own(own).unwrap_or_else(|error| {
            tracing::warn!(%error, "the list of trusted directories cannot be read");
            BTreeSet::new()
        });
        Self { own, claude_code: read_claude_code() }
    }

    pub(super) fn trust(&self, directory: &Path) -> bool {
        directory
            .to_str()
            .is_some_and(|path| self.own.contains(path) || self.claude_code.contains(path))
    }
}

/// Our own list, as it is kept.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    directories: BTreeSet<String>,
}

/// Our own list; a missing file is an empty one.
pub(super) fn read_own(path: &Path) -> Result<BTreeSet<String>, EngineError> {
    let unreadable = |what: String| {
        EngineError::Refused(
            ApiError::invalid(format!("{} cannot be read: {what}", path.display()))
                .hint("Correct or delete the file: then no directory is trusted"),
        )
    };
    match read(path) {
        Ok(text) => serde_json::from_slice::<Kept>(&text)
            .map(|kept| kept.directories)
            .map_err(|error| unreadable(error.to_string())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Replaces our own list: whole or not at all.
pub(super) fn write_own(path: &Path, directories: &BTreeSet<String>) -> Result<(), EngineError> {
    serde_json::to_vec_pretty(&Kept { directories: directories.clone() })
        .map_err(io::Error::from)
        .and_then(|text| replace(path, &text, &Replace { flush: true, ..Replace::default() }))
        .map(drop)
        .map_err(EngineError::io(format!("cannot write {}", path.display())))
}

/// What Claude Code keeps about directories, as far as it concerns us.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ClaudeCode {
    projects: BTreeMap<String, Project>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Project {
    has_trust_dialog_accepted: bool,
}

/// Where Claude Code keeps its list, by this process's environment. A task's own variables do not
/// count: a task must not say what is trusted.
pub(super) fn claude_code_file() -> Option<PathBuf> {
    let directory = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let directory = directory("CLAUDE_CONFIG_DIR").or_else(|| directory("HOME"))?;
    Some(Path::new(&directory).join(".claude.json"))
}

/// The directories whose dialog the user has accepted in Claude Code.
pub(super) fn read_claude_code() -> BTreeSet<String> {
    static LAST: Mutex<Option<LastRead>> = Mutex::new(None);
    let Some(path) = claude_code_file() else { return BTreeSet::new() };
    match accepted_in(&path, &LAST) {
        Ok(accepted) => accepted,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(path = %path.display(), %error, "Claude Code's list cannot be read");
            }
            BTreeSet::new()
        }
    }
}

/// What Claude Code's list said when it was last read. The file may be large, and it is wanted for
/// each launch.
pub(super) struct LastRead {
    path: PathBuf,
    version: FileVersion,
    accepted: BTreeSet<String>,
}

/// Whether a later change would have another time: the clock of a file system may stand still for a
/// while.
fn is_settled(version: FileVersion) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    now.cast_signed().saturating_sub(version.changed_seconds()) >= 3
}

pub(super) fn accepted_in(
    path: &Path,
    last: &Mutex<Option<LastRead>>,
) -> io::Result<BTreeSet<String>> {
    let file = open(path)?;
    // Before the content: a change in between is then read again.
    let version = FileVersion::of(&file.metadata()?);
    let last = || last.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = last().as_ref().filter(|it| it.path == path && it.version == version) {
        return Ok(last.accepted.clone());
    }
    let accepted = accepted(&content(file)?)?;
    if is_settled(version) {
        let (path, accepted) = (path.to_owned(), accepted.clone());
        *last() = Some(LastRead { path, version, accepted });
    }
    Ok(accepted)
}

pub(super) fn accepted(text: &[u8]) -> serde_json::Result<BTreeSet<String>> {
    let list: ClaudeCode = serde_json::from_slice(text)?;
    let accepted = list.projects.into_iter().filter(|(_, it)| it.has_trust_dialog_accepted);
    Ok(accepted.map(|(path, _)| path).collect())
}

/// The content of a regular file of bounded size; never waits for the writer of a pipe.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    content(open(path)?)
}

fn open(path: &Path) -> io::Result<File> {
    without_waiting(OpenOptions::new().read(true)).open(path)
}

fn content(file: File) -> io::Result<Vec<u8>> {
    let found = file.metadata()?;
    if !found.is_file() || found.len() > LONGEST {
        return Err(io::Error::other("it is not a file of a usual size"));
    }
    let mut content = Vec::new();
    file.take(LONGEST).read_to_end(&mut content)?;
    Ok(content)
}
