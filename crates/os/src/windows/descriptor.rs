//! Flags of handles.

use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle;

use crate::wait::Readable;

/// Nothing: Windows hands on only what is marked to be.
pub(crate) const fn keep_from_children() {}

pub(crate) fn never_block(_file: impl Readable) {}

pub(crate) fn widen_pipe(_pipe: impl Readable, _bytes: usize) {}

pub(crate) fn duplicate_stderr() -> io::Result<File> {
    io::stderr().as_handle().try_clone_to_owned().map(File::from)
}

pub(crate) fn replace_stderr(_file: &File) -> io::Result<()> {
    super::not_yet("standard error cannot be replaced")
}

/// Not yet: the pipe stays open.
pub(crate) const fn discard_stdout() {}

pub(crate) const fn stdout_is_read() -> bool {
    true
}

/// There is no such limit.
pub(crate) const fn raise_limit(_enough: u64) -> io::Result<()> {
    Ok(())
}
