//! The process table of Linux: `/proc`, and signals through pidfds.
//!
//! Why not the crate `procfs`: it opens the directory of each process and decodes every field of its
//! `stat` file. A supervisor needs six, and reads the table while a cancel waits for it. With 293
//! processes, `procfs` 0.18 took 1.53 times as long.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, kill_process, pidfd_open, pidfd_send_signal};
use rustix::time::{ClockId, clock_gettime};

use crate::process::{EndSetup, Process, ProcessState, Signal};

pub(crate) const ADOPTS_ORPHANS: bool = true;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Readable;

pub(crate) fn open() -> io::Result<Readable> {
    // Where this fails, for want of descriptors say, no row could be read either.
    fs::read("/proc/self/stat").map(|_| Readable)
}

pub(crate) fn own_program() -> io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Ok(running) } else { std::env::current_exe() }
}

/// Memory that this process uses, in bytes.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

pub(crate) fn name_this_process(name: &str) {
    // Only for people: without the name everything works.
    let _ = fs::write("/proc/self/comm", name);
}

pub(crate) fn show_command_line(text: &str) {
    // A failure leaves the old text in `ps`, and nothing else depends on it.
    let _ = super::command_line::show_command_line(text);
}

pub(crate) fn processes(_: Readable, skip: &HashSet<u32>) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pid = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let pids: Vec<u32> =
        entries.flatten().filter_map(pid).filter(|pid| !skip.contains(pid)).collect();
    // The youngest first: they are the ones that vanish.
    pids.into_iter().rev().filter_map(process).collect()
}

pub(crate) fn has_variable(process: &Process, name: &str, value: &str) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{}/environ", process.pid)) else { return false };
    environment.split(|byte| *byte == 0).any(|variable| {
        let rest = variable.strip_prefix(name.as_bytes());
        rest.and_then(|rest| rest.strip_prefix(b"=")) == Some(value.as_bytes())
    })
}

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

pub(crate) fn has_stopped(process: &Process) -> bool {
    let path = format!("/proc/{}", process.pid);
    let Some(first) = Stat::read(&format!("{path}/stat")) else { return true };
    if first.threads <= 1 || !first.holds_still() {
        return first.holds_still();
    }
    let Ok(threads) = fs::read_dir(format!("{path}/task")) else { return true };
    threads.flatten().all(|thread| {
        let stat = thread.path().join("stat");
        stat.to_str().and_then(Stat::read).is_none_or(|thread| thread.holds_still())
    })
}

pub(crate) fn end_setup(process: &Process) -> EndSetup {
    let path = format!("/proc/{}", process.pid);
    let Ok(status) = fs::read_to_string(format!("{path}/status")) else {
        return EndSetup::default();
    };
    let now = clock_gettime(ClockId::Boottime);
    let age = Duration::from_secs(u64::try_from(now.tv_sec).unwrap_or(0))
        .saturating_sub(Duration::from_secs(process.started / CLOCK_TICKS));
    let forked = Stat::read(&format!("{path}/stat")).is_some_and(|stat| stat.forked_only);
    EndSetup {
        caught: mask_has_end(&status, "SigCgt:"),
        ignored: mask_has_end(&status, "SigIgn:"),
        blocked: mask_has_end(&status, "SigBlk:"),
        // An old one is a worker that was forked to stay like that, and its handlers are its own.
        before_exec: forked && age < LONGEST_EXEC,
    }
}

/// Start times are counted in these parts of a second, on every Linux.
const CLOCK_TICKS: u64 = 100;

/// A process that has not begun a program this long after its fork does not mean to.
const LONGEST_EXEC: Duration = Duration::from_secs(2);

/// Whether a signal mask of `/proc/PID/status` has SIGTERM in it.
fn mask_has_end(status: &str, name: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix(name));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (Signal::End.as_rustix().as_raw() - 1)) != 0)
}

pub(crate) fn process(pid: u32) -> Option<Process> {
    let stat = Stat::read(&format!("/proc/{pid}/stat"))?;
    let state = match stat.letter {
        // The letter is the first thread's. It can be gone while others run on.
        b'Z' | b'X' | b'x' if stat.threads <= 1 => ProcessState::Dead,
        b'T' | b't' => ProcessState::Stopped,
        _ => ProcessState::Alive,
    };
    let Stat { parent, session, started, .. } = stat;
    Some(Process { pid, parent, session, started, state })
}

/// What a line of `/proc/PID/stat` or `/proc/PID/task/TID/stat` says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stat {
    letter: u8,
    parent: u32,
    session: u32,
    /// It was forked and has not begun a program of its own.
    forked_only: bool,
    threads: u32,
    started: u64,
}

