//! Free space, and space that is set aside.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::system::disk as system;

/// Bytes free for this user on the file system of an open file; none where that is not told.
#[must_use]
pub fn free_at_file(file: &File) -> Option<u64> {
    system::free_at_file(file)
}

/// Bytes free for this user on the file system of a file or directory; none where that is not told.
#[must_use]
pub fn free_at(path: &Path) -> Option<u64> {
    system::free_at(path)
}

/// Sets room aside for an empty file, so that it has blocks of its own.
///
/// # Errors
/// What the system says; then the file may have a part of it.
pub fn set_aside(file: &mut File, bytes: u64) -> io::Result<()> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    if system::allocate(file, bytes).is_ok() {
        return Ok(());
    }
    // A file system that cannot set room aside is given bytes to keep.
    let mut rest = bytes;
    while rest > 0 {
        let count = usize::try_from(rest).unwrap_or(usize::MAX).min(ZEROS.len());
        file.write_all(&ZEROS[..count])?;
        rest -= count as u64;
    }
    file.sync_all()
}
