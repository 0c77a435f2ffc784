//! The list of changed files: several runs as one change, and renamed files found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use claude_worker_api::{ChangedFile, FileChange, TaskId};
use sha2::{Digest, Sha256};

use super::lines::{counts, differences, likeness};
use super::side::{Mode, Side};

/// Of more deleted or added files, renamed ones are found only where the content is the same.
const COMPARED: usize = 50;
/// How many of a hundred lines a renamed file shares with what it was.
const ALIKE: u64 = 50;

/// What one run changed.
#[derive(Debug, Clone)]
pub(crate) struct RunFiles {
    /// Where the paths of the list begin.
    pub(crate) base: PathBuf,
    pub(crate) source: Source,
    /// The files before and after, by their paths from the root on.
    pub(crate) files: BTreeMap<PathBuf, (Side, Side)>,
    pub(crate) shared_with: Vec<TaskId>,
}

/// How it is known what a run changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Git,
    NoRepository,
    GitFailed { reason: String },
}

/// A changed file with its contents.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) file: ChangedFile,
    pub(crate) before: Side,
    pub(crate) after: Side,
}

/// What a task changed.
#[derive(Debug, Clone)]
pub(crate) struct FileList {
    pub(crate) base: PathBuf,
    pub(crate) source: Source,
    pub(crate) entries: Vec<Entry>,
    pub(crate) shared_with: Vec<TaskId>,
}

/// All runs of a task as one change. `directory` counts where there was no run.
pub(crate) fn file_list(runs: Vec<RunFiles>, directory: &Path) -> FileList {
    let newest = runs.last();
    let base = newest.map_or_else(|| directory.to_owned(), |run| run.base.clone());
    let source = newest.map_or(Source::NoRepository, |run| run.source.clone());
    let mut shared_with = BTreeSet::new();
    let mut files: BTreeMap<PathBuf, (Side, Side)> = BTreeMap::new();
    for run in runs {
        shared_with.extend(run.shared_with);
        for (path, (before, after)) in run.files {
            files
                .entry(path)
                .and_modify(|known| known.1 = after.clone())
                .or_insert((before, after));
        }
    }
    files.retain(|_, (before, after)| before != after);
    let renamed = renamed(&files);
    let sources: BTreeSet<&PathBuf> = renamed.values().collect();
    let mut entries = Vec::new();
    for (path, (before, after)) in &files {
        if sources.contains(path) {
            continue;
        }
        let from = renamed.get(path);
        let before = from.and_then(|from| files.get(from)).map_or(before, |(before, _)| before);
        let from = from.map(|from| shown(&base, from));
        entries.push(entry(&base, path, from, before.clone(), after.clone()));
    }
    FileList { base, source, entries, shared_with: shared_with.into_iter().collect() }
}

/// Which added files were which deleted ones.
fn renamed(files: &BTreeMap<PathBuf, (Side, Side)>) -> BTreeMap<PathBuf, PathBuf> {
    let is_text = |side: &Side| side.text().is_some_and(|text| !text.is_empty());
    let mut deleted: Vec<_> =
        files.iter().filter(|(_, (was, is))| *is == Side::Absent && is_text(was)).collect();
    let mut added: Vec<_> =
        files.iter().filter(|(_, (was, is))| *was == Side::Absent && is_text(is)).collect();
    let mut renamed = BTreeMap::new();
    added.retain(|(path, (_, is))| {
        let same = deleted.iter().position(|(_, (was, _))| was.text() == is.text());
        let Some(same) = same else { return true };
        renamed.insert((*path).clone(), deleted.remove(same).0.clone());
        false
    });
    if deleted.len() > COMPARED || added.len() > COMPARED {
        return renamed;
    }
    for (path, (_, is)) in added {
        let like = deleted.iter().enumerate().map(|(number, (_, (was, _)))| {
            (likeness(was.text().unwrap_or_default(), is.text().unwrap_or_default()), number)
        });
        if let Some((_, number)) = like.max().filter(|(like, _)| *like >= ALIKE) {
            renamed.insert(path.clone(), deleted.remove(number).0.clone());
        }
    }
    renamed
}

