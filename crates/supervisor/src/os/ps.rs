//! The process table where there is no `/proc`: what `ps` prints. Slower, and without pidfds.

use std::collections::HashSet;
use std::process::{Command, Stdio};

use rustix::process::{Pid, kill_process};

use super::{EndSetup, Process, ProcessState, Signal};
use crate::RUN_MARKER;

/// Orphans become children of process 1.
#[cfg_attr(test, expect(dead_code, reason = "only the parser is tested here"))]
pub(crate) const ADOPTS_ORPHANS: bool = false;

/// All processes but the ones to skip.
#[cfg_attr(test, expect(dead_code, reason = "only the parser is tested here"))]
pub(crate) fn processes(skip: &HashSet<u32>) -> Vec<Process> {
    let text = ps(&["-axo", COLUMNS]);
    text.lines().filter_map(parse_row).filter(|process| !skip.contains(&process.pid)).collect()
}

/// Whether the process was started as part of `run`.
#[cfg_attr(test, expect(dead_code, reason = "only the parser is tested here"))]
pub(crate) fn is_marked(process: &Process, run: &str) -> bool {
    let mark = format!("{RUN_MARKER}={run}");
    let text = ps(&["-E", "-ww", "-o", "command=", "-p", &process.pid.to_string()]);
    text.split_ascii_whitespace().any(|word| word == mark)
}

/// One row of the process table.
#[cfg_attr(test, allow(dead_code, reason = "only the parser is tested here"))]
pub(crate) fn process(pid: u32) -> Option<Process> {
    ps(&["-o", COLUMNS, "-p", &pid.to_string()]).lines().find_map(parse_row)
}

/// Sends a signal to this very process; false when it is gone or out of reach.
#[cfg_attr(test, expect(dead_code, reason = "only the parser is tested here"))]
pub(crate) fn signal(target: &Process, signal: Signal) -> bool {
    let is_it = |now: Process| now.started == target.started && now.state != ProcessState::Dead;
    let pid = i32::try_from(target.pid).ok().and_then(Pid::from_raw);
    process(target.pid).is_some_and(is_it)
        && pid.is_some_and(|pid| kill_process(pid, signal.as_rustix()).is_ok())
}

/// Whether a process to which [`Signal::Freeze`] was sent runs no more instructions.
#[cfg_attr(test, expect(dead_code, reason = "only the parser is tested here"))]
pub(crate) fn has_stopped(target: &Process) -> bool {
    process(target.pid).is_none_or(|now| now.state != ProcessState::Alive)
}

/// How a process is set up to receive [`Signal::End`]: not known here.
#[cfg_attr(test, expect(dead_code, reason = "only the parser is tested here"))]
pub(crate) fn end_setup(_process: &Process) -> EndSetup {
    EndSetup::default()
}

const COLUMNS: &str = "pid=,ppid=,sess=,state=,lstart=";

/// Names the time since the machine was started.
pub(crate) fn boot_id() -> Option<String> {
    let asked = Command::new("sysctl").args(["-n", "kern.bootsessionuuid"]).output().ok()?;
    Some(String::from_utf8(asked.stdout).ok()?.trim().to_owned())
}

fn ps(arguments: &[&str]) -> String {
    let output = Command::new("/bin/ps")
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Reads a row of [`COLUMNS`]: `12 1 12 Ss Mon Nov 23 04:44:38 2026`.
fn parse_row(row: &str) -> Option<Process> {
    let mut fields = row.split_ascii_whitespace();
    let pid = fields.next()?.parse().ok()?;
    let parent = fields.next()?.parse().ok()?;
    // Some systems print the session as a kernel address. Any number that tells sessions apart
    // will do.
    let session = u32::from_str_radix(fields.next()?, 16).ok()?;
    let state = match fields.next()?.as_bytes().first()? {
        b'Z' => ProcessState::Dead,
        b'T' => ProcessState::Stopped,
        _ => ProcessState::Alive,
    };
    let _weekday = fields.next()?;
    let month = fields.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as u64;
    let day: u64 = fields.next()?.parse().ok()?;
    let clock = fields.next()?;
    let year: u64 = fields.next()?.parse().ok()?;
    // A number that rises with time is enough: months of 31 days.
    let mut started = (year * 12 + month) * 31 + day;
    let mut parts = clock.splitn(3, ':');
    for base in [24, 60, 60] {
        started = started * base + parts.next()?.parse::<u64>().ok()?;
    }
    Some(Process { pid, parent, session, started, state })
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_does_not_know_its_start_has_none() {
        // Where `sysctl` has no such name, it prints nothing on standard output.
        if cfg!(target_os = "linux") {
            assert_eq!(boot_id().unwrap_or_default(), "");
        }
    }

    #[test]
    fn rows_are_read_and_start_times_rise() {
        let row = parse_row("  501     1   501 Ss   Mon Nov 23 04:44:38 2026").unwrap();
        assert_eq!((row.pid, row.parent, row.state), (501, 1, ProcessState::Alive));
        let dead = parse_row("9 8 8 Z+ Mon Nov 23 04:44:39 2026").unwrap();
        assert_eq!(dead.state, ProcessState::Dead);
        assert!(dead.started > row.started);
        let later = parse_row("9 8 8 T Tue Dec  1 00:00:00 2026").unwrap();
        assert_eq!(later.state, ProcessState::Stopped);
        assert!(later.started > dead.started);
        assert_eq!(parse_row("PID PPID SESS STAT STARTED"), None);
    }
}
