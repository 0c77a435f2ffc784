//! Files. A user's profile directory keeps other users out by itself.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::files::{FileVersion, Identity};

pub(crate) const fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(crate) const fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(crate) const fn without_waiting_or_links(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

pub(crate) fn create_private_directories(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

pub(crate) const fn make_directory_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// There are none.
pub(crate) const fn mode(_found: &Metadata) -> Option<u32> {
    None
}

pub(crate) fn kept_permissions(found: &Metadata) -> Permissions {
    found.permissions()
}

pub(crate) const fn is_socket(_found: &Metadata) -> bool {
    false
}

/// An access control list is not read: writing will tell.
pub(crate) fn can_write_directory(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_dir() && !found.permissions().readonly())
}

pub(crate) fn can_use_directory(path: &Path) -> bool {
    can_write_directory(path)
}

pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file"))
    }
}

/// The standard library does not tell file ids on Windows yet.
pub(crate) fn identity(_found: &Metadata) -> io::Result<Identity> {
    super::not_yet("files cannot be told apart")
}

pub(crate) fn version(found: &Metadata) -> FileVersion {
    let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let changed = modified.map_or((0, 0), |time| {
        (i64::try_from(time.as_secs()).unwrap_or(i64::MAX), i64::from(time.subsec_nanos()))
    });
    FileVersion { identity: identity(found).ok(), length: found.len(), changed }
}

/// `fs::rename` calls `MoveFileExW` with `MOVEFILE_REPLACE_EXISTING`. Unlike on Unix it fails while
/// another program has the file open without sharing its deletion, and a directory at `path` is
/// reported as a denied access, which is made the error that Unix has for it.
pub(crate) fn replace_file(draft: &Path, path: &Path) -> io::Result<()> {
    fs::rename(draft, path).map_err(|error| {
        let is_directory = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
        if is_directory { io::Error::new(io::ErrorKind::IsADirectory, error) } else { error }
    })
}

/// Windows cannot flush a directory. NTFS journals its directories, so they stay consistent, but
/// after a power cut the last renames may be undone.
pub(crate) const fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn path_to_bytes(path: &Path) -> Option<Vec<u8>> {
    Some(path.to_str()?.as_bytes().to_vec())
}

pub(crate) fn path_from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    Some(PathBuf::from(std::str::from_utf8(bytes).ok()?))
}

pub(crate) fn is_shortage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull)
}
