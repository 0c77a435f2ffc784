//! The process table of macOS: libproc and sysctl.
//!
//! There are no handles for processes: between the look at a process and the signal to it, its id
//! could change hands.

use std::collections::HashSet;
use std::ffi::{c_int, c_void};
use std::path::PathBuf;
use std::{io, mem, ptr};

use rustix::process::{Pid, getpid, getsid, kill_process};

use super::procargs::environment_has;
use crate::process::{EndSetup, Process, ProcessState, Signal};

/// Orphans become children of process 1.
pub(crate) const ADOPTS_ORPHANS: bool = false;

/// Processes that may be made between asking how many there are and asking which.
const MORE: usize = 64;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Readable;

pub(crate) fn open() -> io::Result<Readable> {
    Ok(Readable)
}

pub(crate) const fn name_this_process(_name: &str) {}

pub(crate) const fn show_command_line(_text: &str) {}

pub(crate) fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Only those that this user may look at.
/// Memory that this process uses, in bytes: not asked for yet.
pub(crate) fn resident_bytes() -> Option<u64> {
    None
}

pub(crate) fn processes(_: Readable, skip: &HashSet<u32>) -> Vec<Process> {
    pids().into_iter().filter(|pid| !skip.contains(pid)).filter_map(process).collect()
}

fn pids() -> Vec<u32> {
    // SAFETY: without a buffer it only counts.
    let count = unsafe { libc::proc_listallpids(ptr::null_mut(), 0) };
    let mut pids: Vec<c_int> = vec![0; usize::try_from(count).unwrap_or(0) + MORE];
    let size = c_int::try_from(size_of_val(pids.as_slice())).unwrap_or(c_int::MAX);
    // SAFETY: the buffer has at least `size` bytes.
    let count = unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast(), size) };
    pids.truncate(usize::try_from(count).unwrap_or(0));
    pids.into_iter().filter_map(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0).collect()
}

/// One row of the process table. None for one that is gone or only waits to be cleared away, and
/// for those that this user may not look at.
pub(crate) fn process(pid: u32) -> Option<Process> {
    let raw = c_int::try_from(pid).ok()?;
    // SAFETY: the structure is plain numbers, for which zeros are valid.
    let mut info: libc::proc_bsdinfo = unsafe { mem::zeroed() };
    let size = c_int::try_from(size_of::<libc::proc_bsdinfo>()).ok()?;
    let buffer = (&raw mut info).cast::<c_void>();
    // SAFETY: the buffer has `size` bytes.
    let got = unsafe { libc::proc_pidinfo(raw, libc::PROC_PIDTBSDINFO, 0, buffer, size) };
    if got != size || info.pbi_pid != pid {
        return None;
    }
    let state = match info.pbi_status {
        libc::SZOMB => ProcessState::Dead,
        libc::SSTOP => ProcessState::Stopped,
        _ => ProcessState::Alive,
    };
    // 0 is the session of the system itself, and is never followed.
    let session = getsid(Pid::from_raw(raw)).map_or(0, |session| session.as_raw_nonzero().get());
    Some(Process {
        pid,
        parent: info.pbi_ppid,
        session: u32::try_from(session).unwrap_or(0),
        started: info.pbi_start_tvsec * 1_000_000 + info.pbi_start_tvusec,
        state,
    })
}

pub(crate) fn has_variable(process: &Process, variable: &str, value: &str) -> bool {
    let Ok(pid) = c_int::try_from(process.pid) else { return false };
    let mut name = [libc::CTL_KERN, libc::KERN_PROCARGS2, pid];
    let mut ask = |buffer: *mut c_void, length: &mut usize| {
        // SAFETY: the name has three parts; the buffer is null or has `length` bytes.
        let failed = unsafe {
            libc::sysctl(name.as_mut_ptr(), 3, buffer, &raw mut *length, ptr::null_mut(), 0)
        };
        failed == 0
    };
    let mut length = 0;
    if !ask(ptr::null_mut(), &mut length) {
        return false;
    }
    let mut answer = vec![0_u8; length];
    if !ask(answer.as_mut_ptr().cast(), &mut length) {
        return false;
    }
    answer.truncate(length);
    environment_has(&answer, format!("{variable}={value}").as_bytes())
}

pub(crate) fn signal(target: &Process, signal: Signal) -> bool {
    let is_it = |now: Process| now.started == target.started && now.state != ProcessState::Dead;
    let pid = c_int::try_from(target.pid).ok().and_then(Pid::from_raw);
    process(target.pid).is_some_and(is_it)
        && pid.is_some_and(|pid| kill_process(pid, signal.as_rustix()).is_ok())
}

pub(crate) fn has_stopped(target: &Process) -> bool {
    process(target.pid).is_none_or(|now| now.state != ProcessState::Alive)
}

/// How a process is set up to receive [`Signal::End`]. Which handlers it has is not known here, so
/// only the agent itself is taken to have one: this process's own child. An agent without a handler
/// dies of the signal before it does anything else.
pub(crate) fn end_setup(process: &Process) -> EndSetup {
    let own = u32::try_from(getpid().as_raw_nonzero().get()).ok();
    EndSetup { caught: own == Some(process.parent), ..EndSetup::default() }
}
