//! What all Unixes share.

use std::ffi::{CString, OsStr};
use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::WaitOptions;

use super::{Noticed, Reaped, Signal};
use crate::Ending;

/// Something [`wait_readable`] can wait for.
pub(crate) use std::os::fd::AsFd as Readable;

impl Signal {
    pub(super) const fn as_rustix(self) -> rustix::process::Signal {
        match self {
            Self::End => rustix::process::Signal::TERM,
            Self::Kill => rustix::process::Signal::KILL,
            Self::Freeze => rustix::process::Signal::STOP,
            Self::Continue => rustix::process::Signal::CONT,
        }
    }
}

/// Restricts a file that is about to be created to its owner.
pub(crate) fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Makes a directory that only its owner can enter. Its parent must exist.
pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

/// Opens a regular file for reading. Anything else in its place (a pipe, a device, a directory, a
/// link) is refused, and nothing blocks: what stands in a run directory may have been put there by
/// an agent.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let irregular = || io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file");
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW;
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        // A link; a socket.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENXIO)) => {
            return Err(irregular());
        }
        Err(error) => return Err(error),
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(irregular()) }
}

/// Keeps an open from following a link and from waiting at a pipe.
pub(crate) fn never_elsewhere(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
}

/// What tells a file or directory from another one that takes its place.
pub(crate) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// Gets a directory's entries onto the disk.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// What tells a file from the one that takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileVersion {
    device: u64,
    inode: u64,
    modified: (i64, i64),
}

/// Which file is at `path` now; none when it cannot be looked at.
pub(crate) fn file_version(path: &Path) -> Option<FileVersion> {
    let found = fs::metadata(path).ok()?;
    let modified = (found.mtime(), found.mtime_nsec());
    Some(FileVersion { device: found.dev(), inode: found.ino(), modified })
}

/// A path as the system knows it.
pub(crate) fn path_to_bytes(path: &Path) -> Option<Vec<u8>> {
    Some(path.as_os_str().as_bytes().to_vec())
}

/// The other way round.
pub(crate) fn path_from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    Some(PathBuf::from(OsStr::from_bytes(bytes)))
}

/// Whether an error says that the system lacks something just now.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    const SHORTAGES: [Errno; 6] =
        [Errno::AGAIN, Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOSPC, Errno::DQUOT];
    SHORTAGES.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Dies on the spot, as by `kill -9`.
pub(crate) fn kill_self() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort()
}

/// Leaves everything that ties this process to whoever started it: session, terminal, working
/// directory. Where the system allows it, this process also becomes the parent of every orphan
/// among its descendants.
pub(crate) fn detach() -> io::Result<()> {
    // Fails only for a group leader: then somebody has given us a session or group already.
    let _ = rustix::process::setsid();
    // Or a mounted file system, or a directory somebody wants to remove, would be kept busy.
    std::env::set_current_dir("/")?;
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        // Whatever descriptors came from the engine's own parent are not for the agent.
        keep_descriptors();
    }
    Ok(())
}

/// Keeps every descriptor but the standard three from programs that this process starts. On a
/// system that lacks the call they see what this process was given.
pub(crate) fn keep_descriptors() {
    // SAFETY: sets a flag on descriptors, closes none, touches no memory.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}

/// Prepares the agent's process: a session of its own, signals as a fresh process has them, and
/// death when the supervisor dies.
pub(crate) fn make_agent(command: &mut Command) {
    let supervisor = rustix::process::getpid();
    let prepare = move || {
        rustix::process::setsid()?;
        // What was ignored would stay ignored in the agent. (The mask is emptied by `Command`.)
        for signal in 1..32 {
            // SAFETY: `signal` with SIG_DFL is async-signal-safe; for SIGKILL and SIGSTOP it fails
            // without effect.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        // It may have died before it was asked for.
        if rustix::process::getppid() != Some(supervisor) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    };
    // SAFETY: `prepare` runs between fork and exec. It makes system calls only: no allocation (the
    // error is a plain kind), no locks, no access to anything another thread could have held.
    unsafe { command.pre_exec(prepare) };
}

/// Clears away one dead child.
pub(crate) fn reap() -> Reaped {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => {
                let ending = match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => Ending::Exited { code },
                    (None, Some(signal)) => Ending::Signalled { signal },
                    // Stopped or continued: not asked for, and not an end.
                    (None, None) => continue,
                };
                return Reaped::Process { pid: pid.as_raw_nonzero().get().unsigned_abs(), ending };
            }
            Ok(None) => return Reaped::NobodyDead,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Reaped::NoChildren,
        }
    }
}

