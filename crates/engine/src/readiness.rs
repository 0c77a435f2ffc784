//! Whether an engine can take on and run tasks now.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use claude_worker_os::disk::free_at;

use crate::{Paths, disk};

/// The storage is looked at every second. After this long without a look, the disk does not answer.
const UNRESPONSIVE: Duration = Duration::from_secs(30);

/// Whether an engine can take on and run tasks now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// It is stopping, or has stopped.
    Stopping,
    /// The disk has less free space than the setting `caps.free_disk`.
    DiskFull,
    /// The data directory or the database was removed or replaced.
    StorageLost,
    /// The disk of the data directory does not answer.
    StorageUnresponsive,
}

impl Readiness {
    /// Its name in answers: `ok`, `stopping`, `disk_full`, `storage_lost`, `storage_unresponsive`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ok",
            Self::Stopping => "stopping",
            Self::DiskFull => "disk_full",
            Self::StorageLost => "storage_lost",
            Self::StorageUnresponsive => "storage_unresponsive",
        }
    }
}

/// What the storage looked like at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StorageLook {
    at: Instant,
    /// Whether there is as much free space as the settings ask for.
    has_room: bool,
    /// Bytes free for this user on the file system of the database, where the system says so.
    pub(crate) free_bytes: Option<u64>,
    /// Size of the database file in bytes.
    pub(crate) database_bytes: u64,
    /// Size of the write-ahead log in bytes.
    pub(crate) log_bytes: u64,
}

impl StorageLook {
    /// Looks at the storage. Blocks while the disk does not answer.
    fn now(paths: &Paths, free_disk: u64) -> Self {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
        let mut log = paths.database.clone().into_os_string();
        log.push("-wal");
        Self {
            at: Instant::now(),
            has_room: disk::has_room(paths, free_disk),
            free_bytes: free_at(paths.database.parent().unwrap_or(&paths.home)),
            database_bytes: size(&paths.database),
            log_bytes: size(Path::new(&log)),
        }
    }
}

/// The newest look at the storage. It is taken on a thread that may hang, so that no request has to.
#[derive(Debug)]
pub(crate) struct LastLook(Mutex<StorageLook>);

impl LastLook {
    /// Looks for the first time.
    pub(crate) fn new(paths: &Paths, free_disk: u64) -> Self {
        Self(Mutex::new(StorageLook::now(paths, free_disk)))
    }

    /// Looks again.
    pub(crate) fn renew(&self, paths: &Paths, free_disk: u64) {
        let look = StorageLook::now(paths, free_disk);
        *self.lock() = look;
    }

    /// What the storage looked like last.
    pub(crate) fn get(&self) -> StorageLook {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, StorageLook> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decides what an engine in this condition is ready for. The most serious reason is
/// returned: with lost storage a
/// restart helps, with a full disk it does not.
pub(crate) fn readiness(
    is_lost: bool,
    is_stopping: bool,
    look: StorageLook,
    now: Instant,
) -> Readiness {
    if is_lost {
        Readiness::StorageLost
    } else if is_stopping {
        Readiness::Stopping
    } else if now.saturating_duration_since(look.at) > UNRESPONSIVE {
        Readiness::StorageUnresponsive
    } else if !look.has_room {
        Readiness::DiskFull
    } else {
        Readiness::Ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_serious_reason_is_returned() {
        let at = Instant::now();
        let fine =
            StorageLook { at, has_room: true, free_bytes: None, database_bytes: 0, log_bytes: 0 };
        let full = StorageLook { has_room: false, ..fine };
        let late = at + UNRESPONSIVE + Duration::from_secs(1);
        assert_eq!(readiness(false, false, fine, at), Readiness::Ready);
        assert_eq!(readiness(false, false, full, at), Readiness::DiskFull);
        assert_eq!(readiness(false, false, full, late), Readiness::StorageUnresponsive);
        assert_eq!(readiness(false, true, full, late), Readiness::Stopping);
        assert_eq!(readiness(true, true, full, late), Readiness::StorageLost);
    }

    #[test]
    fn a_look_sees_sizes_and_room() {
        let here = tempfile::tempdir().unwrap();
        let paths = Paths::below(here.path());
        paths.create().unwrap();
        std::fs::write(&paths.database, [0; 10]).unwrap();
        let last = LastLook::new(&paths, 0);
        assert_eq!((last.get().database_bytes, last.get().log_bytes), (10, 0));
        assert!(last.get().has_room && last.get().free_bytes.is_some());
        std::fs::write(paths.home.join("tasks.db-wal"), [0; 3]).unwrap();
        last.renew(&paths, u64::MAX);
        assert_eq!(last.get().log_bytes, 3);
        assert!(!last.get().has_room);
    }
}
