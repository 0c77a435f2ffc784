//! What git's files say about a directory, without running git.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use claude_worker_os::files::without_waiting;

/// The longest of git's link files that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The directory that the worktree at `path` shares with its repository, if that repository names the worktree
/// too: a file called `.git` alone proves nothing. `path` must be without symbolic links.
pub(crate) fn common_directory_of_worktree(path: &Path) -> Option<PathBuf> {
    let link = path.join(".git");
    if !link.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let entry = path.join(text(&link)?.strip_prefix("gitdir:")?.trim()).canonicalize().ok()?;
    let common = entry.join(text(&entry.join("commondir"))?.trim()).canonicalize().ok()?;
    let back = entry.join(text(&entry.join("gitdir"))?.trim());
    let is_listed = back.parent()?.canonicalize().ok()? == path && back.ends_with(".git");
    let is_below = entry.parent()? == common.join("worktrees");
    (is_listed && is_below).then_some(common)
}

/// Whether `path` is the root of a repository or of a worktree.
pub(crate) fn is_repository(path: &Path) -> bool {
    path.join(".git").symlink_metadata().is_ok()
}

/// The text of a regular file of bounded size; never waits for the writer of a pipe.
fn text(path: &Path) -> Option<String> {
    let read = || -> io::Result<String> {
        let file = without_waiting(OpenOptions::new().read(true)).open(path)?;
        let found = file.metadata()?;
        if !found.is_file() || found.len() > LONGEST {
            return Err(io::Error::other("it is not a file of a usual size"));
        }
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text)?;
        Ok(text)
    };
    read().ok()
}
