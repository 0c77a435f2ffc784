//! Which runs were handed to a supervisor, kept where no run directory is.
//!
//! Between the launch of a run and the commit of its start, only its directory tells that it was
//! launched. Should the directory be removed in that moment and the engine die, the next one would
//! take the run for one that never began, and begin it a second time. So a run's name is written
//! here before a supervisor is told of it. The write is not flushed: like the files of a run
//! directory it outlives every process, and a restart of the machine is told by its boot id.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use claude_worker_api::RunId;
use claude_worker_os::files::{Replace, open_regular, private, replace};

use crate::EngineError;

/// A file that has grown longer, in bytes, is written anew with what still counts.
const LONGEST: u64 = 256 * 1024;

/// The names of the runs that may have begun although the database does not say so.
pub(crate) struct LaunchLog {
    path: PathBuf,
    inner: Mutex<Inner>,
    /// Whether the file was there, and whole, when this engine started. Without it nothing is known
    /// of what the engine before launched.
    known: bool,
}

struct Inner {
    file: File,
    length: u64,
    names: HashSet<RunId>,
}

impl LaunchLog {
    /// Goes on with what the engine before noted, or begins.
    pub(crate) fn open(path: &Path) -> Result<Self, EngineError> {
        let failed = || EngineError::io(format!("cannot open {}", path.display()));
        let (names, known) = match open_regular(path) {
            Ok(file) => read(file).map_err(failed())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => (HashSet::new(), false),
            // Something that is no file, which an agent may have put in its place.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let aside = path.with_extension("launched.aside");
                std::fs::rename(path, &aside).map_err(failed())?;
                tracing::warn!(path = %path.display(), aside = %aside.display(), %error, "set aside");
                (HashSet::new(), false)
            }
            Err(error) => return Err(failed()(error)),
        };
        let file =
            private(OpenOptions::new().create(true).append(true)).open(path).map_err(failed())?;
        let length = file.metadata().map_or(0, |found| found.len());
        let inner = Mutex::new(Inner { file, length, names });
        Ok(Self { path: path.to_owned(), inner, known })
    }

    /// Whether a run may have been launched by an engine before this one.
    pub(crate) fn may_hold(&self, run: &RunId) -> bool {
        !self.known || self.inner().names.contains(run)
    }

    /// Only these are running as the database has it: the others have come to an end.
    pub(crate) fn retain(&self, running: &HashSet<RunId>) {
        self.inner().names.retain(|run| running.contains(run));
    }

    /// Notes a run that is about to be launched.
    ///
    /// # Errors
    /// When that cannot be written down: then it must not be launched.
    pub(crate) fn note(&self, run: &RunId) -> Result<(), EngineError> {
        let failed = || EngineError::io(format!("cannot write {}", self.path.display()));
        let mut inner = self.inner();
        inner.names.insert(run.clone());
        if inner.length > LONGEST {
            // A run that is noted twice is noted; one that is lost is not.
            let text: String = inner.names.iter().map(line).collect();
            inner.file =
                replace(&self.path, text.as_bytes(), &Replace::default()).map_err(failed())?;
            inner.length = text.len() as u64;
            return Ok(());
        }
        let line = line(run);
        inner.file.write_all(line.as_bytes()).map_err(failed())?;
        inner.length += line.len() as u64;
        Ok(())
    }

    /// The database says now what has become of this run.
    pub(crate) fn forget(&self, run: &RunId) {
        self.inner().names.remove(run);
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name with a line end before it too: what a full disk has cut short stays a line of its own.
fn line(run: &RunId) -> String {
    format!("\n{run}\n")
}

/// The names, and whether they are all: what is no text any more may have been one.
fn read(file: File) -> io::Result<(HashSet<RunId>, bool)> {
    let mut bytes = Vec::new();
    file.take(64 * LONGEST).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let names = text.lines().filter_map(|line| RunId::try_from(line.to_owned()).ok()).collect();
    Ok((names, matches!(text, Cow::Borrowed(_))))
}

#[cfg(test)]
mod tests {
    use claude_worker_api::TaskId;

    use super::*;

    fn run(n: i64) -> RunId {
        RunId::new(TaskId(n), 1, 7)
    }

    #[test]
    fn the_next_engine_knows_which_runs_were_launched() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("engine.launched");
        let first = LaunchLog::open(&path).unwrap();
        assert!(first.may_hold(&run(1)), "without a file nothing is known");
        first.note(&run(1)).unwrap();
        // As a full disk leaves it.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"\n2-1").unwrap();
        first.note(&run(3)).unwrap();
        let second = LaunchLog::open(&path).unwrap();
        assert!(second.may_hold(&run(1)) && second.may_hold(&run(3)));
        assert!(!second.may_hold(&run(2)));
    }

    #[test]
    fn what_is_damaged_or_no_file_keeps_no_engine_from_starting() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("engine.launched");
        std::fs::write(&path, b"\n1-1-7\n\xff\xfe\n").unwrap();
        let log = LaunchLog::open(&path).unwrap();
        assert!(log.may_hold(&run(2)), "the damaged line may have been this one");
        log.note(&run(1)).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let log = LaunchLog::open(&path).unwrap();
        assert!(log.may_hold(&run(2)), "nothing is known of what was launched");
        log.note(&run(1)).unwrap();
        assert!(!LaunchLog::open(&path).unwrap().may_hold(&run(2)));
    }

    #[test]
    fn it_stays_short_and_keeps_what_counts() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("engine.launched");
        let log = LaunchLog::open(&path).unwrap();
        log.note(&run(0)).unwrap();
        for n in 1..100_000 {
            log.note(&run(n)).unwrap();
            log.forget(&run(n));
        }
        assert!(std::fs::metadata(&path).unwrap().len() < 2 * LONGEST);
        let next = LaunchLog::open(&path).unwrap();
        assert!(next.may_hold(&run(0)));
        assert!(!next.may_hold(&run(1)));
    }
}