/// Waits until one of the sources can be read (or has ended), or until `due`. Also returns when a
/// signal came.
pub(crate) fn wait_readable<const N: usize>(
    sources: [Option<&dyn Readable>; N],
    due: Option<Instant>,
) -> [bool; N] {
    let mut ready = [false; N];
    let mut places = [0; N];
    let mut polled: Vec<PollFd<'_>> = Vec::with_capacity(N);
    for (n, source) in sources.iter().enumerate() {
        if let Some(source) = source {
            places[polled.len()] = n;
            polled.push(PollFd::from_borrowed_fd(source.as_fd(), PollFlags::IN));
        }
    }
    let timeout = due.map(|due| {
        let rest = due.saturating_duration_since(Instant::now());
        Timespec {
            tv_sec: i64::try_from(rest.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(rest.subsec_nanos()),
        }
    });
    if poll(&mut polled, timeout.as_ref()).is_ok() {
        for (fd, n) in polled.iter().zip(places) {
            ready[n] = !fd.revents().is_empty();
        }
    }
    ready
}

/// Lets reads and writes fail instead of blocking.
pub(crate) fn never_block(file: impl Readable) {
    // Fails for a bad descriptor only, and ours is open.
    if let Ok(flags) = rustix::fs::fcntl_getfl(&file) {
        let _ = rustix::fs::fcntl_setfl(&file, flags | OFlags::NONBLOCK);
    }
}

/// Bytes free for this user on the file system of an open file.
pub(crate) fn free_room(file: &File) -> Option<u64> {
    let found = rustix::fs::fstatvfs(file).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize)).filter(|_| found.f_blocks > 0)
}

/// Lets a pipe hold more, where the system can do that and allows it.
pub(crate) fn widen_pipe(pipe: impl Readable, bytes: usize) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, bytes);
    #[cfg(not(target_os = "linux"))]
    let _ = (pipe, bytes);
}

/// Makes the named pipe (0600) if it is missing and opens it as its listener. It is opened for
/// writing too, so that it never reaches an end when the last writer leaves.
pub(crate) fn listen(path: &Path) -> io::Result<File> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: `name` is a valid C string for the duration of the call.
    if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } != 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::AlreadyExists {
            return Err(error);
        }
        if !fs::symlink_metadata(path)?.file_type().is_fifo() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "something that is not a named pipe is in its place; move it away",
            ));
        }
    }
    OpenOptions::new().read(true).write(true).open(path)
}

/// Opens a named pipe for writing without blocking. Fails when nobody listens, and when something
/// else has taken its place: what is written there would be read by nobody.
pub(crate) fn connect_to_listener(path: &Path) -> io::Result<File> {
    let pipe = never_elsewhere(OpenOptions::new().write(true)).open(path)?;
    if pipe.metadata()?.file_type().is_fifo() {
        Ok(pipe)
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Writes a few bytes in one piece, or nothing at all.
pub(crate) fn write_now(mut pipe: &File, bytes: &[u8]) -> io::Result<()> {
    // A pipe takes up to PIPE_BUF bytes whole, and everything sent here is shorter.
    pipe.write(bytes).map(drop)
}

/// Both of the above, once.
pub(crate) fn write_to_listener(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_now(&connect_to_listener(path)?, bytes)
}

/// The writing end of the pipe below; -1 as long as there is none.
static WAKE_FD: AtomicI32 = AtomicI32::new(-1);
static TOLD_TO_GO: AtomicBool = AtomicBool::new(false);

/// Signals as something to wait for: each puts a byte into a pipe.
pub(crate) struct Signals {
    reader: PipeReader,
    _writer: PipeWriter,
}

extern "C" fn on_signal(signal: libc::c_int) {
    if signal != libc::SIGCHLD {
        TOLD_TO_GO.store(true, Ordering::Relaxed);
    }
    // SAFETY: write(2) is async-signal-safe; the descriptor is a pipe that is never closed and
    // never blocks. When it is full, the reader is awake anyway.
    unsafe { libc::write(WAKE_FD.load(Ordering::Relaxed), [0_u8].as_ptr().cast(), 1) };
}

impl Signals {
    /// From now on, signals that concern a supervisor are noticed, and those that must not kill it
    /// do not. Once per process.
    pub(crate) fn install() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        never_block(&reader);
        never_block(&writer);
        WAKE_FD.store(writer.as_raw_fd(), Ordering::Relaxed);
        let handler = on_signal as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // SIGXFSZ would kill where a failing write is what we want; SIGPIPE is ignored already.
        let wanted = [
            (libc::SIGCHLD, handler),
            (libc::SIGTERM, handler),
            (libc::SIGINT, handler),
            (libc::SIGHUP, handler),
            (libc::SIGXFSZ, libc::SIG_IGN),
            (libc::SIGQUIT, libc::SIG_IGN),
        ];
        for (signal, action) in wanted {
            // SAFETY: the handler makes one write(2) and one atomic store, and reads no other
            // state. Interrupted calls are repeated (SA_RESTART is what `signal` sets).
            if unsafe { libc::signal(signal, action) } == libc::SIG_ERR {
                return Err(io::Error::last_os_error());
            }
        }
        unblock_all_signals()?;
        Ok(Self { reader, _writer: writer })
    }

    /// What to wait for.
    pub(crate) const fn source(&self) -> &dyn Readable {
        &self.reader
    }

    /// What came since the last call.
    pub(crate) fn take(&self) -> Noticed {
        let mut bytes = [0; 64];
        let mut noticed = Noticed::default();
        while matches!((&self.reader).read(&mut bytes), Ok(1..)) {
            // Every byte is looked at as a child's: looking once too often is cheap.
            noticed.child_changed = true;
        }
        noticed.told_to_go = TOLD_TO_GO.load(Ordering::Relaxed);
        noticed
    }
}

/// Whoever started us may have blocked signals, and a mask is inherited.
fn unblock_all_signals() -> io::Result<()> {
    // SAFETY: both sets are initialised by sigemptyset before use; a null old set is allowed.
    let failed = unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut())
    };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
