//! The working directory of a submission: which one is meant, and whether a task can work there.
//!
//! Clients of this machine send whole paths. Scripts and clients of other machines may send `./project`,
//! which begins in the base directory of the settings (`http.base_directory`), or `~/project`.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use claude_worker_api::{ApiError, Settings};

use claude_worker_paths::{expand_home, user_home};

/// The whole path of the directory that a submission names.
///
/// # Errors
/// `invalid_request` when it leads out of the base directory, or when there is no base directory.
pub(super) fn resolve(given: &str, settings: &Settings) -> Result<String, ApiError> {
    resolve_from(given, settings.http.base_directory.as_deref(), user_home().as_deref())?
        .into_os_string()
        .into_string()
        .map_err(|path| ApiError::invalid(format!("{} is not UTF-8", path.display())))
}

fn resolve_from(given: &str, base: Option<&str>, home: Option<&Path>) -> Result<PathBuf, ApiError> {
    let path = Path::new(given);
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    if given.is_empty() {
        return Err(ApiError::invalid("The working directory is empty")
            .hint("Name a directory; . is the base directory of the engine"));
    }
    if given.starts_with('~') && !path.starts_with("~") {
        return Err(ApiError::invalid(format!("\"{given}\" begins in another user's home directory"))
            .hint("Give it from the root on; ./~name is a directory of that name below the base directory"));
    }
    let at_home = || {
        home.ok_or_else(|| {
            ApiError::invalid(format!("\"{given}\" is relative, and the engine has no HOME"))
                .hint("Give the working directory from the root on, or set http.base_directory")
        })
    };
    let (base, below) = match (path.strip_prefix("~"), base.map(Path::new)) {
        (Ok(below), _) => (at_home()?.to_owned(), below),
        (Err(_), None) => (at_home()?.to_owned(), path),
        (Err(_), Some(base)) if base.starts_with("~") => {
            (expand_home(base, Some(at_home()?)), path)
        }
        (Err(_), Some(base)) => (base.to_owned(), path),
    };
    if !base.is_absolute() {
        return Err(ApiError::invalid(format!(
            "http.base_directory = \"{}\" is not a whole path",
            base.display()
        ))
        .hint("Write it from the root on, or with ~, in config.toml"));
    }
    let mut inside = PathBuf::new();
    for part in below.components() {
        match part {
            Component::Normal(name) => inside.push(name),
            Component::ParentDir if inside.pop() => {}
            Component::CurDir => {}
            _ => {
                return Err(ApiError::invalid(format!(
                    "\"{given}\" leads out of the base directory {}",
                    base.display()
                ))
                .hint("Give the working directory from the root on"));
            }
        }
    }
    Ok(join(&base, inside))
}

/// The path without a trailing separator.
fn join(base: &Path, below: impl AsRef<Path>) -> PathBuf {
    base.join(below).components().collect()
}

/// What becomes of a working directory that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The submission is refused.
    Refuse,
    /// It is accepted, and nothing is created yet.
    Accept,
    /// It is created.
    Create,
}

/// Checks that a task can work in `directory`. Relative ones may be missing: a program on another machine
/// could not create them.
///
/// # Errors
/// `invalid_request`, with what is wrong with it.
pub(super) fn check(directory: &Path, missing: Missing) -> Result<(), ApiError> {
    let shown = directory.display();
    let cannot = |why: String| {
        ApiError::invalid(format!("Cannot work in {shown}: {why}"))
            .hint("Create it, or give another directory")
    };
    match std::fs::metadata(directory) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(ApiError::invalid(format!("{shown} is not a directory"))
            .hint("Give a directory to work in")),
        Err(error) if error.kind() == ErrorKind::NotFound => match missing {
            Missing::Refuse => Err(cannot("it does not exist".to_owned())),
            Missing::Accept => Ok(()),
            Missing::Create => std::fs::create_dir_all(directory).map_err(|error| {
                cannot(format!("it does not exist and cannot be created: {error}"))
            }),
        },
        Err(error) => Err(cannot(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_directory_begins_in_the_base_directory() {
        let resolve = |given: &str, base: Option<&str>| {
            resolve_from(given, base, Some(Path::new("/home/me")))
                .map(|path| path.display().to_string())
                .map_err(|error| error.message)
        };
        let is = |path: &str| Ok(path.to_owned());
        assert_eq!(resolve("/srv/shop", Some("/base")), is("/srv/shop"));
        assert_eq!(resolve("./project", None), is("/home/me/project"));
        assert_eq!(resolve("project/", Some("/base")), is("/base/project"));
        assert_eq!(resolve("a/../b/./c", Some("~/code")), is("/home/me/code/b/c"));
        assert_eq!(resolve(".", Some("/base")), is("/base"));
        assert_eq!(resolve("~", Some("/base")), is("/home/me"));
        assert_eq!(resolve("~/shop", Some("/base")), is("/home/me/shop"));
        assert!(resolve("~bob/shop", None).unwrap_err().contains("another user's home"));
        assert_eq!(resolve("./~other", Some("/base")), is("/base/~other"));
        assert_eq!(resolve("~/a/..", Some("/base")), is("/home/me"));
        for outside in ["..", "../x", "a/../../base2", "./a/../../.."] {
            let refused = resolve(outside, Some("/base")).unwrap_err();
            assert!(refused.contains("leads out of the base directory /base"), "{refused}");
        }
        assert!(resolve("~/../other", None).unwrap_err().contains("leads out"));
        assert!(resolve("", None).is_err());
        assert!(resolve("x", Some("work")).unwrap_err().contains("http.base_directory"));
        assert!(resolve_from("x", None, None).is_err());
    }

    #[test]
    fn only_a_missing_relative_directory_is_created() {
        let place = tempfile::tempdir().unwrap();
        let missing = place.path().join("a/b");
        assert!(
            check(&missing, Missing::Refuse).unwrap_err().message.contains("it does not exist")
        );
        assert!(!missing.exists());
        check(&missing, Missing::Accept).unwrap();
        assert!(!missing.exists());
        check(&missing, Missing::Create).unwrap();
        check(&missing, Missing::Refuse).unwrap();
        let file = place.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(check(&file, Missing::Create).unwrap_err().message.contains("is not a directory"));
        assert!(check(&file.join("below"), Missing::Create).is_err());
    }
}
