//! Flags of descriptors, and the standard three.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::wait::Readable;

pub(crate) fn keep_from_children() {
    #[cfg(target_os = "linux")]
    crate::linux::descriptor::keep_from_children();
}

pub(crate) fn never_block(file: impl Readable) {
    // Fails for a bad descriptor only, and ours is open.
    if let Ok(flags) = rustix::fs::fcntl_getfl(&file) {
        let _ = rustix::fs::fcntl_setfl(&file, flags | OFlags::NONBLOCK);
    }
}

pub(crate) fn widen_pipe(pipe: impl Readable, bytes: usize) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, bytes);
    #[cfg(not(target_os = "linux"))]
    let _ = (pipe, bytes);
}

pub(crate) fn duplicate_stderr() -> io::Result<File> {
    io::stderr().as_fd().try_clone_to_owned().map(File::from)
}

pub(crate) fn replace_stderr(file: &File) -> io::Result<()> {
    Ok(rustix::stdio::dup2_stderr(file)?)
}

pub(crate) fn discard_stdout() {
    if let Ok(nowhere) = OpenOptions::new().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(nowhere);
    }
}

pub(crate) fn stdout_is_read() -> bool {
    let stdout = io::stdout();
    let mut pipe = [PollFd::new(&stdout, PollFlags::empty())];
    // A pipe without a reader is an error at once; anything else passes.
    let looked = poll(&mut pipe, Some(&Timespec::default()));
    looked.is_err() || !pipe[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

pub(crate) fn raise_limit(enough: u64) -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or(enough, |hard| hard.min(enough));
    if limit.current.is_some_and(|soft| soft < most) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum })?;
    }
    Ok(())
}
