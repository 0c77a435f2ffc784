//! This process among its parent and children: not yet.

use std::io;
use std::process::{Child, Command};

use crate::process::Reaped;

pub(crate) fn kill_self() -> ! {
    std::process::abort()
}

pub(crate) const fn own_group(command: &mut Command) -> &mut Command {
    command
}

/// Its own process only.
pub(crate) fn kill_group(child: &mut Child) {
    let _ = child.kill();
}

pub(crate) const fn leave_session() {}

pub(crate) fn detach() -> io::Result<()> {
    super::not_yet("tasks cannot be run")
}

pub(crate) const fn make_dependent(_command: &mut Command) {}

pub(crate) const fn reap() -> Reaped {
    Reaped::NoChildren
}
