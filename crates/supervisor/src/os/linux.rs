//! The process table of Linux: `/proc`, and signals through pidfds.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;

use rustix::process::{Pid, PidfdFlags, kill_process, pidfd_open, pidfd_send_signal};

use super::{Process, ProcessState, Signal};
use crate::RUN_MARKER;

/// Orphans among our descendants become our children.
pub(crate) const ADOPTS_ORPHANS: bool = true;

/// Names the time since the machine was started.
pub(crate) fn boot_id() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

/// All processes but the ones to skip. Not one instant's picture: the table changes while it is
/// read.
pub(crate) fn processes(skip: &HashSet<u32>) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pid = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let pids: Vec<u32> =
        entries.flatten().filter_map(pid).filter(|pid| !skip.contains(pid)).collect();
    // The youngest first: they are the ones that vanish.
    pids.into_iter().rev().filter_map(process).collect()
}

/// Whether the process was started as part of `run`. False for processes of other users.
pub(crate) fn is_marked(process: &Process, run: &str) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{}/environ", process.pid)) else { return false };
    environment.split(|byte| *byte == 0).any(|variable| {
        let value = variable.strip_prefix(RUN_MARKER.as_bytes());
        value.and_then(|rest| rest.strip_prefix(b"=")) == Some(run.as_bytes())
    })
}

/// Sends a signal to this very process; false when it is gone or out of reach.
pub(crate) fn signal(target: &Process, signal: Signal) -> bool {
    let signal = signal.as_rustix();
    let Some(pid) = i32::try_from(target.pid).ok().and_then(Pid::from_raw) else { return false };
    // The handle is taken first: if the process looked at afterwards is still the one we mean, the
    // handle is of no other.
    let handle = pidfd_open(pid, PidfdFlags::empty());
    let is_it = |now: Process| now.started == target.started && now.state != ProcessState::Dead;
    if !process(target.pid).is_some_and(is_it) {
        return false;
    }
    match handle {
        Ok(handle) => pidfd_send_signal(handle, signal).is_ok(),
        // Before Linux 5.3, or forbidden by a sandbox: the look was a moment ago.
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {
            kill_process(pid, signal).is_ok()
        }
        Err(_) => false,
    }
}

/// One row of the process table.
pub(crate) fn process(pid: u32) -> Option<Process> {
    let mut text = [0; 1024];
    let n = File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut text).ok()?;
    parse_stat(pid, &text[..n])
}

/// Reads a line of `/proc/PID/stat`. The second field is the program's name in parentheses, and
/// may contain anything, parentheses and line breaks included: fields count from the last one.
fn parse_stat(pid: u32, line: &[u8]) -> Option<Process> {
    let after_name = line.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = std::str::from_utf8(&line[after_name..]).ok()?.split_ascii_whitespace();
    let letter = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    let threads: u32 = fields.nth(13)?.parse().ok()?;
    let started = fields.nth(1)?.parse().ok()?;
    let state = match letter {
        // The letter is the first thread's. It can be gone while others run on.
        "Z" | "X" | "x" if threads <= 1 => ProcessState::Dead,
        "T" | "t" => ProcessState::Stopped,
        _ => ProcessState::Alive,
    };
    Some(Process { pid, parent, session, started, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_anything() {
        let line = b"77 (a) Z 1 (2) 3) S 12 34 56 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 0";
        let expected = Process {
            pid: 77,
            parent: 12,
            session: 56,
            started: 98765,
            state: ProcessState::Alive,
        };
        assert_eq!(parse_stat(77, line), Some(expected));
        let state_of = |letter: &str, threads: u32| {
            let line = format!("7 (a) {letter} 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0 9 0");
            parse_stat(7, line.as_bytes()).unwrap().state
        };
        assert_eq!(state_of("Z", 1), ProcessState::Dead);
        assert_eq!(state_of("Z", 2), ProcessState::Alive);
        assert_eq!(state_of("T", 1), ProcessState::Stopped);
        assert_eq!(parse_stat(77, b"77 (cut"), None);
        assert_eq!(parse_stat(77, b"77 (cut) S 1 2"), None);
    }

    #[test]
    fn this_process_is_in_the_table_unless_skipped() {
        let me = std::process::id();
        let parent = std::os::unix::process::parent_id();
        let table = processes(&HashSet::new());
        let row = table.iter().find(|process| process.pid == me).unwrap();
        assert_eq!((row.parent, row.state), (parent, ProcessState::Alive));
        assert!(!processes(&HashSet::from([me])).iter().any(|process| process.pid == me));
    }

    #[test]
    fn a_process_with_another_start_time_is_not_signalled() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let real = process(child.id()).unwrap();
        let reused = Process { started: real.started + 1, ..real.clone() };
        assert!(!signal(&reused, Signal::Kill));
        assert!(signal(&real, Signal::Kill));
        child.wait().unwrap();
        assert!(!signal(&real, Signal::Kill));
    }
}
