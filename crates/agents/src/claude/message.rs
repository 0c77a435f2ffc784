//! The CLI's output protocol: one line as a [`Message`].
//!
//! Each field is read on its own, so that a missing, new or changed field has no effect on the
//! others.

use claude_worker_api::{DeniedTool, Timestamp, ToolOutcome, Usage};

use super::content::Content;
use super::markup::without_markup;
use super::tool;
use crate::json::string;
use crate::object::{Object, list};
use crate::text::clip;

/// The longest text of a message except a result, in bytes.
pub(super) const MAX_TEXT: usize = 64 * 1024;
/// The longest result, in bytes.
pub(super) const MAX_RESULT: usize = 1024 * 1024;

/// One line of output.
#[derive(Debug)]
pub(super) enum Message<'a> {
    /// The session began. A run may have several of these.
    Init {
        session_id: Option<String>,
        model: Option<String>,
        version: Option<String>,
        directory: Option<String>,
    },
    /// Output of the model: texts and tool calls.
    Assistant {
        at: Option<Timestamp>,
        blocks: Vec<Block<'a>>,
        /// Whether the CLI itself wrote it, to report an API error. The result repeats it.
        is_api_error: bool,
        /// Whether it is from a subagent.
        is_of_subagent: bool,
    },
    /// Input to the model: the result of a tool, an interruption.
    User { at: Option<Timestamp>, blocks: Vec<Block<'a>>, is_of_subagent: bool },
    /// An API request failed and is repeated.
    Retry { attempt: u32, max_attempts: u32, delay_ms: u64, status: Option<u16>, error: String },
    /// The state of the account's usage limits.
    RateLimit { state: RateLimit, resets_at: Option<Timestamp>, kind: String },
    /// A note for the log.
    Note(String),
    /// What runs in the background has changed; with a note for the log, if there is one.
    Background { change: Background, note: Option<String> },
    /// The report at the end of the work. A run may have several.
    Report(Report),
    /// A message that is neither shown nor remembered.
    Nothing,
}

/// A change of what runs in the background: a command or a subagent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Background {
    /// It was started in the background or moved there.
    Began { id: String, what: String },
    /// It ended by itself.
    Ended { id: String },
    /// The CLI stopped it. `why` is empty if the agent had asked for that.
    Stopped { id: String, what: String, why: String },
    /// Everything that runs in the background now: ids and descriptions.
    Now(Vec<(String, String)>),
}

/// A block of content.
#[derive(Debug)]
pub(super) enum Block<'a> {
    Text(String),
    Thinking(String),
    Call { id: String, tool: String, summary: String, input: &'a str },
    Answer { id: String, outcome: ToolOutcome, returned: Returned<'a> },
}

/// What a tool returned, as JSON text. It is decoded only when it is needed, because it is the largest
/// part of the output.
#[derive(Debug, Clone, Copy)]
pub(super) enum Returned<'a> {
    Nothing,
    /// A string, or a list of texts and images.
    Content(&'a str),
    /// JSON that is shown unchanged.
    Json(&'a str),
}

/// Whether a usage limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RateLimit {
    Fine,
    Close,
    Reached,
}

/// The report of the CLI at the end of its work.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) outcome: Outcome,
    /// The answer, or the error text.
    pub(super) text: String,
    /// Tokens and turns since the last report; cost and time of the API of the whole session so far.
    pub(super) usage: Usage,
    /// Denied tool calls of the session, each with its id.
    pub(super) denied: Vec<(String, DeniedTool)>,
}

/// How the work ended, as the CLI reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// The limit on turns was reached.
    Turns,
    /// The budget was used up.
    Budget,
    /// The API failed. There is a status if it sent a response.
    Api {
        status: Option<u16>,
        about: About,
    },
    /// The model, or the safeguards around it, refused.
    Refused,
    /// The conversation is longer than the model can read.
    ContextFull,
    /// The agent was interrupted.
    Interrupted,
    /// Anything else.
    Error,
}

