//! Files that survive a power cut, or at least are never seen half-written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::os;

/// Whether a write must be on disk when the call returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It must: a power cut right afterwards finds it.
    OnDisk,
    /// Other processes see it; a power cut may undo it.
    Visible,
}

/// Opens a file for writing that only its owner can read.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    os::owner_only(options.write(true))
}

/// Creates the empty file `path`, or finds it there. Other processes see it; a power cut may undo
/// it.
pub(crate) fn create_visible(path: &Path) -> io::Result<()> {
    private(OpenOptions::new().create(true).truncate(false)).open(path).map(drop)
}

/// Creates the empty file `path`, or finds it there, and gets its directory entry onto the disk.
/// An empty file is nothing but that entry, so the directory is all there is to flush.
pub(crate) fn create_marker(path: &Path) -> io::Result<()> {
    create_visible(path)?;
    sync_parent(path)
}

/// Puts `bytes` at `path` in one step: readers see nothing, the old content or all of the new.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let written = (|| {
        let mut file = private(OpenOptions::new().create(true).truncate(true)).open(&draft)?;
        file.write_all(bytes)?;
        if durability == Durability::OnDisk {
            file.sync_all()?;
        }
        fs::rename(&draft, path)?;
        if durability == Durability::OnDisk { sync_parent(path) } else { Ok(()) }
    })();
    if written.is_err() {
        // A draft on a full disk takes room that others need. It may not exist at all.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Writes a new file that only its owner can read; it must not exist yet.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file: File = private(OpenOptions::new().create_new(true)).open(path)?;
    file.write_all(bytes)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), os::sync_directory)
}
