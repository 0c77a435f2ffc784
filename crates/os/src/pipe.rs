//! Named pipes: a few bytes for a process that may not be there.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::system::pipe as system;

/// Makes the named pipe (0600) if it is missing and opens it for reading. It is opened for writing
/// too, so that it never reaches an end when the last writer leaves.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when something else has its place; what the system says.
pub fn listen(path: &Path) -> io::Result<File> {
    system::listen(path)
}

/// Opens a named pipe for writing without blocking.
///
/// # Errors
/// When no process reads from it, and [`io::ErrorKind::NotFound`] when something else has taken its
/// place: what is written there would reach no reader.
pub fn connect(path: &Path) -> io::Result<File> {
    system::connect(path)
}

/// Writes a few bytes in one piece, or nothing at all.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] when the pipe is full; what the system says.
pub fn write_now(pipe: &File, bytes: &[u8]) -> io::Result<()> {
    system::write_now(pipe, bytes)
}

/// [`connect`] and [`write_now`].
///
/// # Errors
/// As those.
pub fn send(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_now(&connect(path)?, bytes)
}
