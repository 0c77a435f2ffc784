//! Waiting until something can be read.

use std::time::{Duration, Instant};

use crate::system::wait as system;

/// Something that can be waited for.
pub use system::Readable;

/// Waits until one of the sources can be read (or has ended), or until `due`; without `due`, for as
/// long as it takes. Also returns when a signal came. Says which sources can be read.
pub fn wait_readable<const N: usize>(
    sources: [Option<&dyn Readable>; N],
    due: Option<Instant>,
) -> [bool; N] {
    system::wait_readable(sources, due)
}

/// Whether there is a byte or an end of file before the time is over. An interruption or an error
/// counts as readable: reading will tell.
pub fn readable_within(source: &impl Readable, time: Duration) -> bool {
    system::readable_within(source, time)
}
