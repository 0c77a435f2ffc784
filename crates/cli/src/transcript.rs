//! A run's output on its way to the screen: fetched as bytes, and made into a conversation here.
//!
//! The engine hands out the bytes as they are, which costs it next to nothing, and this process cuts
//! them into lines and shows them. So a log of a gigabyte is read at the speed of its text, and not
//! of the same text in JSON. What is kept at any instant is one chunk and the line that is not
//! complete yet.

use claude_worker_agents::{Line, Lines, Piece, items};
use claude_worker_api::{
    Agent, ApiError, LogItem, OutputChunk, OutputQuery, OutputStream, RunId, TaskApi, TaskId,
};

use crate::patience::Link;
use crate::render::log::{LogText, is_action};
use crate::render::text::escape_json;

/// How many bytes are asked for at once.
pub(crate) const CHUNK: u32 = 1024 * 1024;

/// A place in a run's log: first in standard output, then, once the run is over, in standard error.
#[derive(Debug)]
pub struct Place {
    /// The run. The newest one, as long as none is named or was read.
    run: Option<RunId>,
    stream: OutputStream,
    offset: u64,
}

/// The next part of a run's log.
#[derive(Debug)]
pub struct Part {
    /// The bytes; there may be none.
    pub(crate) bytes: Vec<u8>,
    stream: OutputStream,
    /// Whether these are the last bytes of their stream.
    complete: bool,
    /// Whether these are the last bytes of the log.
    pub(crate) end: bool,
}

impl Part {
    /// Whether it makes a difference to who reads it.
    pub(crate) const fn counts(&self) -> bool {
        !self.bytes.is_empty() || self.complete
    }
}

impl Place {
    /// The beginning of a run's log.
    pub(crate) const fn new(run: Option<RunId>) -> Self {
        Self { run, stream: OutputStream::Stdout, offset: 0 }
    }

    /// Reads what follows; without a wait, that is nothing where nothing more was printed yet.
    pub(crate) async fn next(
        &mut self,
        api: &impl TaskApi,
        link: &Link,
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
        let chunk = link.call(|| api.output(id, query.clone())).await?;
        let OutputChunk { run, bytes, next, end: complete } = chunk;
        let stream = self.stream;
        // What follows is of the same run, even when another one begins meanwhile.
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

/// The reader of one run's log, part by part.
#[derive(Debug)]
pub struct Transcript {
    agent: Agent,
    form: Form,
    lines: Lines,
    stream: OutputStream,
    /// Where the stream begins in the log, in bytes.
    base: u64,
    /// For a status line: what the agent did last and the newest report of its end, as far as they
    /// are new.
    news: Option<[Option<LogItem>; 2]>,
}

/// What a log is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text.
    Text,
    /// Text above a status line, which says what goes on.
    Live,
    /// Entries as JSON, one a line.
    Json,
}

impl Transcript {
    /// A reader at the beginning of a run of `agent`.
    pub(crate) fn new(agent: Agent, form: Form) -> Self {
        let news = (form == Form::Live).then(Default::default);
        let (lines, stream) = (Lines::new(0), OutputStream::Stdout);
        Self { agent, form, lines, stream, base: 0, news }
    }

    /// Adds what the part shows to `text`: whole lines. A line that is not complete is kept.
    pub(crate) fn read(&mut self, part: &Part, log: &mut LogText, text: &mut String) {
        let stderr = part.stream == OutputStream::Stderr;
        if self.stream != part.stream {
            (self.lines, self.stream) = (Lines::new(0), part.stream);
        }
        let Self { agent, form, lines, base, news, .. } = self;
        // By far the most lines there are: nothing is to be found in them.
        if *agent == Agent::Shell && *form == Form::Text {
            let mut each = |piece: Piece<'_>| match piece {
                Piece::Lines(whole) => !stderr && log.output_lines(whole, text),
                Piece::Line(line) => {
                    log.output(&line.text, stderr, text);
                    true
                }
            };
            lines.push_pieces(&part.bytes, &mut each);
            if part.complete {
                lines.finish(|line| _ = each(Piece::Line(line)));
                *base += lines.offset();
            }
            return;
        }
        let mut each = |line: Line<'_>| {
            for mut entry in items(*agent, &line, stderr) {
                entry.offset += *base;
                if *form == Form::Json {
                    *text += &escape_json(&serde_json::to_string(&entry).unwrap_or_default());
                    text.push('\n');
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
        };
        lines.push(&part.bytes, &mut each);
        if part.complete {
            lines.finish(&mut each);
            *base += lines.offset();
        }
    }

    /// What is new for a status line since this was asked last.
    pub(crate) fn news(&mut self) -> impl Iterator<Item = LogItem> {
        self.news.as_mut().map(std::mem::take).unwrap_or_default().into_iter().flatten()
    }
}
