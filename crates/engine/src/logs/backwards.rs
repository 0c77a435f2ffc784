//! Reading a log from its end, without reading what comes before.
//!
//! The file is read in windows, each before the one read last. A window begins at the beginning of
//! a line, so that its lines are read forwards, as everywhere. What is read for one page is
//! bounded, but for a single line that is longer.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use claude_worker_agents::Lines;
use claude_worker_api::{LogEntry, LogPage};

use super::{Source, length, open, unfinished};
use crate::EngineError;

/// How many bytes a window has, at first and at the most. Small at first, because a page of short
/// lines is within the last few; growing, because long lines make few items.
const WINDOW: (u64, u64) = (64 * 1024, 256 * 1024);
/// How many bytes are read for a page at the most, but for a single line that is longer. Less than
/// forwards: somebody waits for this page to be on the screen, and goes on from there.
const PAGE_BYTES: u64 = 768 * 1024;
/// How many bytes are looked through at once for a line's end.
const BLOCK: u64 = 64 * 1024;

/// The last items of a log, or those before an offset in it.
pub(super) fn page(
    source: &Source<'_>,
    before: Option<u64>,
    limit: usize,
) -> Result<LogPage, EngineError> {
    let stdout = length(&source.dir.stdout_path())?;
    let stderr = if source.over { length(&source.dir.stderr_path())? } else { 0 };
    let total = stdout + stderr;
    let end = before.map_or(total, |before| before.min(total));
    let mut page = Backwards {
        source,
        limit,
        lines: VecDeque::new(),
        items: 0,
        bytes: 0,
        window: WINDOW.0,
        start: end,
        next: None,
    };
    if end > stdout {
        page.read(&source.dir.stderr_path(), stdout, end - stdout, end == total, true)?;
    }
    if page.wants_more() {
        let end_of_stdout = end.min(stdout);
        let complete = source.over && end_of_stdout == stdout;
        page.read(&source.dir.stdout_path(), 0, end_of_stdout, complete, false)?;
    }
    page.trim();
    let next = page.next.unwrap_or(end);
    Ok(LogPage {
        run: Some(source.run.id.clone()),
        start: page.start,
        entries: page.lines.into_iter().flat_map(|line| line.entries).collect(),
        next,
        end: source.over && next == total,
        live: None,
    })
}

/// A page that is filled from its end.
struct Backwards<'a> {
    source: &'a Source<'a>,
    limit: usize,
    /// In the order of the log.
    lines: VecDeque<LineItems>,
    /// How many items they have.
    items: usize,
    /// How many bytes were read for them.
    bytes: u64,
    /// How many bytes are read next.
    window: u64,
    /// Where the first of them begins, or a line without items before it.
    start: u64,
    /// Where the last of them ends; none before anything was read.
    next: Option<u64>,
}

/// What one line shows.
struct LineItems {
    offset: u64,
    entries: Vec<LogEntry>,
}

impl Backwards<'_> {
    const fn wants_more(&self) -> bool {
        self.items < self.limit && self.bytes + self.window <= PAGE_BYTES
    }

    /// Reads the part before `end` of a file whose first byte is at `base` in the log.
    /// `complete`: a last line without a line end is one nevertheless.
    fn read(
        &mut self,
        path: &Path,
        base: u64,
        end: u64,
        complete: bool,
        stderr: bool,
    ) -> Result<(), EngineError> {
        let Some((mut file, _)) = open(path, 0)? else { return Ok(()) };
        let failed = || EngineError::io(format!("cannot read {}", path.display()));
        let mut end_of_lines = end;
        if !complete {
            end_of_lines = after_line_end(&mut file, end).map_err(failed())?;
            if !self.source.over {
                unfinished::remember(path, end_of_lines, end);
            }
        }
        self.next.get_or_insert(base + end_of_lines);
        self.start = base + end_of_lines;
        while end_of_lines > 0 && self.wants_more() {
            let from = window(&mut file, end_of_lines, self.window).map_err(failed())?;
            self.take(&mut file, from..end_of_lines, base, stderr).map_err(failed())?;
            end_of_lines = from;
            self.window = WINDOW.1.min(2 * self.window);
        }
        Ok(())
    }

    /// Takes the lines of a window.
    fn take(
        &mut self,
        file: &mut File,
        window: std::ops::Range<u64>,
        base: u64,
        stderr: bool,
    ) -> io::Result<()> {
        let mut read = Vec::new();
        let mut each = |line: claude_worker_agents::Line<'_>| {
            let mut entries = claude_worker_agents::items(self.source.agent, &line, stderr);
            for entry in &mut entries {
                entry.offset += base;
            }
            read.push(LineItems { offset: base + line.offset, entries });
        };
        let mut lines = Lines::new(window.start);
        file.seek(SeekFrom::Start(window.start))?;
        let mut part = file.take(window.end - window.start);
        let mut buffer = vec![0; BLOCK as usize];
        loop {
            let count = part.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            lines.push(&buffer[..count], &mut each);
        }
        lines.finish(&mut each);
        for line in read.into_iter().rev() {
            self.items += line.entries.len();
            self.lines.push_front(line);
        }
        self.bytes += window.end - window.start;
        self.start = base + window.start;
        Ok(())
    }

    /// Lets the first lines go while there are items enough without them.
    fn trim(&mut self) {
        while let Some(first) = self.lines.front()
            && self.items - first.entries.len() >= self.limit
        {
            self.items -= first.entries.len();
            self.lines.pop_front();
            if let Some(first) = self.lines.front() {
                self.start = first.offset;
            }
        }
    }
}

/// Where a window begins that ends at the end of a line: about `size` bytes before it, at the
/// beginning of a line, and so further away when the line is longer.
fn window(file: &mut File, end: u64, size: u64) -> io::Result<u64> {
    let wanted = end.saturating_sub(size);
    if wanted == 0 {
        return Ok(0);
    }
    // The last byte ends the last line and begins none.
    let mut bytes = vec![0; (end - wanted) as usize];
    file.seek(SeekFrom::Start(wanted - 1))?;
    file.read_exact(&mut bytes)?;
    match bytes.iter().position(|&byte| byte == b'\n') {
        Some(at) => Ok(wanted + at as u64),
        None => after_line_end(file, wanted),
    }
}

/// The offset after the last line end before `end`; 0 when there is none.
fn after_line_end(file: &mut File, end: u64) -> io::Result<u64> {
    let mut end = end;
    let mut block = vec![0; BLOCK as usize];
    while end > 0 {
        let from = end.saturating_sub(BLOCK);
        let bytes = &mut block[..(end - from) as usize];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(bytes)?;
        if let Some(at) = bytes.iter().rposition(|&byte| byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}
