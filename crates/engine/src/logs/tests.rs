//! Pages and chunks of files as a run leaves them.

use std::fs::OpenOptions;
use std::io::Write;

use claude_worker_api::{RunId, TaskId, Usage};
use tempfile::TempDir;

use super::*;

mod backwards;

/// A run's output that grows.
struct Output {
    _root: TempDir,
    dir: RunDir,
    run: Run,
    agent: Agent,
    over: bool,
}

impl Output {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let id = RunId::new(TaskId(1), 1, 0);
        let dir = RunDir::new(root.path(), &id);
        std::fs::create_dir(dir.path()).unwrap();
        let run = Run {
            id,
            number: 1,
            follow_up: None,
            queued_at: None,
            started_at: None,
            outcome: None,
            session_id: None,
            usage: Usage::default(),
            output_bytes: 0,
            output_deleted: false,
        };
        Self { _root: root, dir, run, agent: Agent::Shell, over: false }
    }

    fn print(&self, path: &Path, bytes: &[u8]) {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn stdout(&self, bytes: &[u8]) {
        self.print(&self.dir.stdout_path(), bytes);
    }

    fn source(&self) -> Source<'_> {
        Source { dir: &self.dir, run: &self.run, agent: self.agent, over: self.over, live: None }
    }

    fn page(&self, after: u64) -> LogPage {
        page(&self.source(), &LogQuery { after, ..LogQuery::default() }).unwrap()
    }

    fn chunk(&self, offset: u64) -> OutputChunk {
        chunk(&self.source(), &OutputQuery { offset, ..OutputQuery::default() }).unwrap()
    }
}

#[test]
fn a_long_line_shows_when_it_ends_however_often_it_was_asked_for() {
    let output = Output::new();
    output.stdout(b"before\n");
    assert_eq!(output.page(0).next, 7);
    for _ in 0..5 {
        output.stdout(&vec![b'x'; 300_000]);
        let page = output.page(7);
        assert_eq!((page.entries.len(), page.next, page.end), (0, 7, false));
    }
    output.stdout(b"\nafter\n");
    let page = output.page(7);
    assert_eq!((page.entries.len(), page.next), (2, 7 + 1_500_000 + 7));
    // From the beginning it was there all the time.
    assert_eq!(output.page(0).entries.len(), 3);
}

#[test]
fn a_long_line_without_an_end_shows_when_the_run_is_over() {
    let mut output = Output::new();
    output.stdout(&vec![b'x'; 600_000]);
    assert_eq!(output.page(0).entries.len(), 0);
    assert_eq!(output.page(0).entries.len(), 0);
    output.over = true;
    let page = output.page(0);
    assert_eq!((page.entries.len(), page.next, page.end), (1, 600_000, true));
}

#[test]
fn a_position_beyond_the_end_is_one_at_the_end() {
    let mut output = Output::new();
    output.stdout(b"12345\n");
    output.print(&output.dir.stderr_path(), b"678\n");
    for (over, log_end) in [(false, 6), (true, 10)] {
        output.over = over;
        for beyond in [100, i64::MAX as u64 + 1, u64::MAX] {
            let chunk = output.chunk(beyond);
            assert_eq!((chunk.bytes.len(), chunk.next, chunk.end), (0, 6, over));
            let page = output.page(beyond);
            assert_eq!((page.entries.len(), page.next, page.end), (0, log_end, over));
        }
    }
}

#[test]
fn output_that_is_not_there_is_empty() {
    let output = Output::new();
    let chunk = output.chunk(u64::MAX);
    assert_eq!((chunk.bytes.len(), chunk.next, chunk.end), (0, 0, false));
    assert_eq!(output.page(u64::MAX).next, 0);
}
