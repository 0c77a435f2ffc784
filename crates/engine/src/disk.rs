//! How much room the disk has, and a little that is kept for the time when it has none.
//!
//! To remove a task takes a commit, and a commit takes room. On a disk that a task has filled with
//! its output nothing could be removed any more. So a file of [`RESERVE`] bytes lies in the data
//! directory, and gives way when a request that frees something finds the disk full. It is taken
//! again once there is room.

use std::io;
use std::path::{Path, PathBuf};

use claude_worker_os::disk::{free_at, set_aside};
use claude_worker_os::files::{Identity, create_anew};

use crate::Paths;

/// How many bytes are kept: a commit that removes some hundred tasks takes less.
const RESERVE: u64 = 2 * 1024 * 1024;

/// Too little room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shortage {
    /// A directory of the file system.
    pub directory: PathBuf,
    /// How many bytes are free.
    pub free: u64,
    /// How many are to stay free.
    pub kept: u64,
}

/// Where the database's or the output's file system has fewer than `bytes` free for us, beside what is to be
/// kept in reserve. A file system that does not say counts as having room: the write itself will tell.
pub(crate) fn shortage(paths: &Paths, bytes: u64) -> Option<Shortage> {
    let database = paths.database.parent().unwrap_or(&paths.home);
    let owed = if is_kept(paths) { 0 } else { RESERVE };
    let with_reserve = bytes.saturating_add(owed);
    [(database, with_reserve), (paths.runs.as_path(), bytes)].into_iter().find_map(
        |(directory, kept)| {
            let free = free_at(directory).filter(|free| *free < kept)?;
            // The setting, unless only the reserve makes the difference.
            let kept = if free < bytes { bytes } else { kept };
            Some(Shortage { directory: directory.to_owned(), free, kept })
        },
    )
}

/// Whether there is no [`shortage`].
pub(crate) fn has_room(paths: &Paths, bytes: u64) -> bool {
    shortage(paths, bytes).is_none()
}

/// A size as people read it: `99.0 MB`, `5.2 GB`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn size_text(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Whether there is no room at all for the database.
pub(crate) fn is_full(paths: &Paths) -> bool {
    /// Less than any commit takes.
    const NOTHING: u64 = 64 * 1024;
    free_at(paths.database.parent().unwrap_or(&paths.home)).is_some_and(|free| free < NOTHING)
}

/// Whether output takes room that the database could have.
pub(crate) fn output_is_beside_database(paths: &Paths) -> bool {
    let found = |path: &Path| std::fs::metadata(path).and_then(|found| Identity::of(&found));
    match (found(&paths.database), found(&paths.runs)) {
        (Ok(database), Ok(runs)) => database.is_beside(runs),
        _ => false,
    }
}

fn is_kept(paths: &Paths) -> bool {
    std::fs::symlink_metadata(&paths.reserve)
        .is_ok_and(|found| found.is_file() && found.len() >= RESERVE)
}

/// Keeps the reserve, if it is not kept and there is room for it beside `free_disk` bytes.
pub(crate) fn keep_reserve(paths: &Paths, free_disk: u64) {
    if is_kept(paths) || !has_room(paths, free_disk) {
        return;
    }
    if let Err(error) = take(&paths.reserve) {
        drop(std::fs::remove_file(&paths.reserve));
        tracing::debug!(%error, "no room is kept in reserve");
    }
}

fn take(path: &Path) -> io::Result<()> {
    set_aside(&mut create_anew(path)?, RESERVE)
}

/// Gives the reserve back to the disk; says whether there was one.
pub(crate) fn release_reserve(paths: &Paths) -> bool {
    is_kept(paths) && std::fs::remove_file(&paths.reserve).is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn the_reserve_takes_room_gives_it_back_and_is_taken_again() {
        let here = tempfile::tempdir().unwrap();
        let paths = Paths::below(here.path());
        paths.create().unwrap();
        assert!(!release_reserve(&paths));
        for _ in 0..2 {
            keep_reserve(&paths, 0);
            let kept = std::fs::metadata(&paths.reserve).unwrap();
            assert!(kept.blocks() * 512 >= RESERVE, "it has blocks of its own: {}", kept.blocks());
            assert!(release_reserve(&paths));
            assert!(!paths.reserve.exists());
        }
        keep_reserve(&paths, u64::MAX);
        assert!(!paths.reserve.exists(), "there is no room for it");
    }

    #[test]
    fn a_shortage_names_what_is_free_and_what_is_kept() {
        let here = tempfile::tempdir().unwrap();
        let paths = Paths::below(here.path());
        paths.create().unwrap();
        assert_eq!(shortage(&paths, 0), None);
        let short = shortage(&paths, u64::MAX).unwrap();
        assert_eq!((short.directory.as_path(), short.kept), (paths.home.as_path(), u64::MAX));
        let error = crate::error::disk_full(&short);
        let free = format!("{} are free in {}", size_text(short.free), here.path().display());
        assert!(error.message.starts_with(&free), "{error}");
        assert!(error.hint.contains("config set caps.free_disk"), "{error}");
    }

    #[test]
    fn what_is_no_file_in_its_place_gives_way_and_stops_nobody() {
        use rustix::fs::{CWD, FileType, mknodat};
        let here = tempfile::tempdir().unwrap();
        let paths = Paths::below(here.path());
        paths.create().unwrap();
        mknodat(CWD, &paths.reserve, FileType::Fifo, 0o600.into(), 0).unwrap();
        keep_reserve(&paths, 0);
        assert!(release_reserve(&paths));
        let other = here.path().join("other");
        std::fs::write(&other, "mine").unwrap();
        std::os::unix::fs::symlink(&other, &paths.reserve).unwrap();
        keep_reserve(&paths, 0);
        assert!(release_reserve(&paths));
        assert_eq!(std::fs::read(&other).unwrap(), b"mine");
    }
}
