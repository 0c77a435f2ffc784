//! Standard input beside an argument: whether to read it, and for how long.
//!
//! `git diff | claude-worker run "Review"` must read its pipe, and wait for a slow producer.
//! `claude-worker run "Review"`, started by a program that left an open pipe as standard input
//! and never writes to it, must not hang. Both look the same from here at first. So, with an
//! argument:
//!
//! 1. A terminal or a device (`/dev/null`, which xargs and cron give) is never read.
//! 2. A regular file is read: it ends.
//! 3. A pipe or socket is read as soon as something comes through it, to its end. When nothing
//!    has come for two seconds, we look at who could still write. In `producer | claude-worker`
//!    that is the producer, a sibling, and we say so and wait for it. When it is only a process
//!    that started us, it is a pipe that was left open, and we go on without.
//!
//! `--stdin wait` always waits, and `--stdin never` never reads.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use clap::ValueEnum;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};

use crate::error::CliError;
use crate::prompt::read_bounded;

/// After this long without a byte we ask who could write.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether standard input is read beside an argument.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum StdinUse {
    /// When it is a file, or a pipe that somebody writes to.
    #[default]
    Auto,
    /// When it is a file or a pipe, however long it takes.
    Wait,
    /// Never.
    Never,
}

/// What standard input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stdin {
    /// A person types.
    Terminal,
    /// `/dev/null` or another device, or closed: nothing to read.
    Nothing,
    /// A regular file.
    File,
    /// A pipe or a socket.
    Pipe,
}

/// What standard input is.
#[must_use]
pub(crate) fn kind() -> Stdin {
    let stdin = io::stdin();
    if rustix::termios::isatty(&stdin) {
        return Stdin::Terminal;
    }
    match fstat(&stdin).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::RegularFile) => Stdin::File,
        Ok(FileType::Fifo | FileType::Socket) => Stdin::Pipe,
        _ => Stdin::Nothing,
    }
}

/// What standard input holds beside an argument; `None` when it is not to be read.
///
/// # Errors
/// A usage error when it cannot be read or is longer than a prompt may be.
pub(crate) fn material(wanted: StdinUse) -> Result<Option<Vec<u8>>, CliError> {
    let read = || read_bounded(Slow::new(unbuffered()?), "Standard input").map(Some);
    match (wanted, kind()) {
        (StdinUse::Never, _) | (_, Stdin::Terminal | Stdin::Nothing) => Ok(None),
        (_, Stdin::File) | (StdinUse::Wait, Stdin::Pipe) => read(),
        (StdinUse::Auto, Stdin::Pipe) => {
            if !readable_within(&io::stdin(), PATIENCE) && writers::left_open(&io::stdin()) {
                tell(
                    "nothing comes through the pipe on standard input, going on without it \
                     (--stdin wait waits for it)",
                );
                return Ok(None);
            }
            read()
        }
    }
}

/// Standard input without the standard library's buffer, which `poll` cannot see into.
fn unbuffered() -> Result<File, CliError> {
    let descriptor = io::stdin().as_fd().try_clone_to_owned().map_err(CliError::Setup)?;
    Ok(File::from(descriptor))
}

/// A remark for the person, who may not be there.
fn tell(remark: &str) {
    let _ = writeln!(io::stderr(), "claude-worker: {remark}");
}

/// Whether there is a byte or an end of file before the time is over.
fn readable_within(source: &impl AsFd, time: Duration) -> bool {
    let mut fds = [PollFd::new(source, PollFlags::IN)];
    let Ok(time) = Timespec::try_from(time) else { return true };
    // An interruption or an error counts as readable: reading will tell.
    !matches!(poll(&mut fds, Some(&time)), Ok(0))
}

/// A source that tells the person once when it keeps them waiting.
struct Slow<S> {
    source: S,
    told: bool,
}

impl<S> Slow<S> {
    const fn new(source: S) -> Self {
        Self { source, told: false }
    }
}

impl<S: Read + AsFd> Read for Slow<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.told && !readable_within(&self.source, PATIENCE) {
            self.told = true;
            tell(
                "reading from standard input… (</dev/null or --stdin never if there is nothing \
                 to read)",
            );
        }
        self.source.read(buffer)
    }
}

