//! Lock files: the system frees a lock when its holder dies, however that comes about.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::files::{open_regular, private, without_waiting};

/// How long a lock may be held by a process that only looks ([`LockHolder::of`]).
const PROBES: Duration = Duration::from_millis(200);

/// An attempt to take a lock failed.
#[derive(Debug)]
pub enum LockError {
    /// The lock file cannot be opened.
    Open(io::Error),
    /// It cannot be locked.
    Lock(io::Error),
}

/// Takes the lock of this (private) file for as long as the returned file is open, and writes the
/// process id into it, for [`LockHolder`]. None when another process has it.
///
/// # Errors
/// [`LockError`], with what the system says.
pub fn take(path: &Path) -> Result<Option<File>, LockError> {
    let mut file =
        without_waiting(private(OpenOptions::new().create(true).truncate(false).write(true)))
            .open(path)
            .map_err(LockError::Open)?;
    let give_up = Instant::now() + PROBES;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < give_up => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(LockError::Lock(error)),
        }
    }
    // Only for information, and not worth failing for on a full disk.
    drop(file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())));
    Ok(Some(file))
}

/// Which process holds an engine's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockHolder {
    /// No process: no engine lives, however its socket and files may look.
    Free,
    /// An engine, with its process id when it has already written that down.
    Engine(Option<u32>),
}

impl LockHolder {
    /// Looks at the lock file of an engine.
    ///
    /// It takes a shared lock for an instant, so that any number of processes can look at once;
    /// an engine that wants the lock in that very instant has to try again.
    ///
    /// # Errors
    /// When the file is there and cannot be opened or locked.
    pub fn of(lock: &Path) -> io::Result<Self> {
        let mut file = match open_regular(lock) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Free),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Self::Free),
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text)?;
                Ok(Self::Engine(text.trim().parse().ok()))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_of_a_lock_is_known_without_taking_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.lock");
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Free);
        std::fs::write(&path, "4711\n").unwrap();
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Free);
        let engine = File::options().write(true).open(&path).unwrap();
        engine.try_lock().unwrap();
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Engine(Some(4711)));
        std::fs::write(&path, "").unwrap();
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Engine(None));
        drop(engine);
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Free);
    }

    #[test]
    fn a_lock_is_taken_once_and_names_its_holder() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.lock");
        let held = take(&path).unwrap().unwrap();
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Engine(Some(std::process::id())));
        assert!(take(&path).unwrap().is_none());
        drop(held);
        assert!(take(&path).unwrap().is_some());
    }
}
