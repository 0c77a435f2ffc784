//! What differs in a repository: at the start of a run from its commit, at the end from the start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use claude_worker_api::NoLines;
use claude_worker_paths::user_home;

use super::git::{Git, GitError, records};
use super::side::{MAX_FILE, Mode, Side};
use crate::git::is_repository;

/// How long git may take before an agent is started, in all.
pub(super) const START_LIMIT: Duration = Duration::from_secs(2);
/// How long it may take at the end of a run, and for the list of a run that goes on.
pub(super) const END_LIMIT: Duration = Duration::from_secs(5);
/// The most that is kept of all files of a repository, in bytes.
const MAX_KEPT: u64 = 16 * 1024 * 1024;
/// How many files are looked at.
pub(super) const MAX_FILES: usize = 5000;

/// A repository as it was at one point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The directory of the repository.
    pub(crate) root: PathBuf,
    /// The commit that was checked out, if there was one.
    pub(crate) commit: Option<String>,
    /// The files that differed from the commit, as they were.
    pub(crate) files: BTreeMap<String, Side>,
}

/// A file before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) path: String,
    pub(crate) before: Side,
    pub(crate) after: Side,
}

/// Whether a directory is in a repository, as a look at the files tells, without git. The home directory
/// is one only for itself: people keep their settings in a repository there, and git would look at all
/// that is in it.
pub(super) fn is_in_repository(directory: &Path) -> bool {
    let root = directory.ancestors().find(|directory| is_repository(directory));
    root.is_some_and(|root| root == directory || user_home().is_none_or(|home| home != root))
}

/// The repository that a directory is in, as it is now.
pub(super) fn snapshot(program: PathBuf, directory: &Path) -> Result<Snapshot, GitError> {
    let git = Git::at(program, directory, START_LIMIT)?;
    let root = git.output(&["rev-parse", "--show-toplevel"], None)?;
    let root = String::from_utf8(root).map_err(|_| not_utf8())?;
    let root = PathBuf::from(root.trim_end_matches('\n'));
    let status = git.output(
        &[
            "status",
            "--porcelain=v2",
            "-z",
            "--branch",
            "--no-ahead-behind",
            "--no-renames",
            "--untracked-files=all",
            "--ignore-submodules=all",
        ],
        None,
    )?;
    let mut commit = None;
    let mut files = BTreeMap::new();
    let mut room = MAX_KEPT;
    for record in records(&status) {
        if let Some(id) = record.strip_prefix("# branch.oid ") {
            commit = Some(id.to_owned()).filter(|id| id != "(initial)");
        }
        let Some(path) = path_of(record).filter(|path| !path.ends_with('/')) else { continue };
        if files.len() >= MAX_FILES {
            return Err(GitError::Failed(format!(
                "More than {MAX_FILES} files differ from the commit"
            )));
        }
        if let Some(side) = Side::read(&root.join(path), &mut room) {
            files.insert(path.to_owned(), side);
        }
    }
    Ok(Snapshot { root, commit, files })
}

/// The path in a record of `git status --porcelain=v2`.
fn path_of(record: &str) -> Option<&str> {
    let fields = match record.as_bytes().first()? {
        b'1' => 8,
        b'u' => 10,
        b'?' => 1,
        _ => return None,
    };
    record.splitn(fields + 1, ' ').nth(fields)
}

/// What differs now from a snapshot.
pub(super) fn since(program: PathBuf, start: &Snapshot) -> Result<Vec<Pair>, GitError> {
    let git = Git::at(program, &start.root, END_LIMIT)?;
    let mut candidates: BTreeSet<String> = start.files.keys().cloned().collect();
    let mut of_commit = BTreeMap::new();
    match &start.commit {
        Some(commit) => {
            let differing = git.output(
                &["diff-index", "-z", "--no-renames", "--ignore-submodules=all", commit, "--"],
                None,
            )?;
            for (path, before) in differing_files(&differing) {
                // What was committed since is in no list of untracked files.
                candidates.insert(path.clone());
                of_commit.extend(before.map(|before| (path, before)));
            }
            let others = git.output(&["ls-files", "-z", "-o", "--exclude-standard"], None)?;
            candidates.extend(records(&others).map(str::to_owned));
        }
        None => {
            let all = git.output(&["ls-files", "-z", "-c", "-o", "--exclude-standard"], None)?;
            candidates.extend(records(&all).map(str::to_owned));
        }
    }
    candidates.retain(|path| !path.ends_with('/'));
    if candidates.len() > MAX_FILES {
        return Err(GitError::Failed(format!("More than {MAX_FILES} files were changed")));
    }
    of_commit.retain(|path, _| !start.files.contains_key(path));
    let before = read_blobs(&git, &of_commit)?;
    let mut room = 2 * MAX_KEPT;
    let mut pairs = Vec::new();
    for path in candidates {
        // A directory or a pipe is in its place: git sees no file either.
        let after = Side::read(&start.root.join(&path), &mut room).unwrap_or(Side::Absent);
        let before = match (start.files.get(&path), before.get(&path)) {
            (Some(kept), _) => kept.clone(),
            (None, Some(of_commit_side)) => match of_commit.get(&path) {
                Some((blob, mode)) if differ_in_line_ends(of_commit_side, &after) => {
                    checked_out(&git, &path, blob, *mode)?
                }
                _ => of_commit_side.clone(),
            },
            (None, None) => Side::Absent,
        };
        if before != after {
            pairs.push(Pair { path, before, after });
        }
    }
    Ok(pairs)
}

