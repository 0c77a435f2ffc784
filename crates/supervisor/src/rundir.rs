//! The directory in which engine and supervisor of one run meet.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use claude_worker_api::RunId;
use claude_worker_os::files::{self, Identity};
use claude_worker_os::pipe;
use serde::de::DeserializeOwned;

use crate::{EndedBy, Exit, Spec, Started, SupervisorError};

/// The bytes in the control pipe.
const CANCEL: u8 = b'e';
const FINISH: u8 = b'f';

/// How the control pipe asks for the end of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RequestedEnd {
    /// Not at all.
    None,
    /// To end a run whose work is done.
    Finish,
    /// To stop.
    Cancel,
}

impl RequestedEnd {
    /// What some bytes of the pipe ask for, taken together: a request to stop outranks the other.
    /// A byte of another version counts as that, too: every request is one to end.
    pub(crate) fn by(bytes: &[u8]) -> Self {
        let one = |byte: &u8| if *byte == FINISH { Self::Finish } else { Self::Cancel };
        bytes.iter().map(one).max().unwrap_or(Self::None)
    }
}

/// No file of a run that is read as a whole is larger, in bytes: a prompt has 16 MiB at the most, and
/// JSON makes six bytes of one.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

/// The directory of one run. The value is only a path: nothing is opened, nothing need exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

/// What a run directory tells about its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A supervisor is alive: adopt the run.
    Running {
        /// The agent, once it is started.
        started: Option<Started>,
    },
    /// The run is over and nothing of its tree is left.
    Finished(Exit),
    /// The supervisor vanished after it had set out to start the agent, or its record is damaged:
    /// what was done is unknown.
    /// [`crate::end_leftovers`] ends what may be left of the tree.
    Lost {
        /// The agent, if it was started.
        started: Option<Started>,
    },
    /// No agent was ever started: what a supervisor takes away before that is still there. One may
    /// still be on its way: [`RunDir::revoke`] the run before starting it again under another name.
    NeverStarted,
    /// There is nothing that tells, because the directory was never filled or its files were removed
    /// since. Whether the run began is known only where it was recorded that it was launched.
    NothingLeft,
}

/// Whether a run that had not started could be fenced off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// From now on no supervisor will start this run's agent.
    Revoked,
    /// A supervisor holds the lock: the run is alive, nothing was changed.
    Held,
    /// The agent may have been started: nothing was changed. [`RunDir::inspect`] says how it
    /// stands.
    AlreadySpawned,
    /// There is nothing that a supervisor could start, and nothing that tells whether one has.
    NothingLeft,
}

/// What an attempt to take the lock found.
enum LockState {
    /// Taken, as long as the file is kept.
    Taken(File),
    /// Another process has it.
    Held,
    /// There is no lock file, so no supervisor was ever here.
    Missing,
}

impl RunDir {
    /// The directory of `run` below `runs_root`.
    #[must_use]
    pub fn new(runs_root: &Path, run: &RunId) -> Self {
        Self { path: runs_root.join(run.as_str()) }
    }

    /// A run directory by its own path.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the agent printed on standard output (and on standard error, when merged).
    #[must_use]
    pub fn stdout_path(&self) -> PathBuf {
        self.path.join("stdout")
    }

    /// What the agent printed on standard error. No such file when it is merged into `stdout`.
    #[must_use]
    pub fn stderr_path(&self) -> PathBuf {
        self.path.join("stderr")
    }

    /// The newest lines of standard output that are not kept: see [`Spec::live_prefix`].
    #[must_use]
    pub fn live_path(&self) -> PathBuf {
        self.path.join("live")
    }

    pub(crate) fn spec_path(&self) -> PathBuf {
        self.path.join("spec.json")
    }

    pub(crate) fn stdin_path(&self) -> PathBuf {
        self.path.join("stdin")
    }

    pub(crate) fn control_path(&self) -> PathBuf {
        self.path.join("control")
    }

