//! What is particular to Unix domain sockets.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// The longest path a socket address holds on every system we know.
const LONGEST: usize = 100;

/// A name for a socket's path that is short enough for a socket address. Keep the directory open
/// for as long as the name is used.
#[derive(Debug)]
pub struct SocketName {
    path: PathBuf,
    _directory: Option<File>,
}

impl SocketName {
    /// Long paths are named through an open descriptor of their directory, where the system has
    /// such names.
    ///
    /// # Errors
    /// `InvalidInput` when the path is too long for this system.
    pub fn new(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= LONGEST {
            return Ok(Self { path: path.to_owned(), _directory: None });
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if !cfg!(target_os = "linux") {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the path is too long for a socket: set CLAUDE_WORKER_HOME to a shorter one",
            ));
        }
        let directory = File::open(parent)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
        Ok(Self { path, _directory: Some(directory) })
    }

    /// The name to bind or to connect.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.path
    }
}

/// Whether the program of this user may be talked to, from either end of a socket.
#[must_use]
pub const fn is_trusted(peer: u32, we: u32) -> bool {
    peer == we || peer == 0
}

/// The user this process acts for.
#[must_use]
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}
