//! Waiting for handles: not yet.

use std::time::Instant;

pub use std::os::windows::io::AsHandle as Readable;

pub(crate) const fn wait_readable<const N: usize>(
    _sources: [Option<&dyn Readable>; N],
    _due: Option<Instant>,
) -> [bool; N] {
    [false; N]
}
