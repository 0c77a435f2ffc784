//! The vocabulary of Claude Worker.
//!
//! # Theory of operation
//!
//! Everything that crosses a boundary (local socket, REST, MCP, web view) is declared here, once:
//! requests ([`TaskApi`] and its request types), answers ([`Task`], [`Run`], [`LogPage`],
//! [`Event`]), and errors ([`ApiError`]). The engine implements [`TaskApi`]; the client implements
//! it again over the wire; every user interface (command line, app, REST, MCP) is written against
//! the trait and works with either.
//!
//! This crate does no input or output and knows no runtime. JSON is the wire format. Unknown
//! fields are ignored on reading, and unknown variants read as `Unknown` ([`mod@unknown`]), so that an
//! older client understands a newer engine.

mod access;
mod agent;
mod call;
mod doctor;
mod environment;
mod error;
mod event;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod http;
mod import;
mod info;
mod list;
mod listener;
mod log;
mod methods;
mod metrics;
mod nearest;
pub mod openapi;
mod problem;
mod query;
mod serde_error;
mod settings;
mod submit;
mod surrogates;
mod task;
mod time;
mod traceparent;
mod trust;
pub mod unknown;
mod verdict;

pub use access::{
    AccessKind, CreatedToken, LoginCode, NewLogin, NewToken, Scope, SubmittedBy, Token, TokenName,
    Tokens,
};
pub use agent::{AgentInfo, Capability};
pub use call::{
    Answer, AnswerTime, BYTES, Call, CallSchemas, CallVisitor, JSON, Method, OutputHeaders,
    ReadArguments, Repeat, Reply, Verb, WriteArguments,
};
pub use doctor::{Check, CheckLevel, Diagnosis};
pub use environment::{RUN_MARKER, TASK_MARKER};
pub use error::{ApiError, ErrorCode};
pub use event::{Event, EventKind, EventPage, EventQuery};
pub use http::{PROTOCOL_HEADER, Pause, StopRequest};
pub use import::{ImportTasks, ImportedTasks};
pub use info::{Activity, Counts, EngineInfo, HostKind, Queue, StopMode, Stopped, Unseen};
pub use list::{Cursor, ListQuery, Order, TaskPage};
pub use listener::{
    AUTO, HTTP_PORT, HttpChange, HttpState, Listen, OFF, TlsFiles, host_name, listen_address,
};
pub use log::{
    LogEntry, LogItem, LogPage, LogQuery, OutputChunk, OutputQuery, OutputStream, ToolOutcome,
};
pub use methods::{METHODS, TaskApi, TaskApiExt, call_by_name, calls, visit_calls};
pub use metrics::MetricsText;
pub use nearest::nearest_name;
pub use problem::{PROBLEM_JSON, Problem};
pub use serde_error::explain_serde_error;
pub use settings::{
    AgentSettings, CapSettings, DECLARED_SETTINGS, DelegationSettings, FileForm, HttpSettings,
    LARGEST_NUMBER, LONGEST_DURATION, LimitSettings, McpSettings, NotificationSettings,
    RateLimitSettings, RetentionSettings, SETTINGS_PAGE, Setting, SettingKind, Settings,
    SettingsChange, SettingsPageSection, SettingsSection, TelemetrySettings, UsageLimitSettings,
    all_settings,
};
pub use submit::{
    Agent, Asker, CleanQuery, Cleaned, FollowUp, Limits, MAX_BATCH, MAX_CALLER_CHARS,
    MAX_KEY_BYTES, MAX_PROMPT_BYTES, NewTask, NewTasks, PermissionMode, Retry, SeenQuery, Spent,
    SpentQuery, SubmittedTasks,
};
pub use surrogates::replace_unpaired_surrogates;
pub use task::{
    Run, RunId, RunOutcome, State, Status, Task, TaskDetail, TaskId, TaskQuery, Usage, WaitReason,
};
pub use time::{Timestamp, format_duration, parse_duration};
pub use traceparent::Traceparent;
pub use trust::{Trust, TrustChange, TrustSource, TrustedDirectory};
pub use unknown::{UnknownName, UnknownValue};
pub use verdict::{DeniedTool, Failure, Note, Verdict};

/// Version of the wire protocol. Client and engine must agree on it exactly; it is raised by a
/// change that an older peer would misread, not by an added field.
pub const PROTOCOL: u32 = 3;