/// The files in an output of `git diff-index -z`, with the blob and the mode that each had in the commit;
/// none for a file that was not in it. Submodules are left out.
fn differing_files(output: &[u8]) -> BTreeMap<String, Option<(String, Mode)>> {
    let mut files = BTreeMap::new();
    let mut all = records(output);
    while let (Some(record), Some(path)) = (all.next(), all.next()) {
        let mut fields = record.trim_start_matches(':').split(' ');
        let (mode, _, blob) = (fields.next(), fields.next(), fields.next());
        let before = match (mode, blob) {
            (Some("000000"), _) => None,
            (Some(mode), Some(blob)) => match Mode::of_git(mode) {
                Some(mode) => Some((blob.to_owned(), mode)),
                None => continue,
            },
            _ => continue,
        };
        files.insert(path.to_owned(), before);
    }
    files
}

/// Whether the file has line ends of Windows and the blob has none. Git may have written them when it
/// checked the file out.
fn differ_in_line_ends(blob: &Side, file: &Side) -> bool {
    let has = |side: &Side| match side {
        Side::Kept { bytes, .. } => bytes.windows(2).any(|pair| pair == b"\r\n"),
        _ => false,
    };
    !has(blob) && has(file)
}

/// A blob as git writes it into the working directory.
fn checked_out(git: &Git, path: &str, blob: &str, mode: Mode) -> Result<Side, GitError> {
    let path = format!("--path={path}");
    Ok(Side::kept(git.output(&["cat-file", "--filters", &path, blob], None)?, mode))
}

/// The contents of blobs.
fn read_blobs(
    git: &Git,
    blobs: &BTreeMap<String, (String, Mode)>,
) -> Result<BTreeMap<String, Side>, GitError> {
    let mut sides = BTreeMap::new();
    if blobs.is_empty() {
        return Ok(sides);
    }
    let ids: String = blobs.values().map(|(blob, _)| format!("{blob}\n")).collect();
    let sizes = git.output(&["cat-file", "--batch-check=%(objectsize)"], Some(ids.into_bytes()))?;
    let sizes = String::from_utf8_lossy(&sizes).into_owned();
    let mut room = MAX_KEPT;
    let mut wanted = Vec::new();
    let mut asked = String::new();
    for ((path, (blob, mode)), size) in blobs.iter().zip(sizes.lines()) {
        let why = match size.parse::<u64>() {
            Ok(size) if size > MAX_FILE => NoLines::TooLarge,
            Ok(size) if size <= room => {
                room -= size;
                asked.push_str(blob);
                asked.push('\n');
                wanted.push((path, blob, *mode));
                continue;
            }
            _ => NoLines::NotKept,
        };
        sides.insert(path.clone(), Side::Unkept { identity: blob.clone(), why, mode: *mode });
    }
    if wanted.is_empty() {
        return Ok(sides);
    }
    // Without filters, after which the size that is printed would be another one than that of what follows.
    let contents = git.output(&["cat-file", "--batch"], Some(asked.into_bytes()))?;
    let mut rest = contents.as_slice();
    for (path, blob, mode) in wanted {
        let (side, after) = match blob_in(rest) {
            Some((bytes, after)) => (Side::kept(bytes, mode), after),
            None => {
                (Side::Unkept { identity: blob.clone(), why: NoLines::NotKept, mode }, &rest[..0])
            }
        };
        sides.insert(path.clone(), side);
        rest = after;
    }
    Ok(sides)
}

/// The next blob in the output of `git cat-file --batch`, and what follows it.
fn blob_in(output: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = output.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&output[..end]).ok()?;
    let mut fields = head.split(' ').skip(1);
    let length = match (fields.next(), fields.next()) {
        (Some("blob"), Some(length)) => length.parse::<usize>().ok()?,
        _ => return None,
    };
    let rest = &output[end + 1..];
    Some((rest.get(..length)?, rest.get(length + 1..)?))
}

/// Which of these files git ignores, or does not look at because they are in another repository. Paths are
/// from the root on.
pub(super) fn ignored(
    program: PathBuf,
    root: &Path,
    asked: Vec<PathBuf>,
) -> Result<Vec<PathBuf>, GitError> {
    if asked.is_empty() {
        return Ok(asked);
    }
    let is_nested = |path: &PathBuf| {
        let mut above = path.ancestors().skip(1).take_while(|directory| *directory != root);
        above.any(|directory| directory.join(".git").exists())
    };
    let (mut ignored, own): (Vec<_>, Vec<_>) = asked.into_iter().partition(is_nested);
    let mut input = Vec::new();
    for path in own.iter().filter_map(|path| path.strip_prefix(root).ok()?.to_str()) {
        input.extend_from_slice(path.as_bytes());
        input.push(0);
    }
    let git = Git::at(program, root, END_LIMIT)?;
    // It fails when it finds none.
    match git.output(&["check-ignore", "-z", "--stdin"], Some(input)) {
        Ok(found) => ignored.extend(records(&found).map(|path| root.join(path))),
        Err(GitError::Failed(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(ignored)
}

fn not_utf8() -> GitError {
    GitError::Failed("The path of the repository is not UTF-8".to_owned())
}
