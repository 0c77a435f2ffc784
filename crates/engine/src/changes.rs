//! Which files a run changed.
//!
//! Two sources, joined: git, where the working directory is in a repository, and the results of the
//! agent's tools in its output.
//!
//! Before a run starts, its thread asks git what differs from the commit that is checked out, and keeps
//! those files as they are then ([`look`], [`Start`]). At the end it asks what differs from that commit,
//! and what is not as it was kept was changed ([`finish`]). Both are stored in the run's directory. So a
//! list of changes needs no repository later, and is deleted with its task. While the run goes on, the
//! comparison is made for each request ([`of_run`]).
//!
//! Nothing of that can fail a run: where git does not answer within its time, the reason is stored in place
//! of the files. Only [`git`] starts processes. The user's index, references, objects and files are only
//! read.
//!
//! What is kept is bounded: 1 MiB of a file, 16 MiB of the files before a run, and 32 MiB of those after
//! it. Files that git ignores, and files outside of the repository, are known only from tools.

mod file_list;
mod git;
mod lines;
mod overlaps;
mod record;
mod repository;
mod side;
mod tool_edits;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use claude_worker_api::{Agent, TaskId};
use claude_worker_supervisor::RunDir;

use crate::locate;

pub(crate) use file_list::{Entry, FileList, RunFiles, Source, file_list};
pub(crate) use lines::{differences, write_patch};
pub(crate) use overlaps::Overlaps;
pub(crate) use record::Start;
use record::{End, Outcome};

/// What is there before a run, in a directory. `search_path` is the `PATH` of the run.
pub(crate) fn look(directory: &Path, search_path: Option<&OsStr>) -> Start {
    if !repository::is_in_repository(directory) {
        return Start::NoRepository;
    }
    let found = locate::git(search_path).ok_or(git::GitError::Missing);
    match found.and_then(|program| repository::snapshot(program, directory)) {
        Ok(snapshot) => Start::Repository(snapshot),
        Err(error) => {
            tracing::info!(%error, "git cannot read the working directory before the run");
            Start::Failed { reason: error.to_string() }
        }
    }
}

/// Stores what was there before a run. Without it the run's changes are those of its tools.
pub(crate) fn store_start(dir: &RunDir, start: &Start) {
    // Of most runs there is nothing to store.
    if *start != Start::NoRepository
        && let Err(error) = record::store_start(dir.path(), start)
    {
        tracing::warn!(%error, "the state before the run cannot be stored");
    }
}

/// The directory of the repository that a run began in.
pub(crate) fn repository_of(dir: &RunDir) -> Option<PathBuf> {
    record::start(dir.path())?.repository().map(Path::to_owned)
}

/// Finds out and stores what a run changed, when its process tree has ended.
pub(crate) fn finish(dir: &RunDir, agent: Agent, directory: &Path, shared_with: Vec<TaskId>) {
    let outcome = match record::start(dir.path()) {
        Some(start) => compare(dir, &start, agent, directory),
        // The run has made the repository.
        None if repository::is_in_repository(directory) => Outcome::NoRepository,
        None => return,
    };
    let end = End { outcome, shared_with };
    if let Err(error) = record::store_end(dir.path(), &end) {
        tracing::warn!(%error, "the changes of the run cannot be stored");
    }
}

/// What a run has changed: as stored at its end, else as it is now. Blocks as long as git does.
pub(crate) fn of_run(
    dir: &RunDir,
    agent: Agent,
    directory: &Path,
    is_live: bool,
    shared_with: Vec<TaskId>,
) -> RunFiles {
    let End { outcome, shared_with } = record::end(dir.path()).unwrap_or_else(|| {
        let outcome = match record::start(dir.path()) {
            Some(start) if is_live => compare(dir, &start, agent, directory),
            // What the directory is like by now says nothing about the run.
            Some(Start::Repository(_)) => {
                Outcome::Failed { reason: "The end of this run was not seen".to_owned() }
            }
            Some(Start::Failed { reason }) => Outcome::Failed { reason },
            None if !is_live && repository::is_in_repository(directory) => {
                Outcome::Failed { reason: "The state before this run was not kept".to_owned() }
            }
            Some(Start::NoRepository) | None => Outcome::NoRepository,
        };
        End { outcome, shared_with }
    });
    let real = real_directory(directory);
    let mut edits = tool_edits::tool_edits(&dir.stdout_path(), agent, &real);
    let mut files = BTreeMap::new();
    let (base, source) = match outcome {
        Outcome::Compared { root, pairs, ignored } => {
            edits.retain(|path, _| !path.starts_with(&root) || ignored.contains(path));
            for pair in pairs {
                files.insert(root.join(pair.path), (pair.before, pair.after));
            }
            (root, Source::Git)
        }
        Outcome::NoRepository => (real, Source::NoRepository),
        Outcome::Failed { reason } => (real, Source::GitFailed { reason }),
    };
    for (path, edit) in edits {
        files.entry(path).or_insert((edit.before, edit.after));
    }
    RunFiles { base, source, files, shared_with }
}

fn compare(dir: &RunDir, start: &Start, agent: Agent, directory: &Path) -> Outcome {
    let snapshot = match start {
        Start::NoRepository => return Outcome::NoRepository,
        Start::Failed { reason } => return Outcome::Failed { reason: reason.clone() },
        Start::Repository(snapshot) => snapshot,
    };
    let compared = (|| {
        let program = locate::git(None).ok_or(git::GitError::Missing)?;
        let pairs = repository::since(program.clone(), snapshot)?;
        let edits = tool_edits::tool_edits(&dir.stdout_path(), agent, &real_directory(directory));
        let known = |path: &&PathBuf| {
            let inside = path.strip_prefix(&snapshot.root).ok().and_then(Path::to_str);
            inside.is_some_and(|inside| !pairs.iter().any(|pair| pair.path == inside))
        };
        let asked: Vec<PathBuf> = edits.keys().filter(known).cloned().collect();
        let ignored = repository::ignored(program, &snapshot.root, asked)?;
        Ok(Outcome::Compared { root: snapshot.root.clone(), pairs, ignored })
    })();
    compared.unwrap_or_else(|error: git::GitError| {
        tracing::info!(%error, "git cannot compare the working directory after the run");
        Outcome::Failed { reason: error.to_string() }
    })
}

/// A directory without links, as git and agents name it.
fn real_directory(directory: &Path) -> PathBuf {
    directory.canonicalize().unwrap_or_else(|_| directory.to_owned())
}

#[cfg(test)]
mod tests;
