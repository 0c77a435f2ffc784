//! The vocabulary of Claude Worker: requests, answers, events and errors.
//!
//! Programs that call an engine use this crate together with `claude-worker-client`, or alone to read and
//! write the JSON of the HTTP interface.
//!
//! # Reading and writing JSON
//!
//! Requests and answers are plain structs with serde. Fields that a request leaves out have a default:
//!
//! ```
//! use claude_worker_api::{Agent, NewTask, State, Status, Task};
//!
//! let request = NewTask {
//!     execution_prompt: "make test".to_owned(),
//!     working_directory: "/srv/shop".to_owned(),
//!     agent: Agent::Shell,
//!     ..NewTask::default()
//! };
//! let body = serde_json::to_string(&request)?;
//! assert_eq!(serde_json::from_str::<NewTask>(&body)?, request);
//!
//! // The state of a task and its data are fields of the task in JSON.
//! let answer = r#"{"id": 12, "name": "make test", "agent": "shell", "working_directory": "/srv/shop",
//!     "created_at": "2026-11-29T08:00:00Z", "status": "failed",
//!     "ended_at": "2026-11-29T08:00:01Z", "failure": {"kind": "exit", "code": 2, "message": ""}}"#;
//! let task: Task = serde_json::from_str(answer)?;
//! assert_eq!(task.state.status(), Status::Failed);
//! assert!(task.state.is_finished());
//! if let State::Failed { failure, .. } = &task.state {
//!     assert_eq!(failure.describe(), "Exited with code 2");
//! }
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Values of newer versions
//!
//! Fields that this version does not know are ignored, and names that it does not know are read as
//! `Unknown` ([`mod@unknown`]), so that an older client understands a newer engine:
//!
//! ```
//! use claude_worker_api::{EventKind, Status};
//!
//! let status: Status = serde_json::from_str(r#""hibernating""#)?;
//! assert_eq!(status.name(), "hibernating");
//! assert!(matches!(status, Status::Unknown(_)));
//!
//! let event: EventKind = serde_json::from_str(r#"{"kind": "copied", "to": 3}"#)?;
//! let EventKind::Unknown(value) = event else { panic!("{event:?}") };
//! assert_eq!((value.name.as_str(), value.get("to")), ("copied", Some(3)));
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Methods
//!
//! [`METHODS`] lists the methods of [`TaskApi`], with their HTTP routes:
//!
//! ```
//! use claude_worker_api::METHODS;
//!
//! let cancel = METHODS.iter().find(|method| method.name == "cancel").unwrap();
//! assert_eq!(format!("{} {}", cancel.verb.name(), cancel.path), "POST /api/v1/tasks/{id}/cancel");
//! ```
//!
//! # Errors
//!
//! [`ApiError`] is the error of every method. Programs decide by its code, which HTTP answers have too:
//!
//! ```
//! use claude_worker_api::{ApiError, ErrorCode};
//!
//! let answer = r#"{"type": "urn:claude-worker:error:queue_full", "title": "…", "status": 429,
//!     "code": "queue_full", "message": "The queue is full", "hint": "Try again later"}"#;
//! let error: ApiError = serde_json::from_str(answer)?;
//! assert_eq!(error.code, ErrorCode::QueueFull);
//! assert_eq!(error.to_string(), "The queue is full. Try again later");
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Theory of operation
//!
//! Everything that crosses a boundary (local socket, REST, MCP, web view) is declared here, once:
//! requests ([`TaskApi`] and its request types), answers ([`Task`], [`Run`], [`LogPage`],
//! [`Event`]), and errors ([`ApiError`]). The engine implements [`TaskApi`]; the client implements
//! it again over the wire; every user interface (command line, app, REST, MCP) is written against
//! the trait and works with either.
//!
//! This crate does no input or output and knows no runtime. JSON is the wire format.

mod about;
mod access;
mod agent;
mod call;
mod changes;
mod doctor;
mod environment;
mod error;
mod event;
mod file_changes;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod http;
mod id;
mod import;
mod info;
mod list;
mod listener;
mod log;
mod methods;
mod metrics;
mod moves;
mod nearest;
#[doc(hidden)]
pub mod openapi;
mod overview;
mod problem;
mod project;
mod query;
mod run;
mod search;
mod serde_error;
mod settings;
mod state;
mod submit;
mod surrogates;
mod task;
mod template;
mod time;
mod traceparent;
mod trust;
pub mod unknown;
mod verdict;

