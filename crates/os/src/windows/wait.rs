//! Waiting for handles: not yet.

use std::time::{Duration, Instant};

pub use std::os::windows::io::AsHandle as Readable;

pub(crate) const fn wait_readable<const N: usize>(
    _sources: [Option<&dyn Readable>; N],
    _due: Option<Instant>,
) -> [bool; N] {
    [false; N]
}

pub(crate) const fn readable_within(_source: &impl Readable, _time: Duration) -> bool {
    true
}
