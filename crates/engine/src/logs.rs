//! Reading a run's output for clients: as a conversation, and as bytes.
//!
//! Pages are read from the files each time, so that a reader costs the same whatever the size of
//! the log. A position in the log is a byte offset: first through standard output, then, when the
//! run is over, on through standard error.
//!
//! Reading goes on at the beginning of a line, even of one that is not complete yet. How far such
//! a line was looked through is remembered between pages ([`unfinished`]), because an agent that
//! prints megabytes without a line end would have them read again with every piece it adds.

mod backwards;
mod images;
mod unfinished;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use claude_worker_agents::Lines;
use claude_worker_api::{
    Agent, ApiError, ErrorCode, LiveText, LogEntry, LogPage, LogQuery, OutputChunk, OutputQuery,
    OutputStream, Run,
};
use claude_worker_os::files::open_regular;
use claude_worker_supervisor::RunDir;

use crate::EngineError;
use crate::live::LiveSnapshot;

pub(crate) use images::{image, image_in_file};

/// How many items a page has unless asked otherwise, and at the most.
const ITEMS: (u32, u32) = (500, 2000);
/// How many bytes a chunk has unless asked otherwise, and at the most.
const BYTES: (u32, u32) = (256 * 1024, 1024 * 1024);
/// After this many bytes of output a page ends, however few items they made.
const PAGE_BYTES: u64 = 4 * 1024 * 1024;

/// A run whose output is to be read.
pub(crate) struct Source<'a> {
    /// The run's directory.
    pub dir: &'a RunDir,
    /// Its row.
    pub run: &'a Run,
    /// Who printed it.
    pub agent: Agent,
    /// Whether the run is over, found out before the files are read.
    pub over: bool,
    /// What the agent is writing, found out before the files are read.
    pub live: Option<LiveSnapshot>,
}

/// What the agent is writing, for a client that knows a version of it. A page that has output which was not read
/// when that was found out may have the same text as a whole: then there is none, and the client asks again.
pub(crate) fn live_text(source: &Source<'_>, page: &LogPage, known: u64) -> Option<LiveText> {
    let live = source.live.as_ref().filter(|_| !source.over)?;
    let is_current = page.next <= live.stdout_bytes && live.version != known;
    is_current.then(|| LiveText { version: live.version, items: live.items.clone() })
}

/// One page of a run's log.
pub(crate) fn page(source: &Source<'_>, query: &LogQuery) -> Result<LogPage, EngineError> {
    refuse_deleted(source.run)?;
    let limit = query.limit.unwrap_or(ITEMS.0).clamp(1, ITEMS.1) as usize;
    if query.tail || query.before.is_some() {
        return backwards::page(source, query.before.filter(|_| !query.tail), limit);
    }
    let stdout_length = length(&source.dir.stdout_path())?;
    // A position beyond the end is one at the end.
    let stderr_length = if source.over { length(&source.dir.stderr_path())? } else { 0 };
    let after = query.after.min(stdout_length + stderr_length);
    let mut page = Page { entries: Vec::new(), next: after, limit };
    let mut complete = true;
    if after < stdout_length || !source.over {
        complete = page.read(&source.dir.stdout_path(), 0, source, false)?;
    }
    if source.over && complete && page.entries.len() < limit {
        page.next = page.next.max(stdout_length);
        complete = page.read(&source.dir.stderr_path(), stdout_length, source, true)?;
    }
    Ok(LogPage {
        run: Some(source.run.id.clone()),
        start: after,
        entries: page.entries,
        next: page.next,
        end: source.over && complete,
        live: None,
    })
}

struct Page {
    entries: Vec<LogEntry>,
    next: u64,
    limit: usize,
}

