//! From the agent's pipes into files: everything, in little memory, and no more than the cap.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use crate::live_lines::LiveLines;

/// What is held of the output at any moment, however much is printed: at first, and once an agent
/// has filled that at one go. Its pipe is then made as large, so that agent and supervisor wait for
/// each other less often. The system bounds what all pipes of a user may hold together (64 MiB on
/// Linux), so that only agents that print much get more.
const BUFFER_BYTES: (usize, usize) = (64 * 1024, 256 * 1024);

/// How long to wait before writing again when a write has failed.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// One of the agent's streams.
#[derive(Debug)]
struct Stream<R, W> {
    /// The pipe, until every process has closed the other end.
    source: Option<R>,
    file: W,
    kept: u64,
    /// Whether the agent has printed much at one go.
    wide: bool,
}

/// Bytes that were read but not yet written.
#[derive(Debug)]
struct Waiting {
    stream: usize,
    from: usize,
    to: usize,
    /// When to try again.
    retry_at: Instant,
}

/// The agent's streams on their way into files.
///
/// A write that fails (the disk is full, the quota used up) loses nothing: the bytes wait, no more
/// are read, so the agent is held back by its full pipe, until a later try works.
#[derive(Debug)]
pub(crate) struct Output<R, W> {
    streams: Vec<Stream<R, W>>,
    /// Allocated by the first output: a silent run needs none.
    buffer: Vec<u8>,
    waiting: Option<Waiting>,
    room: u64,
    over: bool,
    /// Takes lines out of the first stream that are not kept.
    live_lines: Option<LiveLines>,
}

impl<R: Read, W: Write> Output<R, W> {
    /// Streams with the files that keep them. The sources must not block. At most `cap` bytes are
    /// kept, of all streams together.
    pub(crate) fn new(streams: impl IntoIterator<Item = (R, W)>, cap: u64) -> Self {
        let stream = |(source, file)| Stream { source: Some(source), file, kept: 0, wide: false };
        Self {
            streams: streams.into_iter().map(stream).collect(),
            buffer: Vec::new(),
            waiting: None,
            room: cap,
            over: false,
            live_lines: None,
        }
    }

    /// The same, but without the live lines of the first stream.
    pub(crate) fn without_live_lines(mut self, live_lines: Option<LiveLines>) -> Self {
        self.live_lines = live_lines;
        self
    }

    /// The files, of all streams.
    pub(crate) fn files(&mut self) -> impl Iterator<Item = &mut W> {
        self.streams.iter_mut().map(|stream| &mut stream.file)
    }

    /// How many streams there are.
    pub(crate) fn count(&self) -> usize {
        self.streams.len()
    }

    /// The stream's pipe, when it is open and there is room for what it holds.
    pub(crate) fn source(&self, stream: usize) -> Option<&R> {
        if self.waiting.is_some() { None } else { self.streams[stream].source.as_ref() }
    }

    /// The stream's pipe and how many bytes it should hold, when it has just turned out that the agent
    /// prints much. The buffer is made as large before the stream is read again. Only once per stream.
    pub(crate) fn widened(&mut self, stream: usize, taken: usize) -> Option<(&R, usize)> {
        let Stream { source, wide, .. } = self.streams.get_mut(stream)?;
        if *wide || taken < BUFFER_BYTES.0 {
            return None;
        }
        *wide = true;
        source.as_ref().map(|pipe| (pipe, BUFFER_BYTES.1))
    }