/// What an API error is about, if the CLI reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The account's usage limit.
    UsageLimit,
    /// The account itself.
    Account,
    /// Something else, or not reported.
    Other,
}

impl<'a> Message<'a> {
    /// Reads a line; `None` if it is not part of the protocol.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        if !line.starts_with('{') {
            return None;
        }
        let (line, content) = Content::with_line(line)?;
        let at = || line.text("timestamp").and_then(|at| at.parse().ok());
        Some(match line.text("type")?.as_ref() {
            "system" => system(&line),
            "assistant" => Self::Assistant {
                at: at(),
                blocks: blocks(&line, content),
                is_api_error: line.get("is_api_error_message").unwrap_or(false),
                is_of_subagent: is_of_subagent(&line),
            },
            "user" => Self::User {
                at: at(),
                blocks: blocks(&line, content),
                is_of_subagent: is_of_subagent(&line),
            },
            "rate_limit_event" => rate_limit(&line.object("rate_limit_info")),
            "result" => Self::Report(report(&line)),
            _ => Self::Nothing,
        })
    }
}

fn system(line: &Object<'_>) -> Message<'static> {
    match line.text("subtype").as_deref().unwrap_or_default() {
        "init" => Message::Init {
            session_id: line.owned("session_id").filter(|id| !id.is_empty()),
            model: line.owned("model").filter(|model| !model.is_empty()),
            version: line.owned("claude_code_version"),
            directory: line.owned("cwd"),
        },
        "api_retry" => Message::Retry {
            attempt: line.get("attempt").unwrap_or(0),
            max_attempts: line.get("max_retries").unwrap_or(0),
            delay_ms: line.get("retry_delay_ms").map_or(0, whole),
            status: line.get("error_status"),
            error: match line.text("error").as_deref() {
                // Without a status this is a connection that broke or never came about.
                None | Some("" | "unknown") if line.raw("error_status").is_none() => {
                    "no answer from the API".to_owned()
                }
                None | Some("unknown") => String::new(),
                Some(error) => error.replace('_', " "),
            },
        },
        // The tool result reports a denied call, but the results of a subagent are not in this output.
        "permission_denied" if line.raw("agent_id").is_some() => {
            let tool = line.text("tool_name").unwrap_or_default();
            Message::Note(format!("A subagent was not allowed to use {tool}"))
        }
        "model_fallback" | "model_refusal_fallback" => {
            let model = |key| line.text(key).unwrap_or("another model".into());
            let (from, to) = (model("original_model"), model("fallback_model"));
            let why = line.text("trigger").unwrap_or_default().replace('_', " ");
            Message::Note(format!("Went on with {to} instead of {from} ({why})"))
        }
        "status" => match (line.text("status").as_deref(), line.text("compact_error")) {
            (_, Some(error)) => Message::Note(format!("Compacting failed: {error}")),
            (Some("compacting"), None) => Message::Note("Compacting the conversation".to_owned()),
            _ => Message::Nothing,
        },
        "compact_boundary" => Message::Note("The conversation was compacted".to_owned()),
        "task_started" | "task_updated" | "task_notification" | "background_tasks_changed" => {
            background(line)
        }
        "informational" | "local_command_output" => note(line.owned("content")),
        "notification" => note(line.owned("text")),
        _ => Message::Nothing,
    }
}

/// A message about what runs in the background.
fn background(line: &Object<'_>) -> Message<'static> {
    let id = || line.owned("task_id").unwrap_or_default();
    let (change, note) = match line.text("subtype").as_deref().unwrap_or_default() {
        "task_started" if line.get("is_backgrounded") == Some(true) => {
            let what = line.owned("description").unwrap_or_default();
            let note = format!("Started in the background: {what}");
            (Background::Began { id: id(), what }, Some(note))
        }
        "task_updated" => {
            let patch = line.object("patch");
            match patch.text("status").as_deref() {
                // The reason of a stop comes in a `task_notification`.
                Some("completed" | "failed" | "killed") => (Background::Ended { id: id() }, None),
                _ if patch.get("is_backgrounded") == Some(true) => {
                    let what = patch.owned("description").unwrap_or_default();
                    (Background::Began { id: id(), what }, None)
                }
                _ => return Message::Nothing,
            }
        }
        "task_notification" => {
            let status = line.text("status").unwrap_or("ended".into());
            let summary = line.text("summary").unwrap_or_default();
            let note = format!("Background task {status}: {summary}");
            let change = match status.as_ref() {
                "stopped" | "killed" => {
                    let (what, why) = stopped(&summary);
                    Background::Stopped { id: id(), what, why }
                }
                _ => Background::Ended { id: id() },
            };
            (change, Some(note))
        }
        "background_tasks_changed" => {
            let task = |json| {
                let task = Object::parse(json)?;
                // The CLI does not wait for these before it exits.
                let apart = ["ambient", "off_host"].iter().any(|it| task.get(it) == Some(true));
                let what = task.owned("description").unwrap_or_default();
                Some((task.owned("task_id")?, what)).filter(|_| !apart)
            };
            (Background::Now(line.list("tasks").into_iter().filter_map(task).collect()), None)
        }
        _ => return Message::Nothing,
    };
    Message::Background { change, note }
}

/// What was stopped and why, from `Background command "NAME" was stopped after …`. A summary without
/// a reason is the name alone.
fn stopped(summary: &str) -> (String, String) {
    let named = summary.strip_prefix("Background command \"");
    match named.and_then(|rest| rest.rsplit_once("\" was stopped ")) {
        Some((what, why)) => (what.to_owned(), why.to_owned()),
        None => (summary.to_owned(), String::new()),
    }
}

fn is_of_subagent(line: &Object<'_>) -> bool {
    line.text("parent_tool_use_id").is_some() || line.text("agent_id").is_some()
}

fn note(text: Option<String>) -> Message<'static> {
    match text {
        Some(text) if !text.trim().is_empty() => {
            Message::Note(clip(without_markup(text), MAX_TEXT))
        }
        _ => Message::Nothing,
    }
}

fn rate_limit(info: &Object<'_>) -> Message<'static> {
    let kind = info.text("rateLimitType").unwrap_or_default();
    let of_window = || info.object("unifiedWindows").object(&kind).get("resetsAt");
    Message::RateLimit {
        state: match info.text("status").as_deref() {
            Some("rejected") => RateLimit::Reached,
            Some("allowed_warning") => RateLimit::Close,
            _ => RateLimit::Fine,
        },
        resets_at: info.get("resetsAt").or_else(of_window).and_then(instant),
        kind: limit_name(&kind),
    }
}

/// The name of a usage limit. The wire has `five_hour`, `seven_day` and `seven_day_opus`.
fn limit_name(kind: &str) -> String {
    match (kind, kind.strip_prefix("seven_day_")) {
        ("five_hour", _) => "5-hour limit".to_owned(),
        ("seven_day", _) => "7-day limit".to_owned(),
        (_, Some(model)) => format!("7-day limit, {}", model.replace('_', " ")),
        _ => kind.replace('_', " "),
    }
}

/// The content of an `assistant` or `user` line.
fn blocks<'a>(line: &Object<'_>, content: Content<'a>) -> Vec<Block<'a>> {
    match content {
        Content::Text(json) => string(json).into_iter().map(|it| Block::Text(it.into())).collect(),
        Content::Blocks(blocks) => {
            let denied = denied_answers(line);
            blocks.iter().filter_map(|(it, json)| block(it, json, &denied)).collect()
        }
    }
}

fn block<'a>(block: &Object<'a>, json: &'a str, denied: &[String]) -> Option<Block<'a>> {
    let text = |key| block.owned(key).filter(|text| !text.trim().is_empty());
    match block.text("type")?.as_ref() {
        "text" => Some(Block::Text(text("text")?)),
        "thinking" => Some(Block::Thinking(text("thinking")?)),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let input = block.raw("input").unwrap_or("{}");
            Some(Block::Call {
                id: block.owned("id").unwrap_or_default(),
                tool: block.owned("name").unwrap_or_default(),
                summary: tool::summary(input),
                input,
            })
        }
        "tool_result" | "mcp_tool_result" => {
            let id = block.owned("tool_use_id").unwrap_or_default();
            let outcome = if denied.contains(&id) {
                ToolOutcome::Denied
            } else if block.get("is_error") == Some(true) {
                ToolOutcome::Error
            } else {
                ToolOutcome::Ok
            };
            let returned = block.raw("content").map_or(Returned::Nothing, Returned::Content);
            Some(Block::Answer { id, outcome, returned })
        }
        // Results of the API's own tools (web search) stay unchanged.
        kind if kind.ends_with("_tool_result") => Some(Block::Answer {
            id: block.owned("tool_use_id").unwrap_or_default(),
            outcome: ToolOutcome::Ok,
            returned: Returned::Json(block.raw("content").unwrap_or(json)),
        }),
        _ => None,
    }
}

/// Whether a part of what a tool returned is an image.
fn is_image(part: &Object<'_>) -> bool {
    part.text("type").as_deref() == Some("image")
}

/// The content of the results in a line, as JSON text.
fn results<'a>(content: &Content<'a>) -> Vec<&'a str> {
    let Content::Blocks(blocks) = content else { return Vec::new() };
    let is_result = |block: &Object<'_>| block.text("type").as_deref() == Some("tool_result");
    blocks.iter().filter(|(it, _)| is_result(it)).filter_map(|(it, _)| it.raw("content")).collect()
}

