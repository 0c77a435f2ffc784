//! Standard input.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;

use crate::stdin::Kind;

#[cfg(target_os = "linux")]
pub(crate) use crate::linux::stdin::{is_left_open, parent};
#[cfg(target_os = "macos")]
pub(crate) use crate::macos::stdin::{is_left_open, parent};

pub(crate) fn kind() -> Kind {
    let stdin = io::stdin();
    if rustix::termios::isatty(&stdin) {
        return Kind::Terminal;
    }
    match fstat(&stdin).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::RegularFile) => Kind::File,
        Ok(FileType::Fifo | FileType::Socket) => Kind::Pipe,
        _ => Kind::Nothing,
    }
}

pub(crate) fn bytes_ready() -> Option<u64> {
    rustix::io::ioctl_fionread(io::stdin()).ok()
}

pub(crate) fn unbuffered() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// What is waited for besides a pipe's hang-up, which is always told: Node's children have sockets,
/// of which only one direction is closed.
#[cfg(target_os = "linux")]
const HUNG_UP: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const HUNG_UP: PollFlags = PollFlags::empty();

pub(crate) fn wait_for_hang_up() -> bool {
    let stdin = io::stdin();
    loop {
        match poll(&mut [PollFd::new(&stdin, HUNG_UP)], None) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}
