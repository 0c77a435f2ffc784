//! The reason of a failure, from the CLI's last report and how its process ended.

use claude_worker_api::{Failure, Timestamp};

use super::message::{About, Outcome, instant};
use crate::agent_program::Ended;
use crate::object::Object;
use crate::text::one_line;

/// The longest message of a failure, in characters.
const MAX_MESSAGE: usize = 300;

/// What the output says about the end of the run.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// The last report: a later one is based on more.
    pub(super) report: Option<LastReport>,
    /// Whether the newest message about the account's usage limit says that it is reached.
    pub(super) limit_reached: bool,
    /// When that limit ends.
    pub(super) limit_resets_at: Option<Timestamp>,
    /// The last line outside the protocol, on standard error if there was one there.
    pub(super) complaint: String,
}

/// The parts of the last report that are kept.
#[derive(Debug)]
pub(super) struct LastReport {
    pub(super) outcome: Outcome,
    /// The answer, or the error text.
    pub(super) text: String,
}

/// Why a run that was not stopped from outside failed; `None` if it completed.
///
/// A reported error takes precedence over the exit code, which is 0 after an interruption. A
/// reported success counts only with an exit code of 0: a process that fails afterwards has failed.
pub(super) fn failure(evidence: &Evidence, ended: Ended) -> Option<Failure> {
    Some(match (&evidence.report, ended) {
        (Some(LastReport { outcome: Outcome::Done, .. }), Ended::Exited(0) | Ended::Finished) => {
            return None;
        }
        (Some(report), _) if report.outcome != Outcome::Done => reported(report, evidence),
        (_, Ended::Exited(0) | Ended::Finished) => Failure::NoResult,
        (None, _) if is_usage_limit(&evidence.complaint) => {
            usage_limit(&evidence.complaint, evidence)
        }
        // The CLI turns SIGHUP, SIGINT and SIGTERM into exit codes, and a wrapper around it
        // SIGKILL: 128 and the signal.
        (_, Ended::Exited(code @ (129 | 130 | 137 | 143))) => {
            Failure::Signal { signal: code - 128 }
        }
        (_, Ended::Exited(code)) => {
            Failure::Exit { code, message: one_line(&evidence.complaint, MAX_MESSAGE) }
        }
        (_, Ended::Signalled(signal)) => Failure::Signal { signal },
    })
}

fn reported(report: &LastReport, evidence: &Evidence) -> Failure {
    match report.outcome {
        Outcome::Turns => Failure::Turns,
        Outcome::Budget => Failure::Budget,
        Outcome::Refused => Failure::Refusal { message: first_paragraph(&report.text) },
        Outcome::ContextFull => Failure::ContextFull { message: inner_message(&report.text) },
        _ if is_context_full(&report.text) => {
            Failure::ContextFull { message: inner_message(&report.text) }
        }
        Outcome::Api { about: About::UsageLimit, .. } => usage_limit(&report.text, evidence),
        _ if is_usage_limit(&report.text) => usage_limit(&report.text, evidence),
        Outcome::Api { status, about } if about == About::Account || is_account(&report.text) => {
            Failure::Account { http_status: status, message: account(&report.text) }
        }
        Outcome::Api { status: Some(429), .. } if evidence.limit_reached => {
            usage_limit(&report.text, evidence)
        }
        Outcome::Api { status: Some(429), .. } => {
            Failure::RateLimit { message: inner_message(&report.text), tries: 0 }
        }
        Outcome::Api { status, .. } => api_error(status, &report.text),
        Outcome::Done | Outcome::Interrupted | Outcome::Error => {
            Failure::AgentError { message: one_line(&report.text, MAX_MESSAGE) }
        }
    }
}

/// Whether an error is about the account's usage limits. Not every such error has a status.
fn is_usage_limit(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("usage limit reached")
        || text.contains("out of extra usage")
        || text.contains("reached your specified api usage limits")
        || (text.contains("you've hit your") && text.contains("limit"))
}

/// Whether an error is about the account as a whole. For some, the CLI has its own wording.
fn is_account(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("credit balance")
        || text.contains("disabled organization")
        || text.contains("organization has been disabled")
}

fn account(text: &str) -> String {
    if text.to_lowercase().contains("credit balance") {
        "Credit balance too low".to_owned()
    } else {
        inner_message(text)
    }
}

/// Whether an error says that the context is full. Some such errors have no field that says so.
fn is_context_full(text: &str) -> bool {
    text.starts_with("Prompt is too long") || text.contains("reached its context window limit")
}

