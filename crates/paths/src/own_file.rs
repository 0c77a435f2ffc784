//! Files and directories that decide what runs in this user's name: read only where they are the
//! user's own, and in directories that no other user can write to.
//!
//! Where another user owns the data directory, the settings name programs that would run as us,
//! and the token and the tasks are theirs. One who can write to the directory can put such settings
//! there. The superuser could do all that anyway.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use claude_worker_api::{ApiError, ErrorCode};
use claude_worker_os::files::{others_can_write, without_waiting};
use claude_worker_os::user::foreign_owner;

use crate::shell_word::shell_word;

/// No file of ours that is read as a whole is longer, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Refuses a file or directory of another user, and a directory that others can write to. What is
/// not there, or cannot be looked at, passes: it fails later, when it is opened.
///
/// # Errors
/// `forbidden`, with the path and its owner, or the command that makes the directory private.
pub(crate) fn check(path: &Path) -> Result<(), ApiError> {
    let Ok(found) = std::fs::metadata(path) else { return Ok(()) };
    if let Some(owner) = foreign_owner(&found) {
        return Err(refusal(path, owner));
    }
    if found.is_dir() && others_can_write(&found) {
        let shown = path.display();
        return Err(ApiError::new(
            ErrorCode::Forbidden,
            format!("Other users can write to {shown}, so that it is not used"),
        )
        .hint(format!("Type: chmod go-w {}", shell_word(&shown.to_string()))));
    }
    Ok(())
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
    let file: File = without_waiting(OpenOptions::new().read(true)).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file"));
    }
    if let Some(owner) = foreign_owner(&found) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("it belongs to another user (uid {owner})"),
        ));
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_that_others_can_write_to_is_refused_with_what_to_type() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("my data");
        std::fs::create_dir(&path).unwrap();
        for (mode, open) in
            [(0o700, false), (0o755, false), (0o1777, false), (0o777, true), (0o775, false)]
        {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let checked = check(&path);
            assert_eq!(checked.is_err(), open, "{mode:o}");
            if let Err(refused) = checked {
                assert_eq!(refused.code, ErrorCode::Forbidden);
                let command = format!("chmod go-w \"{}\"", path.display());
                assert!(refused.hint.contains(&command), "{refused}");
            }
        }
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
