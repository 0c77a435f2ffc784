//! Possession of a data directory.

use std::fs::File;
use std::path::{Path, PathBuf};

use claude_worker_os::lock::{self, LockError};

use crate::{EngineError, Paths};

/// Possession of a data directory and its database: while it is held, no other engine can start
/// there. Two data directories may name the same database, so that it has a lock of its own.
pub struct Claim {
    paths: Paths,
    /// The files that are locked, by their places: that of the directory, that of the database.
    locks: [(PathBuf, File); 2],
}

impl Claim {
    /// Makes the data directory if need be and takes it into possession.
    ///
    /// # Errors
    /// [`EngineError::Locked`] when another engine has it, [`EngineError::DatabaseInUse`] when
    /// one from elsewhere has the database, and what the system says.
    pub fn take(paths: Paths) -> Result<Self, EngineError> {
        paths.create().map_err(EngineError::Refused)?;
        let directory =
            take_lock(&paths.lock)?.ok_or_else(|| EngineError::Locked(paths.home.clone()))?;
        // By its real name, however it was reached.
        let real = std::fs::canonicalize(&paths.database).unwrap_or_else(|_| {
            let parent = paths.database.parent().unwrap_or(&paths.home);
            let parent = std::fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
            parent.join(paths.database.file_name().unwrap_or_default())
        });
        let mut name = real.clone().into_os_string();
        name.push(".lock");
        let name = PathBuf::from(name);
        let database = take_lock(&name)?.ok_or(EngineError::DatabaseInUse(real))?;
        let locks = [(paths.lock.clone(), directory), (name, database)];
        Ok(Self { paths, locks })
    }

    /// The files that are locked, with their places.
    pub(crate) const fn locks(&self) -> &[(PathBuf, File)] {
        &self.locks
    }

    /// The places that are ours now.
    #[must_use]
    pub const fn paths(&self) -> &Paths {
        &self.paths
    }
}

/// Takes a lock. None when another process has it.
fn take_lock(path: &Path) -> Result<Option<File>, EngineError> {
    lock::take(path).map_err(|error| match error {
        LockError::Open(error) => EngineError::io(format!("cannot open {}", path.display()))(error),
        LockError::Lock(error) => EngineError::io(format!("cannot lock {}", path.display()))(error),
    })
}