/// The image with this number in a line, in Base64.
pub(super) fn image(line: &str, number: u32) -> Option<String> {
    let (_, content) = Content::with_line(line)?;
    let images = results(&content).into_iter().flat_map(list).filter_map(Object::parse);
    let image = images.filter(is_image).nth(number as usize)?;
    image.object("source").owned("data")
}

impl Returned<'_> {
    /// How many images were returned.
    pub(super) fn images(self) -> u32 {
        let Self::Content(json) = self else { return 0 };
        if !json.starts_with('[') {
            return 0;
        }
        let parts = list(json).into_iter().filter_map(Object::parse);
        parts.filter(is_image).count() as u32
    }

    /// What was returned, as text for a log.
    pub(super) fn text(self) -> String {
        let text = match self {
            Self::Nothing => String::new(),
            Self::Content(json) => {
                string(json).map_or_else(|| parts(json), |text| without_markup(text.into_owned()))
            }
            Self::Json(json) => json.to_owned(),
        };
        clip(text, MAX_TEXT)
    }
}

/// The texts in a list of texts and images.
fn parts(content: &str) -> String {
    let part = |json| {
        let part = Object::parse(json)?;
        part.owned("text").map(without_markup).or_else(|| Some(format!("[{}]", part.text("type")?)))
    };
    list(content).into_iter().filter_map(part).collect::<Vec<_>>().join("\n")
}

