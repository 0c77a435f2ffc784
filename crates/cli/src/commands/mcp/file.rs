//! Reads, backs up and replaces the settings file of a client.

use std::io;
use std::path::{Path, PathBuf};

use claude_worker_api::ApiError;
use claude_worker_os::files::{self, Replace, kept_permissions};

/// The file's text; that of a missing one is empty.
///
/// # Errors
/// `invalid_request` with the file's name and the system's reason.
pub(super) fn read(path: &Path) -> Result<String, ApiError> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| refused("read", path, &error)),
    }
}

/// Where the text of before is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Backup {
    /// The file.
    pub(super) file: PathBuf,
    /// Whether it is the text from right before this change, and no older one.
    pub(super) is_recent: bool,
}

/// Puts a new text in the file's place, whole or not at all, and the text before beside it. Gives
/// where that is; there is none when there was no file. `says_all` is asked whether an older backup
/// is enough, because nothing but what we wrote has changed since: then it stays.
///
/// # Errors
/// `invalid_request` with the file's name and the system's reason. The file is as before then.
pub(super) fn replace(
    path: &Path,
    text: &str,
    says_all: impl FnOnce(&str) -> bool,
) -> Result<Option<Backup>, ApiError> {
    // The file itself, where a link leads to it: people keep their settings in other places.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let write = |error: io::Error| refused("write", &path, &error);
    let directory = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(directory).map_err(write)?;
    let permissions = kept_permissions(&path);
    let mut backup = None;
    if permissions.is_some() {
        let file = beside(&path, ".before-claude-worker");
        let older = std::fs::read_to_string(&file).ok();
        let is_same = older.is_some() && older == std::fs::read_to_string(&path).ok();
        let is_older = !is_same && older.is_some_and(|older| says_all(&older));
        if !is_same && !is_older {
            std::fs::copy(&path, &file).map_err(write)?;
        }
        backup = Some(Backup { file, is_recent: !is_older });
    }
    let how = Replace { flush: true, permissions, ..Replace::default() };
    files::replace(&path, text.as_bytes(), &how).map_err(write)?;
    Ok(backup)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn refused(what: &str, path: &Path, error: &io::Error) -> ApiError {
    ApiError::invalid(format!("Cannot {what} {}: {error}", path.display()))
        .hint("Nothing was changed there; --print shows what to add by hand")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_mode_through_its_link_and_kept_beside() {
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("real.json"), directory.path().join("link.json"));
        std::fs::write(&real, "before").unwrap();
        std::fs::set_permissions(&real, PermissionsExt::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let backup = replace(&link, "after", |_| panic!("there is none yet")).unwrap().unwrap();
        assert!(backup.is_recent);
        let backup = backup.file;
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(read(&real).unwrap(), "after");
        assert_eq!(read(&backup).unwrap(), "before");
        assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
        // An older one stays if it says all there is to say, and else gives way.
        let kept = replace(&link, "later", |older| older == "before").unwrap().unwrap();
        assert_eq!(kept, Backup { file: backup.clone(), is_recent: false });
        assert_eq!(read(&backup).unwrap(), "before");
        assert!(replace(&link, "last", |_| false).unwrap().unwrap().is_recent);
        assert_eq!(read(&backup).unwrap(), "later");
    }

    #[test]
    fn a_file_that_is_not_there_is_made_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/here.json");
        assert_eq!(read(&path).unwrap(), "");
        assert_eq!(replace(&path, "text", |_| false).unwrap(), None);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let in_the_way = directory.path().join("new/here.json/below.json");
        assert!(replace(&in_the_way, "x", |_| false).unwrap_err().message.contains("here.json"));
    }
}
