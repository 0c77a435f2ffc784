//! Free space, by `statvfs`.

use std::fs::File;

pub(crate) fn free_at_file(file: &File) -> Option<u64> {
    let found = rustix::fs::fstatvfs(file).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize)).filter(|_| found.f_blocks > 0)
}