/// The ids of the calls that were denied instead of run. Their results look like any other error;
/// only the metadata beside them tells the difference.
fn denied_answers(line: &Object<'_>) -> Vec<String> {
    let is_denied = |meta: &Object<'_>| {
        let kind = meta.text("non_execution_kind").unwrap_or_default();
        let decision = meta.object("permission_decision").text("decision");
        decision.as_deref() == Some("reject")
            || matches!(kind.as_ref(), "user-rejected" | "permission-rule")
            || kind.starts_with("automode-")
    };
    line.list("tool_result_meta")
        .into_iter()
        .filter_map(Object::parse)
        .filter(is_denied)
        .filter_map(|meta| meta.owned("id"))
        .collect()
}

fn report(line: &Object<'_>) -> Report {
    let outcome = outcome(line);
    let errors: Vec<_> = line.list("errors").into_iter().filter_map(string).collect();
    let text = match (outcome, line.owned("result")) {
        (_, Some(text)) => without_markup(text),
        (Outcome::Interrupted, None) => "Interrupted before it was done".to_owned(),
        (Outcome::Done, None) => String::new(),
        (_, None) if errors.is_empty() => "The agent reported an error without words".to_owned(),
        // These are diagnostics for the developers of the CLI.
        (_, None) if errors.iter().all(|error| error.starts_with("[ede_diagnostic]")) => {
            "The agent stopped in the middle of its work".to_owned()
        }
        (_, None) => errors.join("; "),
    };
    let usage = line.object("usage");
    Report {
        outcome,
        text: clip(text, MAX_RESULT - 64),
        usage: Usage {
            cost_usd: line.get("total_cost_usd"),
            turns: line.get("num_turns"),
            input_tokens: usage.get("input_tokens"),
            output_tokens: usage.get("output_tokens"),
            cache_read_tokens: usage.get("cache_read_input_tokens"),
            cache_creation_tokens: usage.get("cache_creation_input_tokens"),
            api_ms: line.get("duration_api_ms"),
            tools_ms: None,
        },
        denied: line.list("permission_denials").into_iter().filter_map(denial).collect(),
    }
}