/// The flag of a process that was forked and has not begun a program of its own.
const FORKED_ONLY: u64 = 0x40;

impl Stat {
    fn read(path: &str) -> Option<Self> {
        let mut text = [0; 1024];
        let n = File::open(path).ok()?.read(&mut text).ok()?;
        Self::parse(&text[..n])
    }

    /// The second field is the program's name in parentheses, and may contain anything,
    /// parentheses and line breaks included: fields count from the last one.
    fn parse(line: &[u8]) -> Option<Self> {
        let after_name = line.iter().rposition(|byte| *byte == b')')? + 1;
        let mut fields = std::str::from_utf8(&line[after_name..]).ok()?.split_ascii_whitespace();
        let letter = *fields.next()?.as_bytes().first()?;
        let parent = fields.next()?.parse().ok()?;
        let session = fields.nth(1)?.parse().ok()?;
        let flags: u64 = fields.nth(2)?.parse().ok()?;
        let threads = fields.nth(10)?.parse().ok()?;
        let started = fields.nth(1)?.parse().ok()?;
        Some(Self {
            letter,
            parent,
            session,
            forked_only: flags & FORKED_ONLY != 0,
            threads,
            started,
        })
    }

    /// Whether this thread has stopped or ended, or is held in the kernel.
    const fn holds_still(&self) -> bool {
        matches!(self.letter, b'T' | b't' | b'D' | b'Z' | b'X' | b'x')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_anything() {
        let line = b"77 (a) Z 1 (2) 3) S 12 34 56 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 0";
        let expected = Stat {
            letter: b'S',
            parent: 12,
            session: 56,
            forked_only: false,
            threads: 1,
            started: 98765,
        };
        assert_eq!(Stat::parse(line), Some(expected));
        let forked = b"7 (a) R 1 2 3 0 -1 4194368 0 0 0 0 0 0 0 0 20 0 1 0 9 0";
        assert!(Stat::parse(forked).unwrap().forked_only);
        assert_eq!(Stat::parse(b"77 (cut"), None);
        assert_eq!(Stat::parse(b"77 (cut) S 1 2"), None);
    }

    /// A child that is ended when the test is over.
    struct Child(std::process::Child);

    impl Drop for Child {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    fn shell(script: &str) -> (Child, Process) {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", script]).stdin(std::process::Stdio::piped());
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        // It says so when it is set up.
        child.stdout.take().unwrap().read_exact(&mut [0; 1]).unwrap();
        let process = process(child.id()).unwrap();
        (Child(child), process)
    }

    #[test]
    fn what_a_process_does_when_asked_to_end_is_seen_from_outside() {
        let check = |script: &str, caught: bool, ignored: bool| {
            let (_child, process) = shell(script);
            let expected = EndSetup { caught, ignored, blocked: false, before_exec: false };
            assert_eq!(end_setup(&process), expected, "{script}");
        };
        check("echo; read line", false, false);
        check("trap 'exit 3' TERM; echo; read line", true, false);
        check("trap '' TERM; echo; read line", false, true);
        // A process that was forked to stay is not between fork and exec.
        let status = "SigBlk:\t0000000000004000\nSigIgn:\t0\nSigCgt:\t0000000000000002\n";
        assert!(mask_has_end(status, "SigBlk:"));
        assert!(!mask_has_end(status, "SigCgt:"));
        assert!(!mask_has_end("", "SigCgt:"));
    }

    #[test]
    fn a_frozen_process_is_seen_to_have_stopped_with_all_its_threads() {
        let (_child, process) = shell("echo; read line");
        assert!(!has_stopped(&process));
        assert!(signal(&process, Signal::Freeze));
        let until = std::time::Instant::now() + Duration::from_secs(30);
        while !has_stopped(&process) {
            assert!(std::time::Instant::now() < until);
        }
        // This process has several threads, and one of them is running.
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || receiver.recv());
        assert!(!has_stopped(&super::process(std::process::id()).unwrap()));
        drop(sender);
        thread.join().unwrap().unwrap_err();
    }

    #[test]
    fn this_process_is_in_the_table_unless_skipped() {
        let me = std::process::id();
        let parent = std::os::unix::process::parent_id();
        let table = processes(Readable, &HashSet::new());
        let row = table.iter().find(|process| process.pid == me).unwrap();
        assert_eq!((row.parent, row.state), (parent, ProcessState::Alive));
        assert!(!processes(Readable, &HashSet::from([me])).iter().any(|process| process.pid == me));
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
