//! The engine's bell: a named pipe in which supervisors say that something happened.
//!
//! A ring carries no facts, only "look at this run again". So it may be lost when nobody listens,
//! and may come twice; supervisors never block on it and never fail because of it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use claude_worker_api::RunId;
use claude_worker_os::pipe;

/// A supervisor rings for new output at most this often.
pub(crate) const OUTPUT_INTERVAL: Duration = Duration::from_millis(10);

/// No ring is longer; a longer line is not one of ours.
const LONGEST_RING: usize = 256;

/// What happened to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Its agent was started.
    Started,
    /// It printed something.
    Output,
    /// It is over.
    Ended,
}

/// One ring of the bell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    /// The run.
    pub run: RunId,
    /// What happened.
    pub what: What,
}

impl What {
    const fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Output => "output",
            Self::Ended => "ended",
        }
    }
}

impl Ring {
    /// Reads one line; nothing when it is not a ring.
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let (run, word) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let what =
            [What::Started, What::Output, What::Ended].into_iter().find(|w| w.word() == word)?;
        Some(Self { run: RunId::try_from(run.to_owned()).ok()?, what })
    }
}

/// The engine's end of the bell.
#[derive(Debug)]
pub struct Bell {
    pipe: File,
    path: PathBuf,
    unread: Vec<u8>,
    closed: Arc<AtomicBool>,
}

/// Ends [`Bell::next`] from another thread.
#[derive(Debug)]
pub struct BellCloser {
    /// Not by its path, where another bell may be by then.
    pipe: Option<File>,
    closed: Arc<AtomicBool>,
}

impl Bell {
    /// Makes the named pipe (0600) if it is missing, and listens to it.
    ///
    /// # Errors
    /// When it cannot be made or opened, or something else stands in its place.
    pub fn open(path: &Path) -> io::Result<Self> {
        let pipe = pipe::listen(path)?;
        let closed = Arc::new(AtomicBool::new(false));
        Ok(Self { pipe, path: path.to_owned(), unread: Vec::new(), closed })
    }

