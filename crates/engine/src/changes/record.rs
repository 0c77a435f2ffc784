//! What is stored of a run's changes, in its directory: so it is deleted with the run.
//!
//! A record is two files: `NAME.json`, and `NAME` with the contents of the files one after the other.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use claude_worker_api::{NoLines, TaskId};
use claude_worker_os::files::{create_private_directory, open_regular, write_new};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::repository::{Pair, Snapshot};
use super::side::{Mode, Side};

/// How the state of the directory before the run was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// The directory is in no repository.
    NoRepository,
    /// A repository, as it was.
    Repository(Snapshot),
    /// Git did not answer.
    Failed { reason: String },
}

impl Start {
    /// The directory of the repository.
    pub(crate) fn repository(&self) -> Option<&Path> {
        match self {
            Self::Repository(snapshot) => Some(&snapshot.root),
            Self::NoRepository | Self::Failed { .. } => None,
        }
    }
}

/// What the run changed in its repository, found out at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    /// Other tasks that ran in the repository at the same time.
    pub(crate) shared_with: Vec<TaskId>,
}

/// What git said at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    NoRepository,
    Compared {
        root: PathBuf,
        pairs: Vec<Pair>,
        /// Files that tools changed and git ignores, by their paths from the root on.
        ignored: Vec<PathBuf>,
    },
    Failed {
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredStart {
    NoRepository,
    Repository {
        root: PathBuf,
        commit: Option<String>,
        files: Vec<(String, StoredSide)>,
    },
    Failed {
        reason: String,
    },
    /// One that only a newer version knows.
    #[serde(other)]
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct StoredEnd {
    outcome: StoredOutcome,
    shared_with: Vec<TaskId>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredOutcome {
    NoRepository,
    Compared {
        root: PathBuf,
        files: Vec<(String, StoredSide, StoredSide)>,
        ignored: Vec<PathBuf>,
    },
    Failed {
        reason: String,
    },
    /// One that only a newer version knows.
    #[serde(other)]
    Unknown,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredSide {
    Absent,
    Kept {
        at: usize,
        length: usize,
        mode: Mode,
    },
    Unkept {
        identity: String,
        why: NoLines,
        mode: Mode,
    },
    /// One that only a newer version knows.
    #[serde(other)]
    Unknown,
}

/// Why there are no changes in a record that this version cannot read.
const NEWER: &str = "A newer version of Claude Worker recorded the changes in another form";

/// The directory of the records in a run's directory.
fn place(run: &Path) -> PathBuf {
    run.join("changes")
}

/// Stores what was there before the run.
pub(super) fn store_start(run: &Path, start: &Start) -> io::Result<()> {
    let mut contents = Vec::new();
    let stored = match start {
        Start::NoRepository => StoredStart::NoRepository,
        Start::Failed { reason } => StoredStart::Failed { reason: reason.clone() },
        Start::Repository(Snapshot { root, commit, files }) => {
            let files = files.iter();
            let files = files.map(|(path, side)| (path.clone(), pack(side, &mut contents)));
            let files = files.collect();
            StoredStart::Repository { root: root.clone(), commit: commit.clone(), files }
        }
    };
    store(&place(run), "start", &stored, &contents)
}

/// What was there before the run; none where it was not stored, as for runs of older versions.
pub(super) fn start(run: &Path) -> Option<Start> {
    let (stored, contents) = load::<StoredStart>(&place(run), "start")?;
    Some(match stored {
        StoredStart::NoRepository => Start::NoRepository,
        StoredStart::Failed { reason } => Start::Failed { reason },
        StoredStart::Unknown => Start::Failed { reason: NEWER.to_owned() },
        StoredStart::Repository { root, commit, files } => {
            let files = files.into_iter().map(|(path, side)| (path, unpack(side, &contents)));
            Start::Repository(Snapshot { root, commit, files: files.collect() })
        }
    })
}

/// Stores what the run changed. What was there before it is in that, too, and is deleted.
pub(super) fn store_end(run: &Path, end: &End) -> io::Result<()> {
    let mut contents = Vec::new();
    let outcome = match &end.outcome {
        Outcome::NoRepository => StoredOutcome::NoRepository,
        Outcome::Failed { reason } => StoredOutcome::Failed { reason: reason.clone() },
        Outcome::Compared { root, pairs, ignored } => {
            let mut file = |pair: &Pair| {
                let before = pack(&pair.before, &mut contents);
                (pair.path.clone(), before, pack(&pair.after, &mut contents))
            };
            let files = pairs.iter().map(&mut file).collect();
            StoredOutcome::Compared { root: root.clone(), files, ignored: ignored.clone() }
        }
    };
    let stored = StoredEnd { outcome, shared_with: end.shared_with.clone() };
    let place = place(run);
    store(&place, "end", &stored, &contents)?;
    for name in ["start.json", "start"] {
        drop(fs::remove_file(place.join(name)));
    }
    Ok(())
}

/// What the run changed; none before its end was stored.
pub(super) fn end(run: &Path) -> Option<End> {
    let (stored, contents) = load::<StoredEnd>(&place(run), "end")?;
    let outcome = match stored.outcome {
        StoredOutcome::NoRepository => Outcome::NoRepository,
        StoredOutcome::Failed { reason } => Outcome::Failed { reason },
        StoredOutcome::Unknown => Outcome::Failed { reason: NEWER.to_owned() },
        StoredOutcome::Compared { root, files, ignored } => {
            let pair = |(path, before, after)| Pair {
                path,
                before: unpack(before, &contents),
                after: unpack(after, &contents),
            };
            Outcome::Compared { root, pairs: files.into_iter().map(pair).collect(), ignored }
        }
    };
    Some(End { outcome, shared_with: stored.shared_with })
}

fn pack(side: &Side, contents: &mut Vec<u8>) -> StoredSide {
    match side {
        Side::Absent => StoredSide::Absent,
        Side::Kept { bytes, mode } => {
            let at = contents.len();
            contents.extend_from_slice(bytes);
            StoredSide::Kept { at, length: bytes.len(), mode: *mode }
        }
        Side::Unkept { identity, why, mode } => {
            StoredSide::Unkept { identity: identity.clone(), why: *why, mode: *mode }
        }
    }
}

fn unpack(side: StoredSide, contents: &[u8]) -> Side {
    match side {
        StoredSide::Absent => Side::Absent,
        StoredSide::Kept { at, length, mode } => {
            match at.checked_add(length).and_then(|end| contents.get(at..end)) {
                Some(bytes) => Side::kept(bytes, mode),
                // A power cut has shortened the file.
                None => Side::Unkept { identity: String::new(), why: NoLines::NotKept, mode },
            }
        }
        StoredSide::Unkept { identity, why, mode } => Side::Unkept { identity, why, mode },
        StoredSide::Unknown => {
            Side::Unkept { identity: String::new(), why: NoLines::NotKept, mode: Mode::File }
        }
    }
}

fn store(place: &Path, name: &str, stored: &impl Serialize, contents: &[u8]) -> io::Result<()> {
    match create_private_directory(place) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let json = place.join(format!("{name}.json"));
    let draft = place.join(format!("{name}.draft"));
    for path in [&place.join(name), &draft] {
        drop(fs::remove_file(path));
    }
    let written = write_new(&place.join(name), contents)
        .and_then(|()| write_new(&draft, &serde_json::to_vec(stored)?))
        .and_then(|()| fs::rename(&draft, &json));
    if written.is_err() {
        // Half a record is of no use, and what is removed makes room on a full disk.
        for path in [&place.join(name), &draft] {
            drop(fs::remove_file(path));
        }
    }
    written
}

fn load<T: DeserializeOwned>(place: &Path, name: &str) -> Option<(T, Vec<u8>)> {
    let json = read(&place.join(format!("{name}.json")))?;
    let stored = serde_json::from_slice(&json)
        .inspect_err(|error| {
            tracing::warn!(place = %place.display(), %error, "a record of changes is damaged");
        })
        .ok()?;
    Some((stored, read(&place.join(name)).unwrap_or_default()))
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut open_regular(path).ok()?, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_newer_versions_are_read_as_far_as_they_are_known() {
        let run = tempfile::tempdir().unwrap();
        let record = |name: &str, json: &str| {
            let place = place(run.path());
            fs::create_dir_all(&place).unwrap();
            fs::write(place.join(format!("{name}.json")), json).unwrap();
        };
        record("start", r#"{"kind":"later","more":[1]}"#);
        assert_eq!(start(run.path()), Some(Start::Failed { reason: NEWER.to_owned() }));
        record("end", r#"{"outcome":{"kind":"later"},"shared_with":[]}"#);
        let failed = Outcome::Failed { reason: NEWER.to_owned() };
        assert_eq!(end(run.path()).unwrap().outcome, failed);

        let side = |json: &str| unpack(serde_json::from_str(json).unwrap(), b"text");
        let unkept =
            Side::Unkept { identity: String::new(), why: NoLines::NotKept, mode: Mode::File };
        assert_eq!(side(r#"{"kind":"later","at":7}"#), unkept);
        let kept = side(r#"{"kind":"kept","at":0,"length":4,"mode":"later"}"#);
        assert_eq!(kept.mode().unwrap().git(), "100644");
    }
}
