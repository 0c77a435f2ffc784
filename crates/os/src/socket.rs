//! Local sockets, as a file in a private directory.

use std::io;
use std::path::Path;

use crate::system::socket as system;

/// A connection to a local socket.
pub use system::LocalStream;

/// A local socket that takes connections.
#[derive(Debug)]
pub struct LocalListener(system::LocalListener);

impl LocalListener {
    /// Makes the socket, private (0600). Nothing may have its place. Needs a runtime.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when the path is too long for this system; what it says.
    pub fn bind(path: &Path) -> io::Result<Self> {
        system::bind(path).map(Self)
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// What the system says; the next call may work.
    pub async fn accept(&self) -> io::Result<LocalStream> {
        system::accept(&self.0).await
    }
}

/// Connects to the socket at `path`.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] when the path is too long for this system; what it says.
pub async fn connect(path: &Path) -> io::Result<LocalStream> {
    system::connect(path).await
}

/// The id of the user whose process is at the other end.
///
/// # Errors
/// What the system says.
pub fn peer(stream: &LocalStream) -> io::Result<u32> {
    system::peer(stream)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::user::own_id;

    #[tokio::test]
    async fn both_ends_know_each_other_s_user_and_a_long_path_can_be_used() {
        let here = tempfile::tempdir().unwrap();
        let long = here.path().join("a".repeat(120));
        std::fs::create_dir(&long).unwrap();
        let paths = [here.path().join("s"), long.join("s")];
        for path in paths.iter().take(if cfg!(target_os = "linux") { 2 } else { 1 }) {
            let listener = LocalListener::bind(path).unwrap();
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let ours = connect(path).await.unwrap();
            let theirs = listener.accept().await.unwrap();
            assert_eq!((peer(&ours).unwrap(), peer(&theirs).unwrap()), (own_id(), own_id()));
        }
    }
}