    /// Blocks until the bell rings.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionAborted`] once a [`BellCloser`] has closed it; otherwise what
    /// reading says.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not say why it ended")]
    pub fn next(&mut self) -> io::Result<Ring> {
        loop {
            if self.closed.load(Ordering::Acquire) {
                return Err(io::Error::new(
                    io::ErrorKind::ConnectionAborted,
                    "the bell was closed",
                ));
            }
            while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let ring = Ring::parse(&self.unread[..end]);
                self.unread.drain(..=end);
                if let Some(ring) = ring {
                    return Ok(ring);
                }
            }
            if self.unread.len() > LONGEST_RING {
                self.unread.clear();
            }
            let mut chunk = [0; 4096];
            match self.pipe.read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => self.unread.extend_from_slice(&chunk[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// A handle that ends [`Bell::next`] from another thread. To be made while the bell is in its
    /// place.
    #[must_use]
    pub fn closer(&self) -> BellCloser {
        let pipe = pipe::connect(&self.path).ok();
        BellCloser { pipe, closed: Arc::clone(&self.closed) }
    }
}

impl BellCloser {
    /// Lets the current and every later [`Bell::next`] return an error.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // Only to wake it: when the pipe is full, it is awake already.
        if let Some(pipe) = &self.pipe {
            let _ = pipe::write_now(pipe, b"\n");
        }
    }
}

/// The supervisor's end of the bell.
#[derive(Debug)]
pub(crate) struct Ringer {
    path: Option<PathBuf>,
    run: RunId,
    pipe: Option<File>,
    /// Output that was not told yet, and the earliest instant at which to tell it.
    due: Option<Instant>,
    last: Option<Instant>,
}

impl Ringer {
    pub(crate) fn new(path: Option<PathBuf>, run: RunId) -> Self {
        Self { path, run, pipe: None, due: None, last: None }
    }

    /// Tells that the agent was started.
    pub(crate) fn started(&mut self) {
        // Should the pipe be full, the first output tells as much.
        let _ = self.ring(What::Started);
    }

    /// There is new output: tells it now or, when that was done a moment ago, a moment later.
    pub(crate) fn output(&mut self, now: Instant) {
        if self.path.is_some() && self.due.is_none() {
            self.due = Some(self.last.map_or(now, |last| now.max(last + OUTPUT_INTERVAL)));
        }
        self.tell_due(now);
    }

    /// Tells what is due.
    pub(crate) fn tell_due(&mut self, now: Instant) {
        if self.due.is_some_and(|due| due <= now) {
            let told = self.ring(What::Output);
            self.last = Some(now);
            // A full pipe: the engine is busy, and must still hear of this output later.
            self.due = if told { None } else { Some(now + OUTPUT_INTERVAL) };
        }
    }

    /// When [`Self::tell_due`] has something to do next.
    pub(crate) const fn next_due(&self) -> Option<Instant> {
        self.due
    }

    /// Tells that the run is over, trying for about a second when the engine does not read. It
    /// notices the free lock anyway.
    pub(crate) fn ended(&mut self) {
        for _ in 0..100 {
            if self.ring(What::Ended) {
                return;
            }
            std::thread::sleep(OUTPUT_INTERVAL);
        }
    }

    /// Rings once. False only when somebody listens but the pipe is full.
    fn ring(&mut self, what: What) -> bool {
        let Some(path) = &self.path else { return true };
        let line = format!("{} {}\n", self.run, what.word());
        // A pipe that was opened earlier may have lost its engine since: then open it anew, so that
        // a later engine is reached.
        if let Some(pipe) = &self.pipe {
            match pipe::write_now(pipe, line.as_bytes()) {
                Ok(()) => return true,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return false,
                Err(_) => self.pipe = None,
            }
        }
        let Ok(pipe) = pipe::connect(path) else { return true };
        let written = pipe::write_now(&pipe, line.as_bytes());
        self.pipe = Some(pipe);
        !matches!(written, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn run_id(text: &str) -> RunId {
        RunId::try_from(text.to_owned()).expect("a test uses good ids")
    }

    #[test]
    fn rings_are_told_apart_from_noise() {
        let check = |line: &str, expected: Option<(&str, What)>| {
            let expected = expected.map(|(run, what)| Ring { run: run_id(run), what });
            assert_eq!(Ring::parse(line.as_bytes()), expected, "{line}");
        };
        check("1-1-ab started", Some(("1-1-ab", What::Started)));
        check("1-1-ab output", Some(("1-1-ab", What::Output)));
        check("1-1-ab ended", Some(("1-1-ab", What::Ended)));
        check("1-1-ab sang", None);
        check("../x ended", None);
        check("", None);
    }

    #[test]
    fn output_is_told_at_once_then_at_intervals_and_the_last_is_not_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bell");
        let mut bell = Bell::open(&path).unwrap();
        let mut ringer = Ringer::new(Some(path), run_id("1-1-a"));
        let start = Instant::now();
        ringer.output(start);
        assert_eq!(bell.next().unwrap().what, What::Output);
        ringer.output(start + Duration::from_millis(1));
        let due = ringer.next_due().unwrap();
        assert_eq!(due, start + OUTPUT_INTERVAL);
        ringer.tell_due(due);
        assert_eq!(bell.next().unwrap().what, What::Output);
        assert_eq!(ringer.next_due(), None);
    }

    #[test]
    fn a_full_pipe_neither_blocks_nor_loses_the_last_ring() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bell");
        let mut bell = Bell::open(&path).unwrap();
        let mut ringer = Ringer::new(Some(path), run_id("1-1-a"));
        let mut rings = 0;
        while ringer.ring(What::Started) {
            rings += 1;
        }
        let now = Instant::now();
        ringer.output(now);
        for _ in 0..rings {
            assert_eq!(bell.next().unwrap().what, What::Started);
        }
        ringer.tell_due(ringer.next_due().unwrap());
        assert_eq!(bell.next().unwrap().what, What::Output);
    }

    #[test]
    fn a_later_engine_hears_and_no_engine_is_no_failure() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bell");
        let mut ringer = Ringer::new(Some(path.clone()), run_id("1-1-a"));
        ringer.started();
        let first = Bell::open(&path).unwrap();
        ringer.started();
        drop(first);
        ringer.started();
        std::fs::remove_file(&path).unwrap();
        let mut second = Bell::open(&path).unwrap();
        ringer.ended();
        assert_eq!(second.next().unwrap().what, What::Ended);
    }

    #[test]
    fn closing_ends_a_waiting_reader() {
        let dir = tempfile::tempdir().unwrap();
        let mut bell = Bell::open(&dir.path().join("bell")).unwrap();
        let closer = bell.closer();
        let reader = std::thread::spawn(move || bell.next());
        closer.close();
        let error = reader.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }

    #[test]
    fn a_foreign_file_in_its_place_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bell");
        std::fs::write(&path, "mine").unwrap();
        let error = Bell::open(&path).unwrap_err();
        assert!(error.to_string().contains("not a named pipe"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }
}
