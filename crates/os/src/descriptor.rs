//! Open descriptors of this process.

use std::fs::File;
use std::io;

use crate::system::descriptor as system;
use crate::wait::Readable;

/// Keeps every descriptor but the standard three from programs that this process starts from now
/// on: a lock or pipe that a caller was given by accident must not live as long as an engine. On a
/// system that lacks the call, programs see what this process was given.
pub fn keep_from_children() {
    system::keep_from_children();
}

/// Lets reads and writes fail instead of blocking.
pub fn never_block(file: impl Readable) {
    system::never_block(file);
}

/// Lets a pipe hold more, where the system can do that and allows it.
pub fn widen_pipe(pipe: impl Readable, bytes: usize) {
    system::widen_pipe(pipe, bytes);
}

/// A file that leads where standard error leads.
///
/// # Errors
/// What the system says.
pub fn duplicate_stderr() -> io::Result<File> {
    system::duplicate_stderr()
}

/// Lets standard error of this process lead to a file from now on.
///
/// # Errors
/// What the system says.
pub fn replace_stderr(file: &File) -> io::Result<()> {
    system::replace_stderr(file)
}

/// Lets what is printed on standard output vanish from now on, and closes what it led to.
pub fn discard_stdout() {
    system::discard_stdout();
}

/// Whether a process still reads from the pipe that standard output is. True where that cannot be
/// told.
#[must_use]
pub fn stdout_is_read() -> bool {
    system::stdout_is_read()
}

/// Lets this process, and the programs it starts, have so many descriptors open, or as many as the
/// system allows. A higher limit stays as it is.
///
/// # Errors
/// What the system says.
pub fn raise_limit(enough: u64) -> io::Result<()> {
    system::raise_limit(enough)
}