fn entry(base: &Path, path: &Path, from: Option<String>, before: Side, after: Side) -> Entry {
    let change = match (&before, &after) {
        _ if from.is_some() => FileChange::Renamed,
        (Side::Absent, _) => FileChange::Added,
        (_, Side::Absent) => FileChange::Deleted,
        _ => FileChange::Modified,
    };
    let no_lines = before.no_lines().or_else(|| after.no_lines());
    let (added, removed) = if no_lines.is_some() {
        (0, 0)
    } else {
        let (was, is) = (before.text().unwrap_or_default(), after.text().unwrap_or_default());
        counts(&differences(was, is))
    };
    let is_executable = |side: &Side| side.mode() == Some(Mode::Executable);
    let executable = match (is_executable(&before), is_executable(&after)) {
        _ if after == Side::Absent => None,
        (was, is) => (was != is).then_some(is),
    };
    let file = ChangedFile {
        path: shown(base, path),
        absolute_path: path.to_string_lossy().into_owned(),
        change,
        from,
        added,
        removed,
        no_lines,
        executable,
        revision: revision(&before, &after),
    };
    Entry { file, before, after }
}

/// A path as the list has it.
fn shown(base: &Path, path: &Path) -> String {
    path.strip_prefix(base).unwrap_or(path).to_string_lossy().into_owned()
}

/// A text that is another one for other contents.
fn revision(before: &Side, after: &Side) -> String {
    let mut hash = Sha256::new();
    for side in [before, after] {
        match side {
            Side::Absent => hash.update(b"absent"),
            Side::Kept { bytes, mode } => {
                hash.update(mode.git());
                hash.update((bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            }
            Side::Unkept { identity, mode, .. } => {
                hash.update(mode.git());
                hash.update(identity);
            }
        }
    }
    hash.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(text: &str) -> Side {
        if text.is_empty() { Side::Absent } else { Side::kept(text.as_bytes(), Mode::File) }
    }

    fn run(files: &[(&str, &str, &str)]) -> RunFiles {
        let file = |(path, before, after): &(&str, &str, &str)| {
            (PathBuf::from(path), (side(before), side(after)))
        };
        RunFiles {
            base: PathBuf::from("/r"),
            source: Source::Git,
            files: files.iter().map(file).collect(),
            shared_with: Vec::new(),
        }
    }

    fn listed(runs: Vec<RunFiles>) -> Vec<String> {
        let list = file_list(runs, Path::new("/r"));
        let line = |entry: &Entry| {
            let ChangedFile { path, change, from, added, removed, .. } = &entry.file;
            let from = from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
            format!("{} {path}{from} +{added} -{removed}", change.letter())
        };
        list.entries.iter().map(line).collect()
    }

    #[test]
    fn runs_are_one_change_from_the_first_to_the_last() {
        let runs = vec![
            run(&[("/r/a", "1\n", "2\n"), ("/r/b", "", "x\n"), ("/r/c", "c\n", "d\n")]),
            run(&[("/r/a", "2\n", "3\n4\n"), ("/r/b", "x\n", ""), ("/tmp/o", "", "o\n")]),
        ];
        assert_eq!(listed(runs), ["M a +2 -1", "M c +1 -1", "A /tmp/o +1 -0"]);
    }

    #[test]
    fn renamed_files_are_found_with_and_without_changes() {
        let text = "1\n2\n3\n4\n";
        let files = [
            ("/r/same.old", text, ""),
            ("/r/same.new", "", text),
            ("/r/like.old", "a\nb\nc\nd\n", ""),
            ("/r/like.new", "", "a\nb\nc\ne\n"),
            ("/r/other", "", "z\n"),
        ];
        assert_eq!(
            listed(vec![run(&files)]),
            ["R like.new from like.old +1 -1", "A other +1 -0", "R same.new from same.old +0 -0"]
        );
    }

    #[test]
    fn what_is_no_text_has_no_lines() {
        let mut run = run(&[]);
        let binary = Side::kept(&b"\0\x01"[..], Mode::File);
        run.files.insert(PathBuf::from("/r/i.png"), (Side::Absent, binary));
        let list = file_list(vec![run], Path::new("/r"));
        assert_eq!(list.entries[0].file.no_lines, Some(claude_worker_api::NoLines::Binary));
        assert_eq!(list.entries[0].file.executable, None);
    }
}
