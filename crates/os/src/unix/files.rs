//! Files: modes, links, and what tells one from another.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, OFlags, access};
use rustix::io::Errno;

use crate::files::{FileVersion, Identity};

pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

pub(crate) fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    flags(options, OFlags::NONBLOCK)
}

pub(crate) fn without_waiting_or_links(options: &mut OpenOptions) -> &mut OpenOptions {
    flags(options, OFlags::NONBLOCK | OFlags::NOFOLLOW)
}

fn flags(options: &mut OpenOptions, flags: OFlags) -> &mut OpenOptions {
    options.custom_flags(flags.bits().cast_signed())
}

pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

pub(crate) fn create_private_directories(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub(crate) fn make_directory_private(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// The permission bits, with the sticky bit.
pub(crate) fn mode(found: &Metadata) -> Option<u32> {
    Some(found.mode() & 0o7777)
}

pub(crate) fn kept_permissions(found: &Metadata) -> Permissions {
    Permissions::from_mode(found.mode() & 0o777)
}

pub(crate) fn is_socket(found: &Metadata) -> bool {
    found.file_type().is_socket()
}

pub(crate) fn can_write_directory(path: &Path) -> bool {
    access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

pub(crate) fn can_use_directory(path: &Path) -> bool {
    access(path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let irregular = || io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file");
    let file = match without_waiting_or_links(OpenOptions::new().read(true)).open(path) {
        Ok(file) => file,
        // A link; a socket.
        Err(error) if is_one_of(&error, &[Errno::LOOP, Errno::NXIO]) => return Err(irregular()),
        Err(error) => return Err(error),
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(irregular()) }
}

fn is_one_of(error: &io::Error, errors: &[Errno]) -> bool {
    errors.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

pub(crate) fn identity(found: &Metadata) -> io::Result<Identity> {
    Ok(Identity { device: found.dev(), inode: found.ino() })
}

pub(crate) fn version(found: &Metadata) -> FileVersion {
    let changed = (found.ctime(), found.ctime_nsec());
    FileVersion { identity: identity(found).ok(), length: found.len(), changed }
}

/// `rename` replaces a file in one step, even while other processes have it open.
pub(crate) fn replace_file(draft: &Path, path: &Path) -> io::Result<()> {
    fs::rename(draft, path)
}

pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

pub(crate) fn path_to_bytes(path: &Path) -> Option<Vec<u8>> {
    Some(path.as_os_str().as_bytes().to_vec())
}

pub(crate) fn path_from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    Some(PathBuf::from(OsStr::from_bytes(bytes)))
}

pub(crate) fn is_shortage(error: &io::Error) -> bool {
    const SHORTAGES: [Errno; 7] = [
        Errno::AGAIN,
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOMEM,
        Errno::NOSPC,
        Errno::DQUOT,
        // A program that is being written to, as while it is installed again.
        Errno::TXTBSY,
    ];
    is_one_of(error, &SHORTAGES)
}
