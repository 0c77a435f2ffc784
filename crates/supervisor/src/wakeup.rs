//! Wakeups: supervisors tell the engine through its named pipe that something happened to a run.
//!
//! A wakeup carries no facts, only "look at this run again". So it may be lost when no engine listens,
//! and may come twice; supervisors never block on the pipe and never fail because of it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use claude_worker_api::RunId;
use claude_worker_os::pipe;

/// A supervisor sends wakeups for new output at most this often.
pub(crate) const OUTPUT_INTERVAL: Duration = Duration::from_millis(10);

/// No wakeup is longer, in bytes; a longer line is not one of ours.
const LONGEST_WAKEUP: usize = 256;

/// What happened to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WakeupReason {
    /// Its agent was started.
    Started,
    /// It printed something.
    Output,
    /// It is over.
    Ended,
}

/// One wakeup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wakeup {
    /// The run.
    pub run: RunId,
    /// What happened.
    pub reason: WakeupReason,
}

impl WakeupReason {
    const fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Output => "output",
            Self::Ended => "ended",
        }
    }
}

impl Wakeup {
    /// Reads one line; none when it is not a wakeup.
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let (run, word) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let reason = [WakeupReason::Started, WakeupReason::Output, WakeupReason::Ended]
            .into_iter()
            .find(|w| w.word() == word)?;
        Some(Self { run: RunId::try_from(run.to_owned()).ok()?, reason })
    }
}

/// The engine's end of the pipe.
#[derive(Debug)]
pub struct WakeupPipe {
    pipe: File,
    path: PathBuf,
    unread: Vec<u8>,
    closed: Arc<AtomicBool>,
}

/// Ends [`WakeupPipe::next`] from another thread.
#[derive(Debug)]
pub struct WakeupCloser {
    /// Opened now: another pipe may have its path later.
    pipe: Option<File>,
    closed: Arc<AtomicBool>,
}

impl WakeupPipe {
    /// Makes the named pipe (0600) if it is missing, and listens to it.
    ///
    /// # Errors
    /// When it cannot be made or opened, or something else stands in its place.
    pub fn open(path: &Path) -> io::Result<Self> {
        let pipe = pipe::listen(path)?;
        let closed = Arc::new(AtomicBool::new(false));
        Ok(Self { pipe, path: path.to_owned(), unread: Vec::new(), closed })
    }

    /// Blocks until a wakeup comes.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionAborted`] once a [`WakeupCloser`] has closed it; otherwise what
    /// reading says.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not say why it ended")]
    pub fn next(&mut self) -> io::Result<Wakeup> {
        loop {
            if self.closed.load(Ordering::Acquire) {
                return Err(io::Error::new(
                    io::ErrorKind::ConnectionAborted,
                    "the pipe was closed",
                ));
            }
            while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let wakeup = Wakeup::parse(&self.unread[..end]);
                self.unread.drain(..=end);
                if let Some(wakeup) = wakeup {
                    return Ok(wakeup);
                }
            }
            if self.unread.len() > LONGEST_WAKEUP {
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

    /// A handle that ends [`WakeupPipe::next`] from another thread. To be made while the pipe is in its
    /// place.
    #[must_use]
    pub fn closer(&self) -> WakeupCloser {
        let pipe = pipe::connect(&self.path).ok();
        WakeupCloser { pipe, closed: Arc::clone(&self.closed) }
    }
}

impl WakeupCloser {
    /// Lets the current and every later [`WakeupPipe::next`] return an error.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // Only to wake it: when the pipe is full, it is awake already.
        if let Some(pipe) = &self.pipe {
            let _ = pipe::write_now(pipe, b"\n");
        }
    }
}

/// The supervisor's end of the pipe.
#[derive(Debug)]
pub(crate) struct WakeupSender {
    path: Option<PathBuf>,
    run: RunId,
    pipe: Option<File>,
    /// Set while output is not announced yet: the earliest instant at which to do so.
    due: Option<Instant>,
    last: Option<Instant>,
}

impl WakeupSender {
    pub(crate) fn new(path: Option<PathBuf>, run: RunId) -> Self {
        Self { path, run, pipe: None, due: None, last: None }
    }

    /// Announces that the agent was started.
    pub(crate) fn started(&mut self) {
        // Should the pipe be full, the wakeup for the first output says as much.
        let _ = self.send(WakeupReason::Started);
    }

    /// Announces new output: now or, when that was done a moment ago, a moment later.
    pub(crate) fn output(&mut self, now: Instant) {
        if self.path.is_some() && self.due.is_none() {
            self.due = Some(self.last.map_or(now, |last| now.max(last + OUTPUT_INTERVAL)));
        }
        self.send_due(now);
    }

