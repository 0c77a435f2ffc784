//! The data directory: whether it can be used, by whom, and how much room there is.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use claude_worker_engine::Paths;
use rustix::fs::{Access, access, statvfs};

use super::Check;
use crate::render::figures::bytes;

/// Below this, tasks may soon be refused.
const LITTLE_SPACE: u64 = 1_000_000_000;
/// Below this, tasks are refused or fail.
const NO_SPACE: u64 = 100_000_000;

pub(super) fn checks(paths: &Paths) -> Vec<Check> {
    vec![directory(&paths.home), space(&paths.home)]
}

fn directory(home: &Path) -> Check {
    const NAME: &str = "Data";
    let shown = home.display();
    let Ok(found) = std::fs::metadata(home) else {
        let parent = existing(home);
        return if access(parent, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
            Check::ok(NAME, format!("{shown} (made by the first task)"))
        } else {
            Check::fail(
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
        return Check::fail(
            NAME,
            format!("{shown} is not a directory"),
            "Move it away, or set CLAUDE_WORKER_HOME to a directory of yours",
        );
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Check::fail(
            NAME,
            format!("{shown} belongs to another user"),
            "Run this as its owner, or set CLAUDE_WORKER_HOME to a directory of yours",
        );
    }
    if access(home, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_err() {
        return Check::fail(NAME, format!("{shown} is not writable"), format!("chmod 700 {shown}"));
    }
    if found.mode() & 0o077 != 0 {
        return Check::warn(
            NAME,
            format!("{shown} can be entered by other users"),
            format!("chmod 700 {shown}"),
        );
    }
    Check::ok(NAME, format!("{shown}, private"))
}

fn space(home: &Path) -> Check {
    const NAME: &str = "Disk";
    let Ok(disk) = statvfs(existing(home)) else {
        return Check::warn(NAME, "the system does not say how much room there is", "");
    };
    space_check(NAME, disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn space_check(name: &'static str, free: u64) -> Check {
    let found = format!("{} free", bytes(free));
    let fix = "Free some space; `claude-worker clean` removes finished tasks";
    match free {
        0..NO_SPACE => Check::fail(name, found, fix),
        NO_SPACE..LITTLE_SPACE => Check::warn(name, found, fix),
        _ => Check::ok(name, found),
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

    use super::super::Level;
    use super::*;

    #[test]
    fn a_directory_that_others_can_enter_is_warned_of() {
        let parent = tempfile::tempdir().unwrap();
        let home = parent.path().join("data");
        assert_eq!(directory(&home).level, Level::Ok);
        std::fs::create_dir(&home).unwrap();
        set_permissions(&home, Permissions::from_mode(0o755)).unwrap();
        let check = directory(&home);
        assert_eq!(check.level, Level::Warn);
        assert_eq!(check.fix, format!("chmod 700 {}", home.display()));
        set_permissions(&home, Permissions::from_mode(0o700)).unwrap();
        assert_eq!(directory(&home).level, Level::Ok);
    }

    #[test]
    fn a_file_in_its_place_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let check = directory(file.path());
        assert_eq!(check.level, Level::Fail);
        assert!(check.found.ends_with("is not a directory"));
    }

    #[test]
    fn room_is_judged() {
        assert_eq!(space_check("Disk", 99_000_000).level, Level::Fail);
        assert_eq!(space_check("Disk", 500_000_000).level, Level::Warn);
        assert_eq!(space_check("Disk", 5_000_000_000).level, Level::Ok);
    }
}
