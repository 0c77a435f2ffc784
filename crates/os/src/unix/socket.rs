//! Unix domain sockets.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

pub use tokio::net::UnixStream as LocalStream;

pub(crate) type LocalListener = UnixListener;

/// The longest path a socket address holds on every system we know.
const LONGEST: usize = 100;

/// A name for a socket's path that is short enough for a socket address. Keep the directory open
/// for as long as the name is used.
struct SocketName {
    path: PathBuf,
    _directory: Option<File>,
}

impl SocketName {
    /// Long paths are named through an open descriptor of their directory, where the system has
    /// such names.
    fn new(path: &Path) -> io::Result<Self> {
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
}

pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(&SocketName::new(path)?.path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

pub(crate) async fn accept(listener: &UnixListener) -> io::Result<LocalStream> {
    listener.accept().await.map(|(stream, _)| stream)
}

pub(crate) async fn connect(path: &Path) -> io::Result<LocalStream> {
    let name = SocketName::new(path)?;
    LocalStream::connect(&name.path).await
}

pub(crate) fn peer(stream: &LocalStream) -> io::Result<u32> {
    stream.peer_cred().map(|peer| peer.uid())
}
