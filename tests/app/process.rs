//! Processes: waiting for them, looking at them, ending them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// How long anything in a test may take. Far more than it does, because machines are shared.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at: often enough to cost a test nothing, seldom enough to
/// leave the machine to what is waited for.
const GLANCE: Duration = Duration::from_millis(15);

/// Waits until something is true, looking again and again.
#[track_caller]
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    until_some(what, || condition().then_some(()));
}

/// Waits until something is there, looking again and again.
#[track_caller]
pub(crate) fn until_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "it never came true that {what}");
        std::thread::sleep(GLANCE);
    }
}

/// Looks at something for a while and fails if it ever is true. For what must not happen: how
/// long is long enough is a judgement, which the caller makes by the time such things take.
#[track_caller]
pub(crate) fn never(what: &str, during: Duration, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + during;
    while Instant::now() < end {
        assert!(!condition(), "it came true that {what}");
        std::thread::sleep(GLANCE);
    }
}

/// A process that is ended when the test is over.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Child);

impl Drop for Kept {
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

/// A process's command line, its parts separated by spaces.
pub(crate) fn command_line(pid: u32) -> String {
    read(Path::new(&format!("/proc/{pid}/cmdline"))).replace('\0', " ").trim_end().to_owned()
}

/// Whether a process has ended; one that nobody has reaped yet counts as gone.
pub(crate) fn is_gone(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => {
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']))
        }
        Err(_) => true,
    }
}

/// Kills a process and waits until it is gone.
pub(crate) fn kill(pid: u32) {
    if let Some(handle) = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()) {
        let _ = rustix::process::kill_process(handle, rustix::process::Signal::KILL);
    }
    until(&format!("process {pid} is gone"), || is_gone(pid));
}

/// Asks a process to end.
pub(crate) fn terminate(pid: u32) {
    let handle = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(handle, rustix::process::Signal::TERM).unwrap();
}

/// A file's text; empty when it is not there.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}
