//! The machine itself.

/// Names the time since the machine was started; none where the system does not tell.
#[must_use]
pub fn boot_id() -> Option<String> {
    crate::system::machine::boot_id().filter(|id| !id.is_empty())
}
