//! What this process uses.

use std::time::Duration;

/// What this process uses; none where the system does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessUsage {
    /// Processor time of all its threads so far.
    pub cpu: Option<Duration>,
    /// Memory in use, in bytes.
    pub resident_bytes: Option<u64>,
    /// Open file descriptors.
    pub open_files: Option<u64>,
    /// How many file descriptors it may open.
    pub most_files: Option<u64>,
}

impl ProcessUsage {
    /// As it is now.
    #[must_use]
    pub fn now() -> Self {
        crate::system::usage::now()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_sees_what_it_uses() {
        let before = ProcessUsage::now();
        let files: Vec<_> = (0..10).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
        let after = ProcessUsage::now();
        drop(files);
        assert!(after.open_files.unwrap() >= before.open_files.unwrap() + 10);
        assert!(after.most_files.unwrap() > after.open_files.unwrap());
        assert!(after.resident_bytes.unwrap() > 100_000);
        assert!(after.cpu.unwrap() >= before.cpu.unwrap());
    }
}
