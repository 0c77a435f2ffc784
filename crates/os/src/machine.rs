//! The machine itself.

/// Names the time since the machine was started; none where the system does not tell.
///
/// A file that was made and not flushed outlives every process, but not the machine. So what is in a
/// directory tells the truth about processes of this start, and about an earlier one only what it
/// has: that nothing is there does not mean that nothing was begun.
#[must_use]
pub fn boot_id() -> Option<String> {
    crate::system::machine::boot_id().filter(|id| !id.is_empty())
}