pub use about::{About, ClaudeCode, Installation, InstalledBy};
pub use access::{
    AccessKind, CreatedToken, LoginCode, NewLogin, NewToken, Scope, SubmittedBy, Token, TokenName,
    Tokens,
};
pub use agent::{AgentInfo, Capability};
pub use call::{Answer, AnswerTime, Call, Method, Repeat, Verb};
pub use changes::TaskChanges;
pub use doctor::{Check, CheckLevel, Diagnosis, Remedy};
pub use environment::{RUN_MARKER, TASK_MARKER};
pub use error::{ApiError, ErrorCode};
pub use event::{Event, EventKind, EventPage, EventQuery};
pub use file_changes::{
    ChangeSource, ChangedFile, ChangedFiles, ChangedLines, DiffQuery, FileChange, FileDiff,
    NoLines, Patch, PatchQuery,
};
pub use http::{PROTOCOL_HEADER, Pause, StopRequest, WAITS_IN_HEADER};
pub use id::{RunId, TaskId};
pub use import::{ImportTasks, ImportedTasks};
pub use info::{Activity, Counts, EngineInfo, HostKind, Queue, StopMode, Stopped, Unseen};
pub use list::{Cursor, ListQuery, ModelCount, Order, TaskCount, TaskPage};
pub use listener::{AUTO, HTTP_PORT, HttpChange, HttpState, Listen, OFF, TlsFiles};
pub use log::{
    Image, ImageQuery, LiveText, LogEntry, LogItem, LogPage, LogQuery, OutputChunk, OutputQuery,
    OutputStream, ToolOutcome,
};
pub use methods::{METHODS, TaskApi, TaskApiExt, calls};
pub use metrics::MetricsText;
pub use moves::{Move, QueuePlace};
pub use overview::{
    DayFigures, Digest, FirstTasks, ModelFigures, Overview, OverviewQuery, ProjectFigures,
    RunFigures, Spread,
};
pub use problem::{PROBLEM_JSON, Problem};
pub use project::{Project, ProjectId, Projects, ProjectsQuery};
pub use run::{Run, RunOutcome, Usage};
pub use search::{SearchHit, SearchPage, SearchPlace, SearchQuery, SnippetPart};
pub use settings::{
    AgentSettings, CapSettings, DelegationSettings, HttpSettings, LimitSettings, McpSettings,
    NotificationSettings, RateLimitSettings, RetentionSettings, Settings, SettingsChange,
    TelemetrySettings, UsageLimitSettings,
};
pub use state::{State, Status, WaitReason};
pub use submit::{
    Agent, Asker, CleanQuery, Cleaned, Edit, FollowUp, Limits, MAX_BATCH, MAX_CALLER_CHARS,
    MAX_KEY_BYTES, MAX_PROMPT_BYTES, NewTask, NewTasks, PermissionMode, Retry, SHELLS, SeenQuery,
    Spent, SpentQuery, SubmittedTasks,
};
pub use task::{Task, TaskDetail, TaskQuery};
pub use template::{
    MAX_TEMPLATE_NAME_CHARS, MAX_TEMPLATE_PROMPT_BYTES, MAX_TEMPLATES, SaveTemplate, Template,
    TemplateName, Templates,
};
pub use time::{Timestamp, format_duration, parse_duration};
pub use traceparent::Traceparent;
pub use trust::{Trust, TrustChange, TrustSource, TrustedDirectory};
pub use unknown::{UnknownName, UnknownValue};
pub use verdict::{DeniedTool, Failure, Note, Question, Verdict};

// For the programs of Claude Worker, which send calls, answer them and show settings. They may change at
// any time.
#[doc(hidden)]
pub use call::{
    BYTES, CallSchemas, CallVisitor, JSON, OutputHeaders, ReadArguments, Reply,
    VERSIONS_MAY_DIFFER, WriteArguments,
};
#[doc(hidden)]
pub use listener::{host_name, listen_address};
#[doc(hidden)]
pub use methods::{call_by_name, visit_calls};
#[doc(hidden)]
pub use nearest::nearest_name;
#[doc(hidden)]
pub use serde_error::explain_serde_error;
#[doc(hidden)]
pub use settings::{
    DECLARED_SETTINGS, FileForm, LARGEST_NUMBER, LONGEST_DURATION, SETTINGS_PAGE, Setting,
    SettingKind, SettingsPageSection, SettingsSection, all_settings,
};
#[doc(hidden)]
pub use surrogates::replace_unpaired_surrogates;

/// Version of the wire protocol. Client and engine must agree on it exactly; it is raised by a
/// change that an older peer would misread, and by a field that our programs send with every request of a
/// kind: an older engine refuses fields that it does not know.
pub const PROTOCOL: u32 = 4;
