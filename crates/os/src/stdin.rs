//! Standard input: what it is, and which other processes have it, too.

use std::fs::File;
use std::io;

use crate::system::stdin as system;

/// What standard input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person types.
    Terminal,
    /// `/dev/null` or another device, or closed: nothing to read.
    Nothing,
    /// A regular file.
    File,
    /// A pipe or a socket.
    Pipe,
}

/// The process that started this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// Its id.
    pub pid: i32,
    /// When it began: together with its id this names it for ever.
    pub began: u64,
    /// The name of its program, where it may be known.
    pub program: Option<String>,
    /// Whether it can read from our standard input.
    pub shares: bool,
}

/// What standard input is.
#[must_use]
pub fn kind() -> Kind {
    system::kind()
}

/// The process that started this one; none when it is gone, or the system does not tell. Programs in
/// `pass_on` are passed over: they start one command and leave their standard input to it.
#[must_use]
pub fn parent(kind: Kind, pass_on: &[&str]) -> Option<Parent> {
    system::parent(kind, pass_on)
}

/// Whether the only processes that could still write to the pipe on standard input are those that
/// started this one. Where that cannot be known, the answer is no.
#[must_use]
pub fn is_left_open() -> bool {
    system::is_left_open()
}

/// How many bytes can be read from the pipe on standard input now, where the system tells.
#[must_use]
pub fn bytes_ready() -> Option<u64> {
    system::bytes_ready()
}

/// Standard input without the standard library's buffer, which waiting cannot see into.
///
/// # Errors
/// What the system says.
pub fn unbuffered() -> io::Result<File> {
    system::unbuffered()
}

/// Blocks until no process can write to standard input any more. False where that cannot be told, as
/// of a file, which is read to its end anyway.
#[must_use]
pub fn wait_for_hang_up() -> bool {
    system::wait_for_hang_up()
}