/// How the work ended. `subtype` alone is not enough: it is `success` after an API error too.
fn outcome(line: &Object<'_>) -> Outcome {
    let subtype = line.text("subtype").unwrap_or_default();
    let reason = line.text("terminal_reason").unwrap_or_default();
    let status = line.get::<u16>("api_error_status");
    let api = || Outcome::Api { status, about: about(line, status) };
    match line.text("stop_reason").as_deref() {
        Some("refusal") => return Outcome::Refused,
        Some("model_context_window_exceeded") => return Outcome::ContextFull,
        _ if reason == "prompt_too_long" || status == Some(413) => return Outcome::ContextFull,
        _ => {}
    }
    match (subtype.as_ref(), reason.as_ref()) {
        ("error_max_turns", _) => Outcome::Turns,
        ("error_max_budget_usd", _) => Outcome::Budget,
        _ if !line.get("is_error").unwrap_or(false) && !subtype.starts_with("error") => {
            Outcome::Done
        }
        (_, "api_error") => api(),
        _ if status.is_some() => api(),
        (_, reason) if reason.starts_with("aborted") => Outcome::Interrupted,
        _ => Outcome::Error,
    }
}

fn about(line: &Object<'_>, status: Option<u16>) -> About {
    let code = line.text("api_error").unwrap_or_default();
    let kind = line.text("api_error_type").unwrap_or_default();
    if code == "usage_limit_reached" {
        About::UsageLimit
    } else if status == Some(402) || kind == "billing_error" || code.starts_with("org_disabled") {
        About::Account
    } else {
        About::Other
    }
}

fn denial(json: &str) -> Option<(String, DeniedTool)> {
    let denial = Object::parse(json)?;
    let tool = denial.owned("tool_name")?;
    let input = denial.raw("tool_input").map(tool::summary).unwrap_or_default();
    let id = denial.owned("tool_use_id").unwrap_or_else(|| format!("{tool} {input}"));
    let rule = denial.raw("tool_input").and_then(|input| tool::rule(&tool, input));
    let asked = denial.raw("tool_input").filter(|_| tool == "AskUserQuestion");
    let questions = asked.map(tool::questions).unwrap_or_default();
    Some((id, DeniedTool { tool, input, rule, questions }))
}

/// An instant from a number of seconds or milliseconds since the Unix epoch, which differ in size:
/// seconds stay below 10^11 until the year 5138.
pub(super) fn instant(number: f64) -> Option<Timestamp> {
    const FIRST_MILLIS: f64 = 1e11;
    const LAST_MILLIS: f64 = 1e14;
    let millis = if number < FIRST_MILLIS { number * 1000.0 } else { number };
    (millis > 0.0 && millis < LAST_MILLIS).then(|| Timestamp::from_millis(millis as i64))
}

fn whole(number: f64) -> u64 {
    // Saturates, and converts NaN to zero.
    number as u64
}
