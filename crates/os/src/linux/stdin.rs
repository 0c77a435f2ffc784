//! What Linux tells about the processes that have our standard input, too.

use std::fs;
use std::io;
use std::path::PathBuf;

use rustix::fs::fstat;
use rustix::net::sockopt::socket_peercred;

use crate::stdin::{Kind, Parent};

pub(crate) fn parent(kind: Kind, pass_on: &[&str]) -> Option<Parent> {
    let mut pid = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    let ours = Descriptor::read("self", "0")?;
    for _ in 0..8 {
        let process = pid?;
        let program = program(process);
        if program.as_deref().is_some_and(|name| pass_on.contains(&name)) {
            pid = above(process);
            continue;
        }
        let shares = match kind {
            // A file that the parent has open elsewhere is another opening of it.
            Kind::File => ours.is_at(process, "0"),
            _ => reads(process, &ours).ok()?,
        };
        return Some(Parent { pid: process, began: began(process), program, shares });
    }
    None
}

/// An open descriptor of a process.
struct Descriptor {
    /// What it leads to, like `pipe:[4711]` or a path. Only the name is looked at, never the file:
    /// that could be on a mount that does not answer.
    target: PathBuf,
    /// The lines of its `fdinfo` that name the position and the mount.
    place: Vec<String>,
    readable: bool,
}

impl Descriptor {
    fn read(process: &str, number: &str) -> Option<Self> {
        let target = fs::read_link(format!("/proc/{process}/fd/{number}")).ok()?;
        let info = fs::read_to_string(format!("/proc/{process}/fdinfo/{number}")).ok()?;
        let of_place = |line: &&str| line.starts_with("pos:") || line.starts_with("mnt_id:");
        let place = info.lines().filter(of_place).map(str::to_owned).collect();
        Some(Self { target, place, readable: open_flags(&info) & 0o3 != 1 })
    }

    /// Whether this descriptor of a process is the same opening of the same file, as far as can be
    /// seen.
    fn is_at(&self, process: i32, number: &str) -> bool {
        Self::read(&process.to_string(), number).is_some_and(|other| {
            other.readable && other.target == self.target && other.place == self.place
        })
    }
}

/// Whether a process can read from the pipe or socket that `ours` is, through any descriptor: shells
/// differ in where they keep what a loop reads.
///
/// # Errors
/// When the process may not be looked into.
fn reads(process: i32, ours: &Descriptor) -> io::Result<bool> {
    // A shell that makes a pipe for us closes its own end just after it has started us.
    const MOMENT: std::time::Duration = std::time::Duration::from_millis(20);
    for last in [false, true] {
        if ours.is_at(process, "0") {
            return Ok(true);
        }
        let has = fs::read_dir(format!("/proc/{process}/fd"))?.flatten().take(4096).any(|entry| {
            fs::read_link(entry.path()).is_ok_and(|target| target == ours.target)
                && ours.is_at(process, &entry.file_name().to_string_lossy())
        });
        if !has || last {
            return Ok(has);
        }
        std::thread::sleep(MOMENT);
    }
    Ok(false)
}

/// The name of the program that a process runs.
fn program(process: i32) -> Option<String> {
    let path = fs::read_link(format!("/proc/{process}/exe")).ok()?;
    let name = path.file_name()?.to_string_lossy().into_owned();
    Some(name.trim_end_matches(" (deleted)").to_owned())
}

pub(crate) fn is_left_open() -> bool {
    let (stdin, ancestors) = (io::stdin(), ancestors());
    if let Ok(peer) = socket_peercred(&stdin) {
        return ancestors.contains(&peer.pid.as_raw_nonzero().get());
    }
    let Ok(stat) = fstat(&stdin) else { return false };
    let pipe = format!("pipe:[{}]", stat.st_ino);
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let mut found = false;
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if pid == own || !writes_to(pid, &pipe) {
            continue;
        }
        if !ancestors.contains(&pid) {
            return false;
        }
        found = true;
    }
    found
}

fn writes_to(pid: i32, pipe: &str) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.flatten().any(|descriptor| {
        let is_it = fs::read_link(descriptor.path())
            .is_ok_and(|target| target.as_os_str().as_encoded_bytes() == pipe.as_bytes());
        is_it && {
            let name = descriptor.file_name();
            let info = format!("/proc/{pid}/fdinfo/{}", name.to_string_lossy());
            fs::read_to_string(info).is_ok_and(|info| open_flags(&info) & 0o3 != 0)
        }
    })
}

/// The open flags (octal) in a descriptor's `fdinfo`. The last two bits are 0 for reading only, 1 for
/// writing only, 2 for both.
fn open_flags(info: &str) -> u32 {
    info.lines()
        .find_map(|line| line.strip_prefix("flags:"))
        .and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok())
        .unwrap_or_default()
}

/// The processes above this one, nearest first.
fn ancestors() -> Vec<i32> {
    let mut found = Vec::new();
    let mut next = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    while let Some(pid) = next.filter(|pid| *pid > 0 && found.len() < 64) {
        found.push(pid);
        next = above(pid);
    }
    found
}

/// The process that started this one.
fn above(pid: i32) -> Option<i32> {
    field(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?, 4)
}

/// When a process began, in the kernel's ticks.
fn began(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    field(&stat, 22).unwrap_or_default()
}

/// A field of a `/proc/PID/stat` line, counted from 1; the second is a name in parentheses that can
/// contain anything.
fn field<T: std::str::FromStr>(stat: &str, number: usize) -> Option<T> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(number - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_process_names_do_not_confuse() {
        assert_eq!(field("12 (a) b (c) S 7 12 12 0", 4), Some(7));
        assert_eq!(field::<i32>("nonsense", 4), None);
    }

    #[test]
    fn flags_tell_who_reads_and_writes() {
        assert_eq!(open_flags("pos:\t0\nflags:\t0100001\n") & 0o3, 1);
        assert_eq!(open_flags("pos:\t0\nflags:\t02\n") & 0o3, 2);
        assert_eq!(open_flags("pos:\t0\nflags:\t0100000\n") & 0o3, 0);
    }
}
