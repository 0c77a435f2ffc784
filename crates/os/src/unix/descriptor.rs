//! Flags of descriptors.

use rustix::fs::OFlags;

use crate::wait::Readable;

pub(crate) fn keep_from_children() {
    #[cfg(target_os = "linux")]
    crate::linux::descriptor::keep_from_children();
}

pub(crate) fn never_block(file: impl Readable) {
    // Fails for a bad descriptor only, and ours is open.
    if let Ok(flags) = rustix::fs::fcntl_getfl(&file) {
        let _ = rustix::fs::fcntl_setfl(&file, flags | OFlags::NONBLOCK);
    }
}

pub(crate) fn widen_pipe(pipe: impl Readable, bytes: usize) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, bytes);
    #[cfg(not(target_os = "linux"))]
    let _ = (pipe, bytes);
}