/// Who holds the other end of a pipe, as far as Linux tells.
#[cfg(target_os = "linux")]
mod writers {
    use std::fs;
    use std::os::fd::AsFd;

    use rustix::fs::fstat;
    use rustix::net::sockopt::socket_peercred;

    /// Whether the only ones who could still write are processes that started this one. Where
    /// that cannot be known, the answer is no.
    pub(super) fn left_open(stdin: &impl AsFd) -> bool {
        let ancestors = ancestors();
        if let Ok(peer) = socket_peercred(stdin) {
            return ancestors.contains(&peer.pid.as_raw_nonzero().get());
        }
        let Ok(stat) = fstat(stdin) else { return false };
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
                fs::read_to_string(info).is_ok_and(|info| may_write(&info))
            }
        })
    }

    /// Reads the open flags (octal) in a descriptor's `fdinfo`: the last two bits are 0 for
    /// reading only.
    fn may_write(info: &str) -> bool {
        info.lines()
            .find_map(|line| line.strip_prefix("flags:"))
            .and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok())
            .is_some_and(|flags| flags & 0o3 != 0)
    }

    /// The processes above this one, nearest first.
    fn ancestors() -> Vec<i32> {
        let mut above = Vec::new();
        let mut next = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
        while let Some(pid) = next.filter(|pid| *pid > 0 && above.len() < 64) {
            above.push(pid);
            next =
                fs::read_to_string(format!("/proc/{pid}/stat")).ok().and_then(|stat| parent(&stat));
        }
        above
    }

    /// The parent in a `/proc/PID/stat` line, whose second field is a name in parentheses that
    /// can contain anything.
    fn parent(stat: &str) -> Option<i32> {
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn odd_process_names_do_not_confuse() {
            assert_eq!(parent("12 (a) b (c) S 7 12 12 0"), Some(7));
            assert_eq!(parent("nonsense"), None);
        }

        #[test]
        fn flags_tell_who_writes() {
            assert!(may_write("pos:\t0\nflags:\t0100001\n"));
            assert!(may_write("pos:\t0\nflags:\t02\n"));
            assert!(!may_write("pos:\t0\nflags:\t0100000\n"));
        }
    }
}

/// Elsewhere nobody tells: a silent pipe is waited for, with a word about it.
#[cfg(not(target_os = "linux"))]
mod writers {
    pub(super) fn left_open(_stdin: &impl std::os::fd::AsFd) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// Set in the process that is to read its standard input; it is this test once more.
    const READER: &str = "CLI_TEST_READS_STANDARD_INPUT";

    fn reader(program: &std::path::Path) -> String {
        format!(
            "{READER}=1 exec '{}' --exact stdin::tests::who_could_write_decides --nocapture",
            program.display()
        )
    }

    #[test]
    fn who_could_write_decides() {
        if std::env::var_os(READER).is_some() {
            let material = material(StdinUse::Auto).unwrap();
            println!("read: {:?}", material.map(|bytes| String::from_utf8(bytes).unwrap()));
            return;
        }
        let read = |script: &str, stdin: Stdio| {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", script]).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = shell.spawn().unwrap();
            // Held open, and never written to, until the child has ended.
            let open = child.stdin.take();
            let output = child.wait_with_output().unwrap();
            drop(open);
            let said = String::from_utf8(output.stdout).unwrap();
            let line = said.lines().find_map(|line| line.split_once("read: "));
            line.map(|(_, read)| read.to_owned()).unwrap_or(said)
        };
        let reader = reader(&std::env::current_exe().unwrap());
        assert_eq!(read(&reader, Stdio::null()), "None");
        // A pipe that its starter left open, directly and one process further up.
        assert_eq!(read(&reader, Stdio::piped()), "None");
        assert_eq!(read(&format!("sh -c \"{reader}\"; true"), Stdio::piped()), "None");
        // A producer beside it, slower than our patience.
        let slow = format!("(sleep 3; echo late) | sh -c \"{reader}\"");
        assert_eq!(read(&slow, Stdio::null()), "Some(\"late\\n\")");
        // A producer that has nothing to say.
        assert_eq!(read(&format!("true | sh -c \"{reader}\""), Stdio::null()), "Some(\"\")");
    }
}
