//! Whether the files that an engine uses are still in place.
//!
//! Files can be removed, replaced or moved while an engine runs, and it would not notice, because its
//! descriptors lead to the old ones. It would accept tasks that are lost with those files, and a second
//! engine could start in the same place and run the same queue. So an engine remembers the identity
//! (device and inode) of its files and compares it after each commit, before it publishes, and once a
//! second on a thread of its own ([`watch()`]), which may hang on a disk that does not answer. When a file
//! was removed or replaced, the engine stops.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use claude_worker_api::ApiError;
use claude_worker_os::files::Identity;
use tokio::sync::watch;

use crate::live::Runs;
use crate::{EngineError, Paths};

/// Between two checks.
const EVERY: Duration = Duration::from_secs(1);

/// The files that an engine depends on.
pub(crate) struct StorageWatch {
    places: Vec<Place>,
    gone: watch::Sender<Option<StorageLoss>>,
}

struct Place {
    path: PathBuf,
    /// Which file it is, once it is there.
    known: OnceLock<Identity>,
    /// Whether an engine that comes later knows nothing of the runs of this one without it.
    of_the_runs: bool,
    /// Whether it is also checked after each commit, because stored tasks depend on it.
    each_commit: bool,
    /// Keeps another one from getting its number when it is removed.
    _held: Option<File>,
}

/// A file that was removed or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StorageLoss {
    what: String,
    /// Whether no later engine would find the runs that are live.
    pub(crate) orphans_runs: bool,
}

impl StorageLoss {
    /// The error for clients.
    pub(crate) fn error(&self) -> ApiError {
        ApiError::unavailable(format!("{} while the engine was running, so it stops", self.what))
            .hint("Try it again: the next command starts a new engine")
    }
}

impl StorageWatch {
    /// Remembers what is there now. The locks are held, the database is open.
    pub(crate) fn new(paths: &Paths, locks: &[(PathBuf, File)]) -> Result<Self, EngineError> {
        let place = |path: PathBuf, each_commit| {
            let known = OnceLock::new();
            if let Ok(found) = Identity::at(&path) {
                known.get_or_init(|| found);
            }
            Place { path, known, of_the_runs: true, each_commit, _held: None }
        };
        // Behind links, because the database may be one: its other files are beside the real one.
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let database = real(&paths.database);
        let beside = |ending: &str| {
            let mut name = database.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        };
        // What is of the database is held open by its connections.
        let held = File::open(&paths.runs).ok();
        let runs = Place { _held: held, ..place(real(&paths.runs), false) };
        let mut places = vec![
            place(beside("-wal"), true),
            place(beside("-shm"), false),
            runs,
            place(database, true),
        ];
        for (path, lock) in locks {
            let found = lock
                .metadata()
                .and_then(|found| Identity::of(&found))
                .map_err(EngineError::io(format!("cannot look at {}", path.display())))?;
            let known = OnceLock::from(found);
            let (path, each_commit) = (path.clone(), *path == paths.lock);
            places.push(Place { path, known, of_the_runs: false, each_commit, _held: None });
        }
        Ok(Self { places, gone: watch::Sender::new(None) })
    }

    /// Looks at everything. From the first time on that something is gone, it is.
    pub(crate) fn check(&self) -> Option<StorageLoss> {
        if let Some(gone) = self.gone() {
            return Some(gone);
        }
        let mut found: Option<StorageLoss> = None;
        for place in &self.places {
            let Some(how) = place.how_it_is_gone() else { continue };
            let what = || format!("{} was {how}", place.path.display());
            let gone =
                found.get_or_insert_with(|| StorageLoss { what: what(), orphans_runs: false });
            gone.orphans_runs |= place.of_the_runs;
        }
        if let Some(gone) = &found {
            self.gone.send_replace(Some(gone.clone()));
        }
        found
    }

    /// Looks at what a commit was made in, which takes some ten microseconds, and at the rest only
    /// when something of that is gone.
    pub(crate) fn check_after_commit(&self) -> Option<StorageLoss> {
        let mut places = self.places.iter().filter(|place| place.each_commit);
        let stands = places.all(|place| place.how_it_is_gone().is_none());
        if stands { self.gone() } else { self.check() }
    }

    /// What was found to be gone so far.
    pub(crate) fn gone(&self) -> Option<StorageLoss> {
        self.gone.borrow().clone()
    }

    /// Wakes when something is gone.
    pub(crate) fn watched(&self) -> watch::Receiver<Option<StorageLoss>> {
        self.gone.subscribe()
    }
}