    pub(crate) fn lock_path(&self) -> PathBuf {
        self.path.join("lock")
    }

    pub(crate) fn spawning_path(&self) -> PathBuf {
        self.path.join("spawning")
    }

    pub(crate) fn ready_path(&self) -> PathBuf {
        self.path.join("ready")
    }

    pub(crate) fn started_path(&self) -> PathBuf {
        self.path.join("started.json")
    }

    pub(crate) fn exit_path(&self) -> PathBuf {
        self.path.join("exit.json")
    }

    pub(crate) fn cancel_path(&self) -> PathBuf {
        self.path.join("cancel")
    }

    pub(crate) fn finish_path(&self) -> PathBuf {
        self.path.join("finish")
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.path.join("supervisor.log")
    }

    pub(crate) fn revoked_path(&self) -> PathBuf {
        self.path.join("revoked")
    }

    /// Makes the directory (0700) with `spec.json`, `stdin` and `ready` (0600). Nothing is flushed: until a
    /// supervisor has started, the run can be made anew from what the engine stores.
    ///
    /// # Errors
    /// [`SupervisorError::Exists`] when the directory is there; [`SupervisorError::Io`] otherwise,
    /// and then nothing is left of it.
    pub fn create(&self, spec: &Spec, stdin: &[u8]) -> Result<(), SupervisorError> {
        match files::create_private_directory(&self.path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                return Err(SupervisorError::Exists { path: self.path.clone() });
            }
            Err(e) => return Err(SupervisorError::io("create", &self.path)(e)),
        }
        let filled = (|| {
            let path = self.spec_path();
            let json = serde_json::to_vec(spec)
                .map_err(|source| SupervisorError::Damaged { path: path.clone(), source })?;
            files::write_new(&path, &json).map_err(SupervisorError::io("write", &path))?;
            let path = self.stdin_path();
            files::write_new(&path, stdin).map_err(SupervisorError::io("write", &path))?;
            let path = self.ready_path();
            files::create_visible(&path).map_err(SupervisorError::io("create", &path))
        })();
        if filled.is_err() {
            // Half a run directory is of no use, and what is removed makes room on a full disk.
            let _ = fs::remove_dir_all(&self.path);
        }
        filled
    }

    /// How the run stands. The lock is taken for an instant, shared, so any number of callers may
    /// look at once; a supervisor that is just starting waits for that instant.
    ///
    /// # Errors
    /// [`SupervisorError::Io`].
    pub fn inspect(&self) -> Result<Found, SupervisorError> {
        // Once `exit.json` is there, nothing more happens, though the lock may be held a little
        // longer.
        if let Some(exit) = self.exit()? {
            return Ok(Found::Finished(exit));
        }
        // Before the lock: a supervisor makes that first and then takes `ready` away, so that with
        // neither of them there is none that has just come.
        let fresh = self.is_fresh()?;
        let _lock = match self.try_lock(File::try_lock_shared)? {
            LockState::Taken(lock) => lock,
            LockState::Held => return Ok(Found::Running { started: self.started()? }),
            // Answered at once: a supervisor that comes now would be taken for a lost one by a look
            // at its files without the lock.
            LockState::Missing if fresh => return Ok(Found::NeverStarted),
            LockState::Missing => return Ok(Found::NothingLeft),
        };
        // It may have ended between the first look and the lock. No supervisor writes from here on.
        if let Some(exit) = self.exit()? {
            Ok(Found::Finished(exit))
        } else if self.has(&self.spawning_path())? || self.has(&self.exit_path())? {
            Ok(Found::Lost { started: self.started()? })
        } else if self.is_fresh()? {
            Ok(Found::NeverStarted)
        } else {
            Ok(Found::NothingLeft)
        }
    }

    /// Whether what a supervisor takes away before it starts the agent is still there, or was
    /// turned into the fence.
    fn is_fresh(&self) -> Result<bool, SupervisorError> {
        Ok(self.has(&self.ready_path())? || self.has(&self.revoked_path())?)
    }

    /// From here on the run may have had effects. `ready` becomes `spawning` in one step, so that
    /// of a run whose files are removed meanwhile nothing starts, and one that began is never taken
    /// for one that did not.
    pub(crate) fn claim(&self, spec: &Spec) -> Result<(), SupervisorError> {
        let spawning = self.spawning_path();
        // Not flushed: after a power cut the engine goes by the machine's start, see `boot_id`.
        let claimed = if spec.has_ready {
            fs::rename(self.ready_path(), &spawning)
        } else {
            files::create_visible(&spawning)
        };
        claimed.map_err(SupervisorError::io("create", &spawning))
    }

    /// What tells this directory from another one in its place; none when there is none.
    ///
    /// # Errors
    /// [`SupervisorError::Io`] when that cannot be found out.
    pub fn identity(&self) -> Result<Option<Identity>, SupervisorError> {
        match Identity::at(&self.path) {
            Ok(identity) => Ok(Some(identity)),
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(e) => Err(SupervisorError::io("look at", &self.path)(e)),
        }
    }

    /// The agent's start, once it is recorded.
    ///
    /// # Errors
    /// [`SupervisorError::Io`].
    pub fn started(&self) -> Result<Option<Started>, SupervisorError> {
        // It is not flushed, so a power cut may leave an empty file: as good as none.
        self.read_whole(&self.started_path())
    }

    /// How the run ended, once it is recorded. From then on nothing of its tree is left and the
    /// output files do not change. A record that was damaged since says nothing any more.
    ///
    /// # Errors
    /// [`SupervisorError::Io`].
    pub fn exit(&self) -> Result<Option<Exit>, SupervisorError> {
        let Some(mut exit) = self.read_whole::<Exit>(&self.exit_path())? else { return Ok(None) };
        // To a supervisor of an older version, from before `ready`, every byte in its control pipe is
        // a request to stop. A newer one tells them apart: there `cancel` was received and could not be
        // stored, because the disk was full.
        if exit.ended_by == EndedBy::Cancel
            && self.has(&self.finish_path())?
            && !self.has(&self.cancel_path())?
            && matches!(self.spec(), Ok(Some(Spec { has_ready: false, .. })))
        {
            exit.ended_by = EndedBy::Finish;
        }
        Ok(Some(exit))
    }

    /// What the supervisor is to do; none before [`RunDir::create`].
    ///
    /// # Errors
    /// [`SupervisorError::Damaged`] or the system's reason.
    pub fn spec(&self) -> Result<Option<Spec>, SupervisorError> {
        self.read(&self.spec_path())
    }

    /// Whether a supervisor has set out to start the agent: from then on the run may have had
    /// effects.
    ///
    /// # Errors
    /// [`SupervisorError::Io`].
    pub fn has_begun(&self) -> Result<bool, SupervisorError> {
        self.has(&self.spawning_path())
    }

    /// Asks for the end of the run: on disk, and by the control pipe if a supervisor listens.
    /// Asking again, or asking a run that is over, changes nothing.
    ///
    /// # Errors
    /// [`SupervisorError::Io`] when the request could not be stored, and no supervisor received it either.
    pub fn request_end(&self) -> Result<(), SupervisorError> {
        self.request(&self.cancel_path(), CANCEL)
    }

    /// Asks for the end of a run whose agent has reported that its work is done and does not exit.
    /// [`RunDir::request_end`] outranks it, also afterwards.
    ///
    /// # Errors
    /// [`SupervisorError::Io`] when the request could not be stored, and no supervisor received it either.
    pub fn request_finish(&self) -> Result<(), SupervisorError> {
        self.request(&self.finish_path(), FINISH)
    }

    fn request(&self, path: &Path, byte: u8) -> Result<(), SupervisorError> {
        let stored = files::create_marker(path).map_err(SupervisorError::io("create", path));
        // On a full disk the request cannot be stored, but a living supervisor can receive it.
        let received = pipe::send(&self.control_path(), &[byte]).is_ok();
        if received { Ok(()) } else { stored }
    }

    /// Whether a supervisor listens where requests are passed on. One that is about to start, or has
    /// gone, does not.
    #[must_use]
    pub fn has_listener(&self) -> bool {
        pipe::connect(&self.control_path()).is_ok()
    }

    /// Fences off a run that has not started, without waiting: a supervisor that comes later
    /// exits without starting anything. One without a directory, or without `ready` in it, needs no
    /// fence, because nothing can start there.
    ///
    /// # Errors
    /// [`SupervisorError::Io`]; then nothing can be said about the run.
    pub fn revoke(&self) -> Result<Revocation, SupervisorError> {
        let lock = match self.open_lock() {
            Ok(lock) => lock,
            Err(SupervisorError::Io { source, .. }) if is_no_file(&source) => {
                return Ok(Revocation::NothingLeft);
            }
            Err(error) => return Err(error),
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Revocation::Held),
            Err(TryLockError::Error(e)) => {
                return Err(SupervisorError::io("lock", &self.lock_path())(e));
            }
        }
        if self.has(&self.spawning_path())? || self.has(&self.exit_path())? {
            return Ok(Revocation::AlreadySpawned);
        }
        let path = self.revoked_path();
        // Renamed, not made: with `ready` it can only be the run that was launched.
        match fs::rename(self.ready_path(), &path) {
            Ok(()) => {}
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(SupervisorError::io("create", &path)(e));
            }
            Err(_) if self.has(&path)? => {}
            // Of an engine from before `ready`.
            Err(_) if matches!(self.spec(), Ok(Some(Spec { has_ready: false, .. }))) => {
                files::create_visible(&path).map_err(SupervisorError::io("create", &path))?;
            }
            Err(_) => return Ok(Revocation::NothingLeft),
        }
        files::sync_parent(&path).map_err(SupervisorError::io("create", &path))?;
        Ok(Revocation::Revoked)
    }

    /// Blocks this thread until no supervisor holds the lock. Returns at once when there is none.
    ///
    /// # Errors
    /// [`SupervisorError::Io`].
    pub fn wait_until_free(&self) -> Result<(), SupervisorError> {
        let path = self.lock_path();
        let lock = match files::open_regular(&path) {
            Ok(file) => file,
            Err(e) if is_no_file(&e) => return Ok(()),
            Err(e) => return Err(SupervisorError::io("open", &path)(e)),
        };
        uninterrupted(|| lock.lock_shared()).map_err(SupervisorError::io("lock", &path))
    }

    /// Deletes what the agent has printed, and leaves the files: a supervisor that goes on writes
    /// from the beginning. Takes no room. Returns how many bytes that were.
    pub fn drop_output(&self) -> u64 {
        let empty = |path: PathBuf| -> io::Result<u64> {
            let file =
                files::without_waiting_or_links(OpenOptions::new().write(true)).open(path)?;
            let found = file.metadata()?;
            if !found.is_file() {
                return Ok(0);
            }
            file.set_len(0)?;
            Ok(found.len())
        };
        [self.stdout_path(), self.stderr_path()].map(|path| empty(path).unwrap_or(0)).iter().sum()
    }

    /// Removes the directory with all that is in it. Only for a run that is over or revoked. Doing
    /// it again, also after a half-done removal, is fine.
    ///
    /// # Errors
    /// [`SupervisorError::Io`]; call it again.
    pub fn delete(&self) -> Result<(), SupervisorError> {
        // Renamed first: the fence `revoked` must not vanish before the directory has, or a late
        // supervisor could find a directory that still looks startable.
        let mut doomed_name = std::ffi::OsString::from(".deleted-");
        doomed_name.push(self.path.file_name().unwrap_or_default());
        let doomed = self.path.with_file_name(doomed_name);
        remove_tree(&doomed)?;
        let mut renamed = fs::rename(&self.path, &doomed);
        if matches!(&renamed, Err(e) if e.kind() == io::ErrorKind::StorageFull) {
            // Even a name may need room.
            self.drop_output();
            renamed = fs::rename(&self.path, &doomed);
        }
        match renamed {
            Ok(()) => remove_tree(&doomed),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(SupervisorError::io("rename", &self.path)(e)),
        }
    }

    /// Takes the lock for a supervisor's life, waiting for processes that only look (they hold it for an
    /// instant). Nothing when another supervisor of this run holds it or held it before.
    pub(crate) fn lock_for_life(&self) -> Result<Option<File>, SupervisorError> {
        let path = self.lock_path();
        let lock = self.open_lock()?;
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(e)) => return Err(SupervisorError::io("lock", &path)(e)),
        }
        if self.has(&self.spawning_path())? {
            return Ok(None);
        }
        uninterrupted(|| lock.lock()).map_err(SupervisorError::io("lock", &path))?;
        Ok(Some(lock))
    }

    /// Whether a supervisor holds the lock.
    pub(crate) fn is_locked(&self) -> Result<bool, SupervisorError> {
        Ok(matches!(self.try_lock(File::try_lock_shared)?, LockState::Held))
    }

    /// Whether a file of this run exists.
    pub(crate) fn has(&self, path: &Path) -> Result<bool, SupervisorError> {
        match fs::symlink_metadata(path) {
            Ok(_) => Ok(true),
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                Ok(false)
            }
            Err(e) => Err(SupervisorError::io("look at", path)(e)),
        }
    }

    /// Reads a JSON file of this run, if it is there.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        path: &Path,
    ) -> Result<Option<T>, SupervisorError> {
        let damaged = |source| SupervisorError::Damaged { path: path.to_owned(), source };
        let read = files::open_regular(path).and_then(|file| {
            let mut bytes = Vec::new();
            file.take(LARGEST_FILE).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        match read {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(damaged),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            // Something that an agent has put in its place.
            Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                Err(damaged(serde::de::Error::custom(e)))
            }
            Err(e) => Err(SupervisorError::io("read", path)(e)),
        }
    }

    /// The same, where a file that cannot be understood is as good as none.
    fn read_whole<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>, SupervisorError> {
        match self.read(path) {
            Err(SupervisorError::Damaged { .. }) => Ok(None),
            other => other,
        }
    }

    fn open_lock(&self) -> Result<File, SupervisorError> {
        let path = self.lock_path();
        files::without_waiting_or_links_private(
            OpenOptions::new().read(true).write(true).create(true).truncate(false),
        )
        .open(&path)
        .map_err(SupervisorError::io("open", &path))
    }

    fn try_lock(
        &self,
        attempt: fn(&File) -> Result<(), TryLockError>,
    ) -> Result<LockState, SupervisorError> {
        let path = self.lock_path();
        let lock = match files::open_regular(&path) {
            Ok(file) => file,
            Err(e) if is_no_file(&e) => return Ok(LockState::Missing),
            Err(e) => return Err(SupervisorError::io("open", &path)(e)),
        };
        match attempt(&lock) {
            Ok(()) => Ok(LockState::Taken(lock)),
            Err(TryLockError::WouldBlock) => Ok(LockState::Held),
            Err(TryLockError::Error(e)) => Err(SupervisorError::io("lock", &path)(e)),
        }
    }
}

/// Whether there is nothing to open, or something that is no file of ours.
fn is_no_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidData
    )
}

fn remove_tree(path: &Path) -> Result<(), SupervisorError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(SupervisorError::io("remove", path)(e))
        }
        _ => Ok(()),
    }
}

/// Repeats a system call that a signal has interrupted.
fn uninterrupted(mut call: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
