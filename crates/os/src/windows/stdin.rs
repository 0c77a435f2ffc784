//! Standard input; which other processes have it is not told.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::windows::io::AsHandle;

use crate::stdin::{Kind, Parent};

pub(crate) fn kind() -> Kind {
    if io::stdin().is_terminal() {
        return Kind::Terminal;
    }
    match unbuffered() {
        Ok(file) if file.metadata().is_ok_and(|found| found.is_file()) => Kind::File,
        Ok(_) => Kind::Pipe,
        Err(_) => Kind::Nothing,
    }
}

pub(crate) const fn parent(_kind: Kind, _pass_on: &[&str]) -> Option<Parent> {
    None
}

pub(crate) const fn is_left_open() -> bool {
    false
}

pub(crate) const fn bytes_ready() -> Option<u64> {
    None
}

pub(crate) fn unbuffered() -> io::Result<File> {
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

pub(crate) const fn wait_for_hang_up() -> bool {
    false
}
