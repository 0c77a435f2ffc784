//! What this process uses, on all Unixes.

use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::usage::ProcessUsage;

pub(crate) fn now() -> ProcessUsage {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(cpu.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(cpu.tv_nsec).unwrap_or(0);
    ProcessUsage {
        cpu: Some(Duration::new(seconds, nanos)),
        resident_bytes: super::process_table::resident_bytes(),
        // The directory that is read is one of them.
        open_files: std::fs::read_dir("/dev/fd")
            .ok()
            .map(|open| open.count().saturating_sub(1) as u64),
        most_files: getrlimit(Resource::Nofile).current,
    }
}
