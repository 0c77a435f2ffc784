//! The command line of this process, as `ps` shows it.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

/// Writes `text` over the arguments of this process, cut to the room that they had. Pointers to
/// arguments stay valid, and what they point to still ends with a zero byte.
///
/// Written through `/proc/self/mem`, so that the kernel checks the addresses, which are its own.
pub(crate) fn show_command_line(text: &str) -> io::Result<()> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (start, end) = arguments(&stat).ok_or(io::ErrorKind::InvalidData)?;
    let room = usize::try_from(end - start).map_err(|_| io::ErrorKind::InvalidData)?;
    let bytes = padded(text, room);
    OpenOptions::new().write(true).open("/proc/self/mem")?.write_all_at(&bytes, start)
}

/// From and to which address the arguments of a process are, by its `stat` file; none when the kernel
/// does not tell, or there are none.
fn arguments(stat: &str) -> Option<(u64, u64)> {
    // The name, in parentheses, may have spaces. The field after it is the third, the two are 48 and 49.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(48 - 3);
    let mut address = || fields.next()?.parse::<u64>().ok();
    let (start, end) = (address()?, address()?);
    (0 < start && start < end).then_some((start, end))
}

/// Exactly `room` bytes: as much of the text as leaves a zero byte at the end, then zero bytes. With another last
/// byte, the kernel would take what follows, the environment, for a part of the command line.
fn padded(text: &str, room: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.truncate(room.saturating_sub(1));
    bytes.resize(room, 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_never_takes_more_room_than_the_arguments_had() {
        assert_eq!(padded("task 12", 10), b"task 12\0\0\0");
        assert_eq!(padded("task 12", 8), b"task 12\0");
        assert_eq!(padded("task 12", 7), b"task 1\0");
        assert_eq!(padded("task 12", 1), b"\0");
        assert_eq!(padded("task 12", 0), b"");
    }

    #[test]
    fn the_place_of_the_arguments_is_found_behind_any_name() {
        let numbers = |range: std::ops::RangeInclusive<u64>| {
            range.map(|n| n.to_string()).collect::<Vec<_>>().join(" ")
        };
        let stat = |end: &str| format!("7 (a) b (c) S {} {end} 50 51\n", numbers(4..=47));
        assert_eq!(arguments(&stat("48 49")), Some((48, 49)));
        assert_eq!(arguments(&stat("0 0")), None, "another user's process");
        assert_eq!(arguments(&stat("49 48")), None);
        assert_eq!(arguments("7 (a) S 1 2"), None, "a kernel that does not tell");
    }

    #[test]
    fn a_process_shows_another_command_line_and_keeps_its_environment() {
        // In this process: its arguments have been read, and every test has one of its own.
        let environment = fs::read("/proc/self/environ").unwrap();
        let room = fs::read("/proc/self/cmdline").unwrap().len();
        show_command_line("cw: task 12").unwrap();
        assert_eq!(fs::read("/proc/self/cmdline").unwrap(), padded("cw: task 12", room));
        show_command_line(&"x".repeat(room + 100)).unwrap();
        assert_eq!(fs::read("/proc/self/cmdline").unwrap(), padded(&"x".repeat(room), room));
        assert_eq!(fs::read("/proc/self/environ").unwrap(), environment);
    }
}
