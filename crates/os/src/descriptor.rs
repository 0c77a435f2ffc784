//! Open descriptors of this process.

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
