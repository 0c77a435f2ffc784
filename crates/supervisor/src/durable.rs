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

/// Opens a regular file for reading: never blocks, follows no link, and refuses what is something
/// else with [`io::ErrorKind::InvalidData`]. For files that an agent of ours can reach.
///
/// # Errors
/// As above, and what the system says.
pub fn open_regular(path: &Path) -> io::Result<File> {
    os::open_regular(path)
}

/// Device and number of what is at `path`: two that are the same name the same file or directory,
/// as long as that is there.
///
/// # Errors
/// What the system says.
pub fn identity(path: &Path) -> io::Result<(u64, u64)> {
    os::identity(path)
}

/// Creates the empty file `path`, or finds it there. Other processes see it; a power cut may undo
/// it.
pub(crate) fn create_visible(path: &Path) -> io::Result<()> {
    os::never_elsewhere(private(OpenOptions::new().create(true).truncate(false)))
        .open(path)
        .map(drop)
}

/// Creates the empty file `path`, or finds it there, and gets its directory entry onto the disk.
/// An empty file is nothing but that entry, so the directory is all there is to flush.
pub(crate) fn create_marker(path: &Path) -> io::Result<()> {
    create_visible(path)?;
    sync_parent(path)
}

/// Puts `bytes` at `path` in one step: readers see nothing, the old content or all of the new.
/// Whatever an agent may have put into its place (a pipe, a directory) gives way.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let written = (|| {
        let mut file = match write_new_file(&draft) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                clear(&draft)?;
                write_new_file(&draft)?
            }
            made => made?,
        };
        file.write_all(bytes)?;
        if durability == Durability::OnDisk {
            file.sync_all()?;
        }
        match fs::rename(&draft, path) {
            // A directory does not give way by itself.
            Err(error) if is_in_the_way(&error) => {
                clear(path)?;
                fs::rename(&draft, path)?;
            }
            renamed => renamed?,
        }
        if durability == Durability::OnDisk { sync_parent(path) } else { Ok(()) }
    })();
    if written.is_err() {
        // A draft on a full disk takes room that others need. It may not exist at all.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Whether something at the new name is why a file could not be renamed.
fn is_in_the_way(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::IsADirectory
            | io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists
    )
}

/// Creates a file that only its owner can read, instead of the file, pipe or link that may be there:
/// waits at no pipe and follows no link. A directory stays.
///
/// # Errors
/// What the system says.
pub fn create_anew(path: &Path) -> io::Result<File> {
    match write_new_file(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            write_new_file(path)
        }
        made => made,
    }
}

/// Writes a new file that only its owner can read; it must not exist yet.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_new_file(path)?.write_all(bytes)
}

fn write_new_file(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().create_new(true)).open(path)
}

/// Removes whatever is at `path`.
fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), os::sync_directory)
}
