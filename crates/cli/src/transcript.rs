//! The output of a run for the screen: fetched as bytes and parsed into a conversation here.
//!
//! The engine sends the raw bytes, which costs it little, and this process splits them into lines and
//! parses them. So a log of a gigabyte does not have to be encoded as JSON a second time. One chunk and
//! one incomplete line are in memory at a time.

pub(crate) mod last_lines;

use claude_worker_agents::{Line, Lines, Piece, can, items};
use claude_worker_api::{
    Agent, ApiError, Capability, LogEntry, LogItem, OutputChunk, OutputQuery, OutputStream, RunId,
    TaskApi, TaskId, Timestamp,
};

use crate::render::action::is_action;
use crate::render::local_time::Zone;
use crate::render::log::LogText;
use crate::render::overwrite::Overwrites;
use crate::render::text::escape_json;
use claude_worker_client::Reconnect;

/// How many bytes are requested at once.
pub(crate) const CHUNK: u32 = 1024 * 1024;

/// A position in a run's log: first in standard output, then, once the run has ended, in standard error.
#[derive(Debug)]
pub struct Place {
    /// The run; none means the newest one.
    run: Option<RunId>,
    stream: OutputStream,
    offset: u64,
}

/// The next part of a run's log.
#[derive(Debug)]
pub struct Part {
    /// The bytes; may be empty.
    pub(crate) bytes: Vec<u8>,
    stream: OutputStream,
    /// Whether these are the last bytes of their stream.
    complete: bool,
    /// Whether these are the last bytes of the log.
    pub(crate) end: bool,
}

impl Part {
    /// Whether it has something to render.
    pub(crate) const fn counts(&self) -> bool {
        !self.bytes.is_empty() || self.complete
    }
}

impl Place {
    /// The beginning of a run's log.
    pub(crate) const fn new(run: Option<RunId>) -> Self {
        Self { run, stream: OutputStream::Stdout, offset: 0 }
    }

    /// The offset in its stream.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// A place in standard output: the beginning of a line.
    pub(crate) const fn at(run: Option<RunId>, offset: u64) -> Self {
        Self { run, stream: OutputStream::Stdout, offset }
    }

    /// Reads the next part. Without `wait` it is empty where nothing more was printed yet.
    pub(crate) async fn next(
        &mut self,
        api: &impl TaskApi,
        reconnect: &Reconnect,
        id: TaskId,
        wait_ms: u64,
    ) -> Result<Part, ApiError> {
        let query = OutputQuery {
            run: self.run.clone(),
            stream: self.stream,
            offset: self.offset,
            limit: Some(CHUNK),
            wait_ms,
        };
        let chunk = reconnect.call(|| api.output(id, query.clone())).await?;
        let OutputChunk { run, bytes, next, end: complete } = chunk;
        let stream = self.stream;
        // Stay in this run when another one starts meanwhile.
        self.run = run.or_else(|| self.run.take());
        self.offset = next;
        let more_to_come = stream == OutputStream::Stdout && self.run.is_some();
        if complete && more_to_come {
            self.stream = OutputStream::Stderr;
            self.offset = 0;
        }
        Ok(Part { bytes, stream, complete, end: complete && !more_to_come })
    }
}

/// Which entries are shown, and with what.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Only entries since this instant.
    pub since: Option<Timestamp>,
    /// When the run began: the time of entries that have none, up to the first that has one.
    pub began: Option<Timestamp>,
    /// Each entry with its time, in this zone.
    pub times: Option<Zone>,
}

/// Renders one run's log part by part.
#[derive(Debug)]
pub struct Transcript {
    agent: Agent,
    form: Form,
    shown: Shown,
    lines: Lines,
    /// Removes what was overwritten, where people read the lines.
    overwrites: Option<Overwrites>,
    stream: OutputStream,
    /// The offset of the stream in the log, in bytes.
    base: u64,
    /// For a status line: the last action and the newest result, if they are new.
    news: Option<[Option<LogItem>; 2]>,
}

/// The format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text.
    Text,
    /// Text above a status line.
    Live,
    /// Entries as JSON, one per line.
    Json,
}

impl Transcript {
    /// Starts at the beginning of a run of `agent`.
    pub(crate) fn new(agent: Agent, form: Form, shown: Shown) -> Self {
        Self::at(agent, form, 0, shown)
    }

    /// Starts at this offset, which is the beginning of a line of standard output.
    pub(crate) fn at(agent: Agent, form: Form, offset: u64, shown: Shown) -> Self {
        let news = (form == Form::Live).then(Default::default);
        let (lines, stream) = (Lines::new(offset), OutputStream::Stdout);
        let overwrites = (form != Form::Json).then(Overwrites::default);
        Self { agent, form, shown, lines, overwrites, stream, base: 0, news }
    }