    /// Announces the output that is due.
    pub(crate) fn send_due(&mut self, now: Instant) {
        if self.due.is_some_and(|due| due <= now) {
            let sent = self.send(WakeupReason::Output);
            self.last = Some(now);
            // A full pipe: the engine is busy, and must still learn of this output later.
            self.due = if sent { None } else { Some(now + OUTPUT_INTERVAL) };
        }
    }

    /// When [`Self::send_due`] has something to do next.
    pub(crate) const fn next_due(&self) -> Option<Instant> {
        self.due
    }

    /// Announces that the run is over, for about a second when the engine does not read. It notices
    /// the free lock anyway.
    pub(crate) fn ended(&mut self) {
        for _ in 0..100 {
            if self.send(WakeupReason::Ended) {
                return;
            }
            std::thread::sleep(OUTPUT_INTERVAL);
        }
    }

    /// Sends one wakeup. False only when an engine listens and the pipe is full.
    fn send(&mut self, reason: WakeupReason) -> bool {
        let Some(path) = &self.path else { return true };
        let line = format!("{} {}\n", self.run, reason.word());
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
    fn lines_that_are_no_wakeups_are_ignored() {
        let check = |line: &str, expected: Option<(&str, WakeupReason)>| {
            let expected = expected.map(|(run, reason)| Wakeup { run: run_id(run), reason });
            assert_eq!(Wakeup::parse(line.as_bytes()), expected, "{line}");
        };
        check("1-1-ab started", Some(("1-1-ab", WakeupReason::Started)));
        check("1-1-ab output", Some(("1-1-ab", WakeupReason::Output)));
        check("1-1-ab ended", Some(("1-1-ab", WakeupReason::Ended)));
        check("1-1-ab other", None);
        check("../x ended", None);
        check("", None);
    }

    #[test]
    fn output_is_announced_at_once_then_at_intervals_and_the_last_is_not_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bell");
        let mut pipe = WakeupPipe::open(&path).unwrap();
        let mut wakeups = WakeupSender::new(Some(path), run_id("1-1-a"));
        let start = Instant::now();
        wakeups.output(start);
        assert_eq!(pipe.next().unwrap().reason, WakeupReason::Output);
        wakeups.output(start + Duration::from_millis(1));
        let due = wakeups.next_due().unwrap();
        assert_eq!(due, start + OUTPUT_INTERVAL);
        wakeups.send_due(due);
        assert_eq!(pipe.next().unwrap().reason, WakeupReason::Output);
        assert_eq!(wakeups.next_due(), None);
    }

    #[test]
    fn a_full_pipe_neither_blocks_nor_loses_the_last_wakeup() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bell");
        let mut pipe = WakeupPipe::open(&path).unwrap();
        let mut wakeups = WakeupSender::new(Some(path), run_id("1-1-a"));
        let mut count = 0;
        while wakeups.send(WakeupReason::Started) {
            count += 1;
        }
        let now = Instant::now();
        wakeups.output(now);
        for _ in 0..count {
            assert_eq!(pipe.next().unwrap().reason, WakeupReason::Started);
        }
        wakeups.send_due(wakeups.next_due().unwrap());
        assert_eq!(pipe.next().unwrap().reason, WakeupReason::Output);
    }

    #[test]
    fn a_later_engine_gets_wakeups_and_no_engine_is_no_failure() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bell");
        let mut wakeups = WakeupSender::new(Some(path.clone()), run_id("1-1-a"));
        wakeups.started();
        let first = WakeupPipe::open(&path).unwrap();
        wakeups.started();
        drop(first);
        wakeups.started();
        std::fs::remove_file(&path).unwrap();
        let mut second = WakeupPipe::open(&path).unwrap();
        wakeups.ended();
        assert_eq!(second.next().unwrap().reason, WakeupReason::Ended);
    }

    #[test]
    fn closing_ends_a_waiting_reader() {
        let dir = tempfile::tempdir().unwrap();
        let mut pipe = WakeupPipe::open(&dir.path().join("bell")).unwrap();
        let closer = pipe.closer();
        let reader = std::thread::spawn(move || pipe.next());
        closer.close();
        let error = reader.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }

    #[test]
    fn a_foreign_file_in_its_place_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bell");
        std::fs::write(&path, "mine").unwrap();
        let error = WakeupPipe::open(&path).unwrap_err();
        assert!(error.to_string().contains("not a named pipe"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }
}
