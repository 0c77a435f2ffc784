//! A run's output, as a conversation and as bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DeniedTool, RunId, Timestamp, UnknownName, UnknownValue, Usage, reads_unknown};

/// One item of a run's log. Every text in it has a bounded length and comes from the agent: escape
/// it before it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", remote = "Self")]
#[schemars(rename = "LogItem")]
pub enum LogItem {
    /// The agent's session began (again).
    Started {
        /// The session's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session_id: Option<String>,
        /// The model it uses.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        /// The agent's version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    /// Prose, in Markdown.
    Text {
        /// The prose.
        text: String,
    },
    /// The agent's reasoning, if the agent prints it.
    Thinking {
        /// The reasoning.
        text: String,
    },
    /// The agent calls a tool.
    ToolCall {
        /// The id that its result has too.
        id: String,
        /// The tool's name.
        tool: String,
        /// Its main argument in one line: the command, the path, the pattern.
        summary: String,
        /// All arguments, as JSON text.
        input: String,
    },
    /// A tool answers.
    ToolResult {
        /// The call it belongs to.
        id: String,
        /// Whether the call succeeded.
        outcome: ToolOutcome,
        /// What it returned.
        text: String,
        /// The numbers of the images that it returned, for the method `image`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        images: Vec<u32>,
    },
    /// The agent tries the API again.
    Retry {
        /// The number of the attempt that failed.
        attempt: u32,
        /// After how many attempts the agent gives up.
        max_attempts: u32,
        /// How long it waits, in milliseconds.
        delay_ms: u64,
        /// Why the attempt failed.
        reason: String,
    },
    /// Another message of the agent.
    Note {
        /// The remark.
        text: String,
    },
    /// The agent reports the end of its work. A run may have several results; the run ends only
    /// when the process ends.
    Result {
        /// Whether it reports a failure.
        is_error: bool,
        /// The final answer or the error.
        text: String,
        /// The usage so far.
        usage: Usage,
        /// Tool calls that were denied.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        denied_tools: Vec<DeniedTool>,
    },
    /// A line of plain output: everything a shell task prints, and what an agent prints outside
    /// its protocol.
    Output {
        /// The line, without its line end.
        text: String,
        /// Whether it came on standard error.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stderr: bool,
    },
    /// One that this version does not know.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(LogItem, "type");

/// Whether a tool call succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    /// It succeeded.
    Ok,
    /// It failed.
    Error,
    /// It was not allowed.
    Denied,
    /// One that this version does not know.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

/// An item with its position in the run's output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogEntry {
    /// Byte offset, in the output, of the line it was read from. A line can yield several items.
    pub offset: u64,
    /// When it was printed, if the agent says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The item.
    #[serde(flatten)]
    pub item: LogItem,
}

/// Which part of a log to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogQuery {
    /// Which run. Absent: the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Start at this byte offset: the `next` of the previous page. Default: the beginning.
    pub after: u64,
    /// Instead of reading forward from `after`: the last `limit` items of the log.
    pub tail: bool,
    /// Instead of reading forward from `after`: the last `limit` items that end before this byte
    /// offset, which is the `start` of the page that follows. It never waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// At most this many items, 1 to 2000 (a line's items are never split). Default 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// How long to wait when there is nothing new and the run has not ended, in milliseconds (at
    /// most 60,000). With `tail`: only while the log is empty.
    pub wait_ms: u64,
    /// The version of the live text that the client has, 0 for none: the answer has a newer one, and the wait ends
    /// with one. Absent: without live text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<u64>,
}

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogPage {
    /// The run it belongs to; absent when the task has had none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The items, in order. A page may be empty although there are more: continue at `next`, or
    /// backwards at `start`.
    pub entries: Vec<LogEntry>,
    /// Byte offset of the first line the page covers; 0 is the log's beginning. Pass as `before`
    /// to read the previous page.
    #[serde(default)]
    pub start: u64,
    /// Pass as `after` to read the next page.
    pub next: u64,
    /// Whether the run has ended and this page reaches the end of its log.
    pub end: bool,
    /// What is being written, if it was asked for and another version of it is known to the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveText>,
}

/// What an agent is writing. The log has it when it is finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LiveText {
    /// Another one for every change. It rises.
    pub version: u64,
    /// Texts, reasoning and tool calls, as far as they are written. Empty when nothing is being written. A tool
    /// call's input may be the beginning of JSON.
    pub items: Vec<LogItem>,
}

/// Which image of a log to read: one that a tool returned, or a file that a text names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ImageQuery {
    /// Which run. Absent: the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The `offset` of the log entry that has the image.
    pub offset: u64,
    /// Its number, as the entry has it.
    pub number: u32,
    /// The image in this file instead, absolute or from the working directory of the task on. It is read only
    /// within that directory. At most 4096 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub path: Option<String>,
}

/// An image of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Image {
    /// What it is, by its first bytes: `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
    pub media_type: String,
    /// The image, in Base64; at most 8 MiB.
    pub data: String,
}

/// Which of a run's two outputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputStream {
    /// Standard output; for a shell task both, in the order they were printed.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
}

/// Which bytes of a run's output to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OutputQuery {
    /// Which run. Absent: the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Which stream.
    pub stream: OutputStream,
    /// From this byte on.
    pub offset: u64,
    /// At most this many bytes, up to 1 MiB. Default 256 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// How long to wait when there is nothing new and the run has not ended, in milliseconds (at
    /// most 60,000).
    pub wait_ms: u64,
}

/// Some bytes of a run's output, exactly as the agent printed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputChunk {
    /// The run they belong to; absent when the task has had none yet.
    pub run: Option<RunId>,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Pass as `offset` to read the next chunk.
    pub next: u64,
    /// Whether the run has ended and these bytes reach the end of its output.
    pub end: bool,
}