    /// Appends the rendered part to `text`, in whole lines. An incomplete line is kept for the next part.
    pub(crate) fn read(&mut self, part: &Part, log: &mut LogText, text: &mut String) {
        let stderr = part.stream == OutputStream::Stderr;
        if self.stream != part.stream {
            (self.lines, self.stream) = (Lines::new(0), part.stream);
        }
        let Self { agent, form, shown, lines, overwrites, base, news, .. } = self;
        let mut bytes = |push: &mut dyn FnMut(&[u8])| match overwrites {
            None => push(&part.bytes),
            Some(overwrites) => {
                overwrites.push(&part.bytes, &mut *push);
                if part.complete {
                    overwrites.finish(push);
                }
            }
        };
        // Most lines are of this kind and have nothing for the status line.
        if can(*agent, Capability::CommandLine) && *form == Form::Text {
            let mut each = |piece: Piece<'_>| match piece {
                Piece::Lines(whole) => !stderr && log.output_lines(whole, text),
                Piece::Line(line) => {
                    log.output(&line.text, stderr, text);
                    true
                }
            };
            bytes(&mut |bytes| lines.push_pieces(bytes, &mut each));
            if part.complete {
                lines.finish(|line| _ = each(Piece::Line(line)));
                *base += lines.offset();
            }
            return;
        }
        let mut each = |line: Line<'_>| {
            for mut entry in items(*agent, &line, stderr) {
                entry.offset += *base;
                put_entry(*form, shown, news, entry, log, text);
            }
        };
        bytes(&mut |bytes| lines.push(bytes, &mut each));
        if part.complete {
            lines.finish(&mut each);
            *base += lines.offset();
        }
        // A line of progress has not ended, and is the newest that can be told of.
        if let (Some([action, _]), Some(overwrites)) = (news, overwrites)
            && let Some(text) = overwrites.current()
        {
            *action = Some(LogItem::Output { text, stderr });
        }
    }

    /// The incomplete line at the end of a command's output, as text without a line end: as much as does not
    /// change whatever follows.
    pub(crate) fn unfinished(&self, log: &mut LogText) -> Option<String> {
        let is_output = can(self.agent, Capability::CommandLine)
            && self.stream == OutputStream::Stdout
            && self.shown.since.is_none();
        let line = self.overwrites.as_ref().filter(|_| is_output)?.unfinished()?;
        Some(without_line_end(line, log))
    }

    /// The incomplete line at the end of a command's output as it looks now.
    pub(crate) fn current_line(&self, log: &mut LogText) -> Option<String> {
        self.unfinished(log).or_else(|| {
            let overwritten = self.overwrites.as_ref()?.current()?;
            can(self.agent, Capability::CommandLine).then(|| without_line_end(&overwritten, log))
        })
    }

    /// Appends one entry to `text`.
    pub(crate) fn put(&mut self, entry: LogEntry, log: &mut LogText, text: &mut String) {
        put_entry(self.form, &mut self.shown, &mut self.news, entry, log, text);
    }

    /// What is new for a status line since the last call.
    pub(crate) fn news(&mut self) -> impl Iterator<Item = LogItem> {
        self.news.as_mut().map(std::mem::take).unwrap_or_default().into_iter().flatten()
    }
}

fn without_line_end(line: &str, log: &mut LogText) -> String {
    let mut shown = String::new();
    log.output(line, false, &mut shown);
    shown.pop();
    shown
}

fn put_entry(
    form: Form,
    shown: &mut Shown,
    news: &mut Option<[Option<LogItem>; 2]>,
    entry: LogEntry,
    log: &mut LogText,
    text: &mut String,
) {
    shown.began = entry.at.or(shown.began);
    if shown.since.is_some_and(|since| shown.began.is_some_and(|at| at < since)) {
        // What a later entry looks like can depend on this one.
        drop(log.entry(&entry));
        return;
    }
    if form == Form::Json {
        *text += &escape_json(&serde_json::to_string(&entry).unwrap_or_default());
        text.push('\n');
    } else if let Some(zone) = &shown.times {
        let time = entry.at.map(|at| zone.of_day(at)).unwrap_or_default();
        *text += &log.with_time(&time, &entry);
    } else {
        *text += &log.entry(&entry);
    }
    if let Some([action, report]) = news {
        match entry.item {
            LogItem::Result { .. } => *report = Some(entry.item),
            item if is_action(&item) => *action = Some(item),
            _ => {}
        }
    }
}
