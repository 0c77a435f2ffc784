//! Looking at the engine's lock without wanting it.

use std::fs::TryLockError;
use std::io::{self, Read};
use std::path::Path;

use claude_worker_supervisor::open_regular;

/// Who holds an engine's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockHolder {
    /// Nobody: no engine lives, however its socket and files may look.
    Nobody,
    /// An engine, with its process number when it has already written that down.
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
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Nobody),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Self::Nobody),
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
    use std::fs::File;

    use super::*;

    #[test]
    fn the_holder_of_a_lock_is_known_without_taking_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.lock");
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Nobody);
        std::fs::write(&path, "4711\n").unwrap();
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Nobody);
        let engine = File::options().write(true).open(&path).unwrap();
        engine.try_lock().unwrap();
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Engine(Some(4711)));
        std::fs::write(&path, "").unwrap();
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Engine(None));
        drop(engine);
        assert_eq!(LockHolder::of(&path).unwrap(), LockHolder::Nobody);
    }
}
