//! Memory that a process holds and does not need at the moment.

/// Notes which libraries this process was started with. Call it first.
pub fn note_libraries() {
    crate::linux::memory::note_libraries();
}

/// Gives memory back: what the allocator keeps for later, and the pages of the program and its noted
/// libraries. The system maps such a page again when it is needed. Takes some milliseconds.
pub fn release_unused() {
    crate::linux::memory::release_unused();
}
