//! Where the system does not tell which other processes have our standard input.

use std::os::fd::AsFd;

use super::{Found, Stdin};

pub(super) fn parent(_: Stdin) -> Found {
    Found::Unknown
}

/// A silent pipe is waited for, with a word about it.
pub(super) fn left_open(_: &impl AsFd) -> bool {
    false
}