impl Page {
    /// Reads a file whose first byte is at `base` in the log. Says whether its end was reached.
    fn read(
        &mut self,
        path: &Path,
        base: u64,
        source: &Source<'_>,
        stderr: bool,
    ) -> Result<bool, EngineError> {
        let start = self.next.saturating_sub(base);
        let Some((mut file, _)) = open(path, start)? else { return Ok(true) };
        let cannot_read = || EngineError::io(format!("cannot read {}", path.display()));
        if !source.over
            && !unfinished::may_be_complete(path, start, &mut file).map_err(cannot_read())?
        {
            return Ok(true);
        }
        let mut lines = Lines::new(start);
        let mut buffer = vec![0; 64 * 1024];
        let mut read = 0;
        loop {
            let count = file.read(&mut buffer).map_err(cannot_read())?;
            read += count as u64;
            let Self { entries, next, limit } = self;
            let mut take = |line: claude_worker_agents::Line<'_>| {
                // A page that is full leaves the rest for the next one.
                if entries.len() < *limit {
                    let items = claude_worker_agents::items(source.agent, &line, stderr);
                    entries.extend(items.into_iter().map(|mut entry| {
                        entry.offset += base;
                        entry
                    }));
                    *next = base + line.end;
                }
            };
            if count == 0 {
                // A line without an end is complete only when its run has ended.
                if source.over {
                    lines.finish(&mut take);
                } else {
                    unfinished::remember(path, lines.offset(), start + read);
                }
                return Ok(self.entries.len() < self.limit);
            }
            lines.push(&buffer[..count], &mut take);
            if self.entries.len() >= self.limit || (read > PAGE_BYTES && self.next > start + base) {
                return Ok(false);
            }
        }
    }
}

/// Some bytes of a run's output.
pub(crate) fn chunk(source: &Source<'_>, query: &OutputQuery) -> Result<OutputChunk, EngineError> {
    refuse_deleted(source.run)?;
    let path = match query.stream {
        OutputStream::Stdout => source.dir.stdout_path(),
        OutputStream::Stderr => source.dir.stderr_path(),
    };
    let limit = u64::from(query.limit.unwrap_or(BYTES.0).clamp(1, BYTES.1));
    let mut bytes = Vec::new();
    let mut next = 0;
    if let Some((file, offset)) = open(&path, query.offset)? {
        // All at once, or the memory would be copied as it grows.
        let there = file.metadata().map_or(0, |found| found.len().saturating_sub(offset));
        bytes.reserve_exact(there.min(limit) as usize + 1);
        file.take(limit)
            .read_to_end(&mut bytes)
            .map_err(EngineError::io(format!("cannot read {}", path.display())))?;
        next = offset + bytes.len() as u64;
    }
    let end = source.over && (bytes.len() as u64) < limit;
    Ok(OutputChunk { run: Some(source.run.id.clone()), bytes, next, end })
}

fn refuse_deleted(run: &Run) -> Result<(), EngineError> {
    if run.output_deleted {
        return Err(EngineError::Refused(
            ApiError::new(
                ErrorCode::NotFound,
                format!(
                    "The output of run {} was deleted to keep within caps.output_total",
                    run.id
                ),
            )
            .hint("Its result and verdict are kept: see `claude-worker status`"),
        ));
    }
    Ok(())
}

/// Opens a file at an offset, or at its end when that comes first, and says where; none when it
/// is not there.
fn open(path: &Path, offset: u64) -> Result<Option<(File, u64)>, EngineError> {
    let opened = open_regular(path).and_then(|mut file| {
        let offset = offset.min(file.metadata()?.len());
        file.seek(SeekFrom::Start(offset))?;
        Ok((file, offset))
    });
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EngineError::io(format!("cannot read {}", path.display()))(error)),
    }
}

fn length(path: &Path) -> Result<u64, EngineError> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Ok(found.len()),
        Ok(_) => Err(EngineError::io(format!("cannot read {}", path.display()))(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is not a regular file",
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(EngineError::io(format!("cannot read {}", path.display()))(error)),
    }
}

#[cfg(test)]
mod tests;