impl Place {
    fn how_it_is_gone(&self) -> Option<&'static str> {
        match (Identity::at(&self.path), self.known.get()) {
            (Ok(now), Some(known)) if now == *known => None,
            (Ok(_), Some(_)) => Some("replaced"),
            (Ok(now), None) => {
                self.known.get_or_init(|| now);
                None
            }
            (Err(error), Some(_))
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Some("removed")
            }
            // It cannot be read just now, which proves nothing.
            (Err(_), _) => None,
        }
    }
}

/// Checks the files and the directories of the live runs once a second and calls `upkeep`, on a thread
/// of its own, until the sender of `ended` is dropped.
pub(crate) fn watch(
    storage: Arc<StorageWatch>,
    runs: Arc<Runs>,
    upkeep: impl Fn() + Send + 'static,
    ended: Receiver<()>,
) -> Result<(), EngineError> {
    std::thread::Builder::new()
        .name("storage-watch".to_owned())
        .stack_size(256 * 1024)
        .spawn(move || {
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                if storage.check().is_some() {
                    return;
                }
                runs.look_at_directories();
                runs.restore_wakeup_pipe();
                runs.drop_output_of_removed();
                upkeep();
            }
        })
        .map(drop)
        .map_err(EngineError::io("cannot start a thread"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage() -> (tempfile::TempDir, Paths, StorageWatch) {
        let here = tempfile::tempdir().unwrap();
        let paths = Paths::below(here.path());
        paths.create().unwrap();
        let lock = File::create(&paths.lock).unwrap();
        std::fs::write(&paths.database, "").unwrap();
        let storage = StorageWatch::new(&paths, &[(paths.lock.clone(), lock)]).unwrap();
        assert_eq!(storage.check(), None);
        (here, paths, storage)
    }

    #[test]
    fn a_removed_or_replaced_file_is_noticed_and_stays_reported() {
        let (_here, paths, storage) = storage();
        // It comes later, and counts from then on.
        let log = paths.home.join("tasks.db-wal");
        std::fs::write(&log, "").unwrap();
        assert_eq!(storage.check(), None);
        std::fs::write(&log, "more").unwrap();
        assert_eq!(storage.check(), None, "a change of what is in it is none");
        std::fs::remove_file(&log).unwrap();
        let gone = storage.check().unwrap();
        assert!(gone.what.ends_with("tasks.db-wal was removed"), "{gone:?}");
        assert!(gone.orphans_runs);
        std::fs::write(&log, "").unwrap();
        assert_eq!(storage.check(), Some(gone));
    }

    #[test]
    fn a_database_behind_a_link_has_its_log_beside_the_real_one() {
        let here = tempfile::tempdir().unwrap();
        let mut paths = Paths::below(here.path());
        paths.create().unwrap();
        let real = here.path().join("real.db");
        std::fs::write(&real, "").unwrap();
        paths.database = here.path().join("link.db");
        std::os::unix::fs::symlink(&real, &paths.database).unwrap();
        let storage = StorageWatch::new(&paths, &[]).unwrap();
        let log = here.path().join("real.db-wal");
        std::fs::write(&log, "").unwrap();
        assert_eq!(storage.check(), None);
        std::fs::remove_file(&log).unwrap();
        assert!(storage.check().unwrap().what.ends_with("real.db-wal was removed"));
    }

    #[test]
    fn a_directory_of_runs_that_is_made_anew_is_another_one() {
        let (_here, paths, storage) = storage();
        std::fs::remove_dir_all(&paths.runs).unwrap();
        std::fs::create_dir(&paths.runs).unwrap();
        assert!(storage.check().unwrap().what.ends_with("runs was replaced"));
    }

    #[test]
    fn runs_go_on_without_the_lock_but_not_without_their_files() {
        let (_here, paths, storage) = storage();
        let other = paths.home.join("other");
        std::fs::write(&other, "").unwrap();
        std::fs::rename(&other, &paths.lock).unwrap();
        let gone = storage.check().unwrap();
        assert!(gone.what.ends_with("engine.lock was replaced"), "{gone:?}");
        assert!(!gone.orphans_runs, "the next engine adopts them");
        let (_here, paths, storage) = self::storage();
        std::fs::rename(&paths.runs, paths.home.join("away")).unwrap();
        assert!(storage.check().unwrap().orphans_runs);
        let (here, _, storage) = self::storage();
        drop(here);
        assert!(storage.check().unwrap().orphans_runs);
    }
}
