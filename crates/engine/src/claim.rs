//! Possession of a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use crate::{EngineError, Paths};

/// How long a lock may be held by somebody who only looks.
const PROBES: Duration = Duration::from_millis(200);

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

/// Takes a lock and writes our process id into it, for people to read. None when somebody else
/// has it.
fn take_lock(path: &Path) -> Result<Option<File>, EngineError> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        // A pipe in its place would be waited at.
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(EngineError::io(format!("cannot open {}", path.display())))?;
    let patience = Instant::now() + PROBES;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            // A client that looks whether an engine is there holds it for an instant.
            Err(TryLockError::WouldBlock) if Instant::now() < patience => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(EngineError::io(format!("cannot lock {}", path.display()))(error));
            }
        }
    }
    // Only for information, and not worth failing for on a full disk.
    drop(file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())));
    Ok(Some(file))
}
