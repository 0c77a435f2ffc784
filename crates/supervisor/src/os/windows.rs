//! Windows: not yet. Every name of `unix.rs` is here, and every call that would have to do
//! something says that it cannot. (Named pipes, job objects and `LockFileEx` are what it will
//! take; a job object ends a whole tree by itself.)

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime};

use super::{EndSetup, Noticed, Process, Reaped, Signal};

/// Something [`wait_readable`] can wait for.
pub(crate) use std::os::windows::io::AsHandle as Readable;

pub(crate) const ADOPTS_ORPHANS: bool = false;

fn not_yet<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "runs are not supported on Windows yet"))
}

pub(crate) fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    File::open(path)
}

pub(crate) fn never_elsewhere(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Unknown so far: every file passes for the same one.
pub(crate) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|_| (0, 0))
}

pub(crate) fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileVersion {
    modified: SystemTime,
    length: u64,
}

pub(crate) fn file_version(path: &Path) -> Option<FileVersion> {
    let found = fs::metadata(path).ok()?;
    Some(FileVersion { modified: found.modified().ok()?, length: found.len() })
}

pub(crate) fn path_to_bytes(path: &Path) -> Option<Vec<u8>> {
    Some(path.to_str()?.as_bytes().to_vec())
}

pub(crate) fn path_from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    Some(PathBuf::from(std::str::from_utf8(bytes).ok()?))
}

pub(crate) fn is_shortage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull)
}

pub(crate) fn kill_self() -> ! {
    std::process::abort()
}

pub(crate) fn detach() -> io::Result<()> {
    not_yet()
}

pub(crate) fn make_agent(_command: &mut Command) {}

pub(crate) fn reap() -> Reaped {
    Reaped::NoChildren
}

pub(crate) fn wait_readable<const N: usize>(
    _sources: [Option<&dyn Readable>; N],
    _due: Option<Instant>,
) -> [bool; N] {
    [false; N]
}

pub(crate) fn never_block(_file: impl Readable) {}

/// Unknown so far.
pub(crate) fn free_room(_file: &File) -> Option<u64> {
    None
}

pub(crate) fn widen_pipe(_pipe: impl Readable, _bytes: usize) {}

pub(crate) fn listen(_path: &Path) -> io::Result<File> {
    not_yet()
}

pub(crate) fn connect_to_listener(_path: &Path) -> io::Result<File> {
    not_yet()
}

pub(crate) fn write_now(_pipe: &File, _bytes: &[u8]) -> io::Result<()> {
    not_yet()
}

pub(crate) fn write_to_listener(_path: &Path, _bytes: &[u8]) -> io::Result<()> {
    not_yet()
}

pub(crate) struct Signals {
    reader: io::PipeReader,
}

impl Signals {
    pub(crate) fn install() -> io::Result<Self> {
        not_yet()
    }

    pub(crate) const fn source(&self) -> &dyn Readable {
        &self.reader
    }

    pub(crate) fn take(&self) -> Noticed {
        Noticed::default()
    }
}

pub(crate) fn processes(_skip: &HashSet<u32>) -> Vec<Process> {
    Vec::new()
}

pub(crate) fn process(_pid: u32) -> Option<Process> {
    None
}

pub(crate) fn is_marked(_process: &Process, _run: &str) -> bool {
    false
}

pub(crate) fn has_stopped(_process: &Process) -> bool {
    true
}

pub(crate) fn end_setup(_process: &Process) -> EndSetup {
    EndSetup::default()
}

pub(crate) fn signal(_target: &Process, _signal: Signal) -> bool {
    false
}

/// Nothing: Windows hands on only what is marked to be.
pub(crate) fn keep_descriptors() {}

/// Unknown so far.
pub(crate) fn boot_id() -> Option<String> {
    None
}