    /// Reads once from a stream and writes what was read. Returns how many bytes were read.
    pub(crate) fn take(&mut self, stream: usize, now: Instant) -> usize {
        if self.waiting.is_some() {
            return 0;
        }
        let Stream { source, wide, .. } = &mut self.streams[stream];
        let Some(source) = source else { return 0 };
        let live_lines = self.live_lines.as_mut().filter(|_| stream == 0);
        let head = live_lines.as_ref().map_or(0, |lines| lines.room());
        let size = head + if *wide { BUFFER_BYTES.1 } else { BUFFER_BYTES.0 };
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
        let read = match source.read(&mut self.buffer[head..size]) {
            Ok(0) => {
                self.streams[stream].source = None;
                if let Some(lines) = live_lines {
                    let rest = lines.finish(&mut self.buffer);
                    self.keep(stream, rest, now);
                }
                return 0;
            }
            Ok(n) => n,
            Err(e)
                if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) =>
            {
                return 0;
            }
            Err(_) => {
                self.streams[stream].source = None;
                return 0;
            }
        };
        let printed = live_lines.map_or(read, |lines| lines.take(&mut self.buffer[..head + read]));
        self.keep(stream, printed, now);
        read
    }

    /// Writes this many bytes of the buffer, as far as there is room.
    fn keep(&mut self, stream: usize, count: usize, now: Instant) {
        let keep = usize::try_from(self.room).map_or(count, |room| room.min(count));
        self.over |= keep < count;
        self.room -= keep as u64;
        self.waiting = Some(Waiting { stream, from: 0, to: keep, retry_at: now });
        self.write_waiting(now);
    }

    /// Tries to write what waits, if it is time.
    pub(crate) fn write_waiting(&mut self, now: Instant) {
        let Some(waiting) = &mut self.waiting else { return };
        if waiting.retry_at > now {
            return;
        }
        let stream = &mut self.streams[waiting.stream];
        while waiting.from < waiting.to {
            match stream.file.write(&self.buffer[waiting.from..waiting.to]) {
                Ok(written) if written > 0 => {
                    waiting.from += written;
                    stream.kept += written as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                _ => {
                    waiting.retry_at = now + RETRY_INTERVAL;
                    return;
                }
            }
        }
        self.waiting = None;
    }

    /// When to call [`Self::write_waiting`] again: set while output waits for room.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        self.waiting.as_ref().map(|waiting| waiting.retry_at)
    }

    /// Whether more than the cap was printed.
    pub(crate) const fn is_over(&self) -> bool {
        self.over
    }

    /// Bytes kept of one stream; zero for a stream that does not exist.
    pub(crate) fn kept(&self, stream: usize) -> u64 {
        self.streams.get(stream).map_or(0, |stream| stream.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with room for so many bytes.
    #[derive(Default)]
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            let n = buf.len().min(self.room);
            if n == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= n;
            self.bytes.extend_from_slice(&buf[..n]);
            Ok(n)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn empty() -> Disk {
        Disk { bytes: Vec::new(), room: usize::MAX }
    }

    fn take_all(output: &mut Output<&[u8], Disk>) {
        let now = Instant::now();
        for stream in 0..output.count() {
            while output.source(stream).is_some() {
                output.take(stream, now);
            }
        }
    }

    #[test]
    fn the_cap_is_kept_to_the_byte_and_only_one_more_is_over() {
        let check = |cap: u64, out: usize, err: usize, kept: (u64, u64), over: bool| {
            let (out, err) = (vec![b'o'; out], vec![b'e'; err]);
            let streams = [(out.as_slice(), empty()), (err.as_slice(), empty())];
            let mut output = Output::new(streams, cap);
            take_all(&mut output);
            assert_eq!((output.kept(0), output.kept(1)), kept);
            assert_eq!(output.streams[0].file.bytes.len() as u64, kept.0);
            assert_eq!(output.is_over(), over);
        };
        check(10, 10, 0, (10, 0), false);
        check(10, 11, 0, (10, 0), true);
        check(10, 6, 4, (6, 4), false);
        check(10, 6, 5, (6, 4), true);
        check(0, 0, 0, (0, 0), false);
        check(0, 1, 0, (0, 0), true);
        check(200_000, 300_000, 9, (200_000, 0), true);
    }

    #[test]
    fn only_who_prints_much_gets_a_larger_buffer_and_loses_nothing_by_it() {
        let much: Vec<u8> = (0..400_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let streams = [(much.as_slice(), empty()), (&much[..1000], empty())];
        let mut output = Output::new(streams, u64::MAX);
        let now = Instant::now();
        assert_eq!(output.take(1, now), 1000);
        assert_eq!(output.widened(1, 1000), None);
        let taken = output.take(0, now);
        assert_eq!(taken, BUFFER_BYTES.0);
        assert_eq!(output.widened(0, taken).unwrap().1, BUFFER_BYTES.1);
        assert_eq!(output.widened(0, taken), None, "only once");
        assert_eq!(output.take(0, now), BUFFER_BYTES.1);
        take_all(&mut output);
        assert_eq!(output.streams[0].file.bytes, much);
        assert_eq!(output.kept(1), 1000);
    }

    #[test]
    fn a_full_disk_holds_the_agent_back_and_loses_nothing() {
        let text: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let disk = Disk { bytes: Vec::new(), room: 70_001 };
        let mut output = Output::new([(text.as_slice(), disk)], u64::MAX);
        take_all(&mut output);
        let retry_at = output.retry_at().unwrap();
        assert_eq!(output.kept(0), 70_001);
        assert_eq!(output.take(0, retry_at), 0, "nothing is read while bytes wait");
        output.write_waiting(retry_at);
        assert!(output.retry_at().unwrap() > retry_at, "still full: try again later");
        output.streams[0].file.room = usize::MAX;
        output.write_waiting(retry_at);
        assert!(output.retry_at().is_some(), "not before it is time");
        output.write_waiting(output.retry_at().unwrap());
        take_all(&mut output);
        assert!(output.retry_at().is_none());
        assert_eq!(output.streams[0].file.bytes, text);
    }
}
