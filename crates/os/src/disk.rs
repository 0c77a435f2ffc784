//! Free space.

use std::fs::File;

use crate::system::disk as system;

/// Bytes free for this user on the file system of an open file; none where that is not told.
#[must_use]
pub fn free_at_file(file: &File) -> Option<u64> {
    system::free_at_file(file)
}
