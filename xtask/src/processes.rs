//! Running processes and their memory, from Linux's `/proc`.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// A process with its command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) args: Vec<String>,
}

/// Every process that has this variable with this value in its environment. Processes of other
/// users, which cannot be read, and processes that end meanwhile are left out.
pub(crate) fn with_environment(name: &str, value: &Path) -> Result<Vec<Process>> {
    let wanted = {
        let mut entry = OsString::from(format!("{name}="));
        entry.push(value);
        entry.into_vec()
    };
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("this needs Linux's /proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { continue };
        if environment.split(|byte| *byte == 0).any(|entry| entry == wanted) {
            let args = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let args = args.split(|byte| *byte == 0).filter(|arg| !arg.is_empty());
            let args = args.map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
            found.push(Process { pid, args });
        }
    }
    Ok(found)
}

/// Waits until these processes have ended, for at most `limit` in total; returns those that have not.
pub(crate) fn outliving(processes: Vec<Process>, limit: Duration) -> Vec<Process> {
    let deadline = Instant::now() + limit;
    let lives_on = |process: &Process| {
        let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
        // No such process: it has ended between the listing and now.
        let Some(handle) = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
            return false;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).unwrap_or_default();
        let mut ends = [PollFd::new(&handle, PollFlags::IN)];
        !matches!(poll(&mut ends, Some(&left)), Ok(1))
    };
    processes.into_iter().filter(lives_on).collect()
}

/// Proportional memory of a process, in KiB: what it would free by ending.
pub(crate) fn pss_kib(pid: u32) -> Result<u64> {
    field(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

/// Resident memory of a process, in KiB.
pub(crate) fn rss_kib(pid: u32) -> Result<u64> {
    field(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// The most resident memory a process has had, in KiB.
pub(crate) fn peak_rss_kib(pid: u32) -> Result<u64> {
    field(&format!("/proc/{pid}/status"), "VmHWM:")
}

fn field(path: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("{path} has no {name}"))
}