/// In a refusal, the other paragraphs are advice for users of the interactive CLI.
fn first_paragraph(text: &str) -> String {
    inner_message(text.split("\n\n").next().unwrap_or(text))
}

fn usage_limit(text: &str, evidence: &Evidence) -> Failure {
    Failure::UsageLimit {
        resets_at: evidence.limit_resets_at.or_else(|| written_instant(text)),
        message: inner_message(text),
        tries: 0,
    }
}

/// The instant in `Claude AI usage limit reached|1749924000` and in `on 2026-12-01 at 00:00 UTC`.
/// A short form (`resets 5am`) is not read, because its time zone and day are unknown.
fn written_instant(text: &str) -> Option<Timestamp> {
    if let Some((_, digits)) = text.split_once('|') {
        return instant(digits.trim().parse().ok()?);
    }
    let (_, day) = text.split_once("regain access on ")?;
    let (day, time) = day.split_once(" at ")?;
    let (time, _) = time.split_once(" UTC")?;
    format!("{day}T{time}:00Z").parse().ok()
}

fn api_error(status: Option<u16>, text: &str) -> Failure {
    let lower = text.to_lowercase();
    let inner = inner_message(text);
    let (http_status, message) = match status {
        Some(401) | None if lower.contains("invalid api key") => {
            (Some(401), "Invalid API key".to_owned())
        }
        // The CLI sent no request. For the user this is the same as a 401.
        None if lower.contains("/login") => (Some(401), "Not logged in".to_owned()),
        Some(403) => (status, format!("Access refused: {inner}")),
        Some(404) => (status, model_not_found(text)),
        Some(529) => (status, "API overloaded".to_owned()),
        Some(code @ 500..) => (status, format!("API error {code}: {inner}")),
        _ => (status, inner),
    };
    Failure::ApiError { http_status, message: one_line(&message, MAX_MESSAGE), tries: 0 }
}

fn model_not_found(text: &str) -> String {
    let named = text.split_once("model (").and_then(|(_, rest)| rest.split_once(')'));
    match named {
        Some((model, _)) => format!("Model not found: {model}"),
        None => "Model not found".to_owned(),
    }
}

/// The message of an error without the CLI's wrapping: that of
/// `API Error: 500 {"error":{"message":…}}` is the `message`.
fn inner_message(text: &str) -> String {
    let inner = text.rsplit_once("API Error: ").map_or(text, |(_, rest)| rest);
    let inner = inner.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let inner = inner.strip_prefix("Request rejected (429) · ").unwrap_or(inner);
    let json = inner.find('{').and_then(|at| Object::parse(inner[at..].trim()));
    let message = json.and_then(|json| json.object("error").text("message"));
    let message = message.as_deref().unwrap_or(inner);
    let message = message.split_once('|').map_or(message, |(before, _)| before);
    one_line(message, MAX_MESSAGE).trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_messages_are_short() {
        let check = |status: Option<u16>, text: &str, code: Option<u16>, expected: &str| {
            let message = expected.to_owned();
            let expected = Failure::ApiError { http_status: code, message, tries: 0 };
            assert_eq!(api_error(status, text), expected, "{text}");
        };
        check(Some(401), "Invalid API key · Fix external API key", Some(401), "Invalid API key");
        check(None, "Not logged in · Please run /login", Some(401), "Not logged in");
        check(
            Some(500),
            r#"API Error: 500 {"type":"error","error":{"type":"api_error","message":"Oops."}}"#,
            Some(500),
            "API error 500: Oops",
        );
        check(Some(404), "Nothing there", Some(404), "Model not found");
        check(
            None,
            "API Error: Connection refused (ECONNREFUSED)",
            None,
            "Connection refused (ECONNREFUSED)",
        );
    }

    #[test]
    fn instants_are_read_from_texts_about_limits() {
        let check = |text: &str, millis: Option<i64>| {
            assert_eq!(written_instant(text).map(Timestamp::as_millis), millis, "{text}");
        };
        check("Claude AI usage limit reached|1749924000", Some(1_749_924_000_000));
        check("Claude AI usage limit reached|1749924000123", Some(1_749_924_000_123));
        check("Claude AI usage limit reached", None);
        check("You will regain access on 2026-12-01 at 00:00 UTC.", Some(1_796_083_200_000));
        check("You will regain access on Tuesday at 00:00 UTC.", None);
        check("You've hit your session limit · resets 5am", None);
        check("limit|soon", None);
        check("limit|inf", None);
        check("limit|-5", None);
    }
}
