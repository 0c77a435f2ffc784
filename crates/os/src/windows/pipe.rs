//! Named pipes: not yet.

use std::fs::File;
use std::io;
use std::path::Path;

const WHAT: &str = "named pipes are not supported";

pub(crate) fn listen(_path: &Path) -> io::Result<File> {
    super::not_yet(WHAT)
}

pub(crate) fn connect(_path: &Path) -> io::Result<File> {
    super::not_yet(WHAT)
}

pub(crate) fn write_now(_pipe: &File, _bytes: &[u8]) -> io::Result<()> {
    super::not_yet(WHAT)
}
