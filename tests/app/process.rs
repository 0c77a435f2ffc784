//! Waiting for conditions; finding and ending processes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// How long to wait for a condition. Much longer than it takes, because machines are shared.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// How often a condition is checked: often enough not to slow a test down, seldom enough to leave the
/// processor to the programs under test.
const POLL_INTERVAL: Duration = Duration::from_millis(15);

/// Waits until a condition is true.
#[track_caller]
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    until_some(what, || condition().then_some(()));
}

/// Waits until there is a value.
#[track_caller]
pub(crate) fn until_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "timeout while waiting until {what}");
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Fails if a condition becomes true within this time. The caller chooses a time that is much longer
/// than the unwanted event would take.
#[track_caller]
pub(crate) fn never(what: &str, during: Duration, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + during;
    while Instant::now() < end {
        assert!(!condition(), "unexpected: {what}");
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// A child process that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct ChildGuard(pub(crate) Child);

impl Drop for ChildGuard {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Processes with this variable in their environment.
pub(crate) fn with_variable(variable: &str) -> BTreeSet<u32> {
    let has = |pid: &u32| {
        std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
            environment.split(|byte| *byte == 0).any(|found| found == variable.as_bytes())
        })
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(has).filter(|pid| !is_gone(*pid)).collect()
}

/// The command line of a process, joined with spaces.
pub(crate) fn command_line(pid: u32) -> String {
    read(Path::new(&format!("/proc/{pid}/cmdline"))).replace('\0', " ").trim_end().to_owned()
}

/// Whether a process has ended; a zombie counts as ended.
pub(crate) fn is_gone(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => {
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']))
        }
        Err(_) => true,
    }
}

/// Kills a process and waits until it has ended.
pub(crate) fn kill(pid: u32) {
    if let Some(handle) = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()) {
        let _ = rustix::process::kill_process(handle, rustix::process::Signal::KILL);
    }
    until(&format!("process {pid} is gone"), || is_gone(pid));
}

/// Sends SIGTERM to a process.
pub(crate) fn terminate(pid: u32) {
    signal(pid, rustix::process::Signal::TERM);
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, signal: rustix::process::Signal) {
    let handle = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(handle, signal).unwrap();
}

/// The text of a file; empty if there is no file.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}
