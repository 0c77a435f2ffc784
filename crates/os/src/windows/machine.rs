//! The machine itself: not told yet.

pub(crate) const fn boot_id() -> Option<String> {
    None
}
