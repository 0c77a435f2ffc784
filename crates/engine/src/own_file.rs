//! Files and directories that decide what runs in this user's name: read only where they are the
//! user's own.
//!
//! Where another user owns the data directory, the settings name programs that would run as us,
//! and the token and the tasks are theirs. The superuser could do all that anyway.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use claude_worker_api::{ApiError, ErrorCode};
use rustix::fs::OFlags;

/// No file of ours that is read as a whole is longer, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Whether what this user owns may decide what we do.
fn is_trusted(owner: u32, we: u32) -> bool {
    owner == we || owner == 0
}

fn foreign(found: &Metadata) -> bool {
    !is_trusted(found.uid(), rustix::process::geteuid().as_raw())
}

/// Refuses a file or directory of another user. What is not there, or cannot be looked at, is for
/// others to complain of.
///
/// # Errors
/// `forbidden`, with the path and its owner.
pub(crate) fn check(path: &Path) -> Result<(), ApiError> {
    match std::fs::metadata(path) {
        Ok(found) if foreign(&found) => Err(refusal(path, found.uid())),
        _ => Ok(()),
    }
}

fn refusal(path: &Path, owner: u32) -> ApiError {
    ApiError::new(
        ErrorCode::Forbidden,
        format!("{} belongs to another user (uid {owner}), and is not used", path.display()),
    )
    .hint("Run this as its owner, or set CLAUDE_WORKER_HOME to a directory of yours")
}

/// The text of a file that is this user's own. Never waits at a pipe.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] for another user's file, [`io::ErrorKind::InvalidData`] for
/// what is no file or no text, and what the system says.
pub fn read_own(path: &Path) -> io::Result<String> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file"));
    }
    if foreign(&found) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("it belongs to another user (uid {})", found.uid()),
        ));
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_we_and_the_superuser_are_trusted() {
        assert!(is_trusted(1000, 1000) && is_trusted(0, 1000) && is_trusted(0, 0));
        assert!(!is_trusted(1001, 1000), "another user");
        assert!(!is_trusted(1000, 0), "a user's files do not decide what the superuser runs");
    }

    #[test]
    fn a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("config.toml");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, 0o600.into(), 0).unwrap();
        assert_eq!(read_own(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(read_own(&here.path().join("x")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
