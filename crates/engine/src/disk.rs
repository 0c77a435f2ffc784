//! How much room the disk has.

use std::path::Path;

use crate::Paths;

/// Whether both the database's and the output's file systems have at least `bytes` free for us.
/// A file system that does not say counts as having room: the write itself will tell.
pub(crate) fn has_room(paths: &Paths, bytes: u64) -> bool {
    let database = paths.database.parent().unwrap_or(&paths.home);
    [database, &paths.runs].into_iter().all(|directory| free(directory).is_none_or(|n| n >= bytes))
}

/// Bytes free for this user on the file system of `directory`.
pub(crate) fn free(directory: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(directory).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}
