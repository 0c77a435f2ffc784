//! The data directory: whether it can be used, by whom, and how much room there is.

use std::path::Path;

use claude_worker_api::{ApiError, Check, CheckLevel, Settings};
use claude_worker_os::disk::free_at;
use claude_worker_os::files::{can_use_directory, can_write_directory, is_open_to_others};
use claude_worker_os::user::is_own;
use claude_worker_paths::shell_word;

use crate::disk::size_text;
use crate::{EngineError, Paths, store};

/// With so much more than what must stay free, in bytes, tasks are not refused for a while.
const PLENTY: u64 = 1_000_000_000;

pub(super) fn checks(paths: &Paths, config: &Settings) -> Vec<Check> {
    vec![data(paths), space(&paths.home, config.caps.free_disk)]
}

const NAME: &str = "Data";

/// The data directory, and the database in it.
fn data(paths: &Paths) -> Check {
    let directory = directory(&paths.home);
    if directory.level == CheckLevel::Bad {
        return directory;
    }
    match store::examine(&paths.database) {
        // Another program may have it open.
        Ok(()) | Err(EngineError::Database(_)) => directory,
        Err(error) => {
            let error = ApiError::from(error);
            Check::bad(NAME, error.message, error.hint)
        }
    }
}

fn directory(home: &Path) -> Check {
    let shown = home.display();
    let Ok(found) = std::fs::metadata(home) else {
        let parent = existing(home);
        return if can_write_directory(parent) {
            Check::ok(NAME, format!("{shown} (made by the first task)"))
        } else {
            Check::bad(
                NAME,
                format!(
                    "{shown} is not there and cannot be made: {} is not writable",
                    parent.display()
                ),
                "Set CLAUDE_WORKER_HOME to a directory of yours",
            )
        };
    };
    if !found.is_dir() {
        return Check::bad(
            NAME,
            format!("{shown} is not a directory"),
            "Move it away, or set CLAUDE_WORKER_HOME to a directory of yours",
        );
    }
    if !is_own(&found) {
        return Check::bad(
            NAME,
            format!("{shown} belongs to another user"),
            "Run this as its owner, or set CLAUDE_WORKER_HOME to a directory of yours",
        );
    }
    if !can_use_directory(home) {
        return Check::bad(
            NAME,
            format!("{shown} is not writable"),
            format!("chmod 700 {}", shell_word(&shown.to_string())),
        );
    }
    if is_open_to_others(&found) {
        return Check::warn(
            NAME,
            format!("{shown} can be entered by other users"),
            format!("chmod 700 {}", shell_word(&shown.to_string())),
        );
    }
    Check::ok(NAME, format!("{shown}, private"))
}

fn space(home: &Path, needed: u64) -> Check {
    match free_at(existing(home)) {
        Some(free) => judge_space(free, needed),
        None => Check::warn("Disk", "the system does not say how much room there is", ""),
    }
}

fn judge_space(free: u64, needed: u64) -> Check {
    const NAME: &str = "Disk";
    const ADVICE: &str = "Free some space; `claude-worker clean` removes finished tasks";
    let found = format!("{} free", size_text(free));
    if free < needed {
        Check::bad(NAME, found, ADVICE)
    } else if free < needed.saturating_add(PLENTY) {
        Check::warn(NAME, found, ADVICE)
    } else {
        Check::ok(NAME, found)
    }
}

/// The nearest directory above that exists.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|directory| directory.exists()).unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use claude_worker_api::CheckLevel;

    #[test]
    fn a_directory_that_others_can_enter_is_warned_of() {
        let parent = tempfile::tempdir().unwrap();
        let home = parent.path().join("data");
        assert_eq!(directory(&home).level, CheckLevel::Ok);
        std::fs::create_dir(&home).unwrap();
        set_permissions(&home, Permissions::from_mode(0o755)).unwrap();
        let check = directory(&home);
        assert_eq!(check.level, CheckLevel::Warn);
        assert_eq!(check.advice, format!("chmod 700 {}", home.display()));
        set_permissions(&home, Permissions::from_mode(0o700)).unwrap();
        assert_eq!(directory(&home).level, CheckLevel::Ok);
    }

    #[test]
    fn a_file_in_its_place_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let check = directory(file.path());
        assert_eq!(check.level, CheckLevel::Bad);
        assert!(check.found.ends_with("is not a directory"));
    }

    #[test]
    fn room_is_judged_by_what_must_stay_free() {
        let level = |free| judge_space(free, 100_000_000).level;
        assert_eq!(level(99_000_000), CheckLevel::Bad);
        assert_eq!(level(500_000_000), CheckLevel::Warn);
        assert_eq!(level(5_000_000_000), CheckLevel::Ok);
        assert_eq!(judge_space(5_000_000_000, 6_000_000_000).level, CheckLevel::Bad);
    }
}
