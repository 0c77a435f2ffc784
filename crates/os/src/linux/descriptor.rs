//! Descriptors that programs must not inherit.

/// Marks every descriptor but the standard three to be closed in programs that are started. No crate
/// that we use offers this call.
pub(crate) fn keep_from_children() {
    // SAFETY: sets a flag on descriptors, closes none, touches no memory.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}
