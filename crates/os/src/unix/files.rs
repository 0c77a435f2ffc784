//! Files: modes, links, and what tells one from another.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
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

pub(crate) fn identity(found: &Metadata) -> Identity {
    Identity { device: found.dev(), inode: found.ino() }
}

pub(crate) fn version(found: &Metadata) -> FileVersion {
    let changed = (found.ctime(), found.ctime_nsec());
    FileVersion { identity: identity(found), length: found.len(), changed }
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
    const SHORTAGES: [Errno; 6] =
        [Errno::AGAIN, Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOSPC, Errno::DQUOT];
    is_one_of(error, &SHORTAGES)
}
