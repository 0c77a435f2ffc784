//! Spans in OTLP's JSON form.

use claude_worker_api::{Agent, Timestamp, Verdict};
use claude_worker_engine::{RunRecord, RunTrace};
use serde_json::{Value, json};

use super::conventions as names;

/// The span kind "internal": the run is work of this service.
const INTERNAL: u8 = 1;
/// The status of a span that failed. A cancelled run has none: a client asked for its end.
const ERROR: u8 = 2;
const OK: u8 = 1;

/// An `ExportTraceServiceRequest` with a span for each run whose trace is recorded; none without any.
pub(super) fn request(runs: &[RunRecord]) -> Option<Value> {
    let spans: Vec<Value> = runs.iter().filter_map(span).collect();
    if spans.is_empty() {
        return None;
    }
    let resource = [
        text(names::SERVICE_NAME, "claude-worker"),
        text(names::SERVICE_VERSION, env!("CARGO_PKG_VERSION")),
    ];
    Some(json!({
        "resourceSpans": [{
            "resource": { "attributes": resource },
            "scopeSpans": [{
                "scope": { "name": "claude-worker", "version": env!("CARGO_PKG_VERSION") },
                "spans": spans,
                "schemaUrl": names::SCHEMA_URL,
            }],
            "schemaUrl": names::SCHEMA_URL,
        }]
    }))
}

/// The span of a run, from the start of its agent to its end. None for a run whose trace the submitter
/// does not record.
fn span(run: &RunRecord) -> Option<Value> {
    let RunTrace { span, parent } = RunTrace::of(&run.run, run.traceparent);
    if !span.is_sampled() {
        return None;
    }
    let agent = run.agent.name();
    let (verdict, status) = match &run.verdict {
        Verdict::Completed { .. } => ("completed", json!({ "code": OK })),
        Verdict::Cancelled => ("cancelled", json!({})),
        // Not its message, which may repeat what the agent printed.
        Verdict::Failed { failure } => {
            (failure.kind(), json!({ "code": ERROR, "message": failure.kind() }))
        }
        Verdict::Unknown(verdict) => (verdict.name.as_str(), json!({})),
    };
    let usage = run.usage;
    let cached = (usage.cache_read_tokens, usage.cache_creation_tokens);
    let all_input =
        usage.input_tokens.map(|input| input + cached.0.unwrap_or(0) + cached.1.unwrap_or(0));
    let mut attributes = vec![
        text(names::OPERATION_NAME, names::INVOKE_AGENT),
        text(names::AGENT_NAME, agent),
        whole(names::TASK_ID, run.task.0.unsigned_abs()),
        text(names::RUN_ID, run.run.as_str()),
        whole(names::RUN_NUMBER, run.number.into()),
        text(names::VERDICT, verdict),
    ];
    if run.agent == Agent::Claude {
        attributes.push(text(names::PROVIDER_NAME, names::ANTHROPIC));
        attributes.push(real(names::COST, run.cost_usd));
    }
    if matches!(run.verdict, Verdict::Failed { .. }) {
        attributes.push(text(names::ERROR_TYPE, verdict));
    }
    let texts = [(names::REQUEST_MODEL, &run.model), (names::CONVERSATION_ID, &run.session_id)];
    attributes.extend(texts.iter().filter_map(|(name, value)| Some(text(name, value.as_deref()?))));
    let numbers = [
        (names::INPUT_TOKENS, all_input),
        (names::OUTPUT_TOKENS, usage.output_tokens),
        (names::CACHE_READ_TOKENS, usage.cache_read_tokens),
        (names::CACHE_CREATION_TOKENS, usage.cache_creation_tokens),
        (names::TURNS, usage.turns.map(u64::from)),
    ];
    attributes.extend(numbers.iter().filter_map(|(name, value)| Some(whole(name, (*value)?))));
    // A run whose agent never started has no duration.
    let started_at = run.started_at.unwrap_or(run.ended_at);
    if let Some(queued_at) = run.queued_at.filter(|_| run.started_at.is_some()) {
        let waited = started_at.millis_since(queued_at) as f64 / 1000.0;
        attributes.push(real(names::QUEUE_WAIT, waited));
    }
    let mut span_json = json!({
        "traceId": format!("{:032x}", span.trace_id()),
        "spanId": format!("{:016x}", span.span_id()),
        "flags": 1,
        "name": format!("{} {agent}", names::INVOKE_AGENT),
        "kind": INTERNAL,
        "startTimeUnixNano": nanos(started_at),
        "endTimeUnixNano": nanos(run.ended_at.max(started_at)),
        "attributes": attributes,
        "status": status,
    });
    if let Some(parent) = parent {
        span_json["parentSpanId"] = json!(format!("{parent:016x}"));
    }
    Some(span_json)
}

/// 64-bit numbers are text in OTLP's JSON.
fn nanos(at: Timestamp) -> String {
    format!("{}000000", at.as_millis().max(0))
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn whole(key: &str, value: u64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

fn real(key: &str, value: f64) -> Value {
    json!({ "key": key, "value": { "doubleValue": value } })
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Failure, RunId, TaskId, Usage};

    use super::*;

    fn run() -> RunRecord {
        RunRecord {
            task: TaskId(7),
            run: RunId::new(TaskId(7), 2, 1),
            number: 2,
            agent: Agent::Claude,
            model: Some("claude-opus-4-1".to_owned()),
            verdict: Verdict::Completed { denied_tools: Vec::new(), notes: Vec::new() },
            queued_at: Some(Timestamp::from_millis(1_000)),
            started_at: Some(Timestamp::from_millis(1_500)),
            ended_at: Timestamp::from_millis(61_500),
            session_id: Some("a-session".to_owned()),
            usage: Usage {
                input_tokens: Some(10),
                output_tokens: Some(5),
                cache_read_tokens: Some(100),
                turns: Some(3),
                ..Usage::default()
            },
            cost_usd: 0.25,
            traceparent: None,
        }
    }

    fn only_span(run: RunRecord) -> Value {
        request(&[run]).unwrap()["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone()
    }

    fn attribute(span: &Value, key: &str) -> Value {
        let attributes = span["attributes"].as_array().unwrap();
        let found = attributes.iter().find(|attribute| attribute["key"] == key);
        found.map_or(Value::Null, |found| found["value"].clone())
    }

    #[test]
    fn a_run_is_a_span_from_its_start_to_its_verdict() {
        let span = only_span(run());
        assert_eq!(span["name"], "invoke_agent claude");
        assert_eq!(span["startTimeUnixNano"], "1500000000");
        assert_eq!(span["endTimeUnixNano"], "61500000000");
        assert_eq!(span["status"], json!({ "code": 1 }));
        assert_eq!(span["traceId"].as_str().unwrap().len(), 32);
        assert_eq!(span["spanId"].as_str().unwrap().len(), 16);
        assert_eq!(span.get("parentSpanId"), None);
        let expected = [
            ("gen_ai.operation.name", json!({ "stringValue": "invoke_agent" })),
            ("gen_ai.provider.name", json!({ "stringValue": "anthropic" })),
            ("gen_ai.request.model", json!({ "stringValue": "claude-opus-4-1" })),
            ("gen_ai.conversation.id", json!({ "stringValue": "a-session" })),
            ("gen_ai.usage.input_tokens", json!({ "intValue": "110" })),
            ("gen_ai.usage.output_tokens", json!({ "intValue": "5" })),
            ("claude_worker.task.id", json!({ "intValue": "7" })),
            ("claude_worker.run.number", json!({ "intValue": "2" })),
            ("claude_worker.verdict", json!({ "stringValue": "completed" })),
            ("claude_worker.queue_wait_seconds", json!({ "doubleValue": 0.5 })),
            ("claude_worker.cost_usd", json!({ "doubleValue": 0.25 })),
            ("gen_ai.usage.cache_creation.input_tokens", Value::Null),
            ("error.type", Value::Null),
        ];
        for (key, value) in expected {
            assert_eq!(attribute(&span, key), value, "{key}");
        }
    }

    #[test]
    fn a_failure_is_told_by_its_kind_and_never_by_its_message() {
        let failure = Failure::Exit { code: 1, message: "a private line".to_owned() };
        let span = only_span(RunRecord { verdict: Verdict::Failed { failure }, ..run() });
        assert_eq!(span["status"], json!({ "code": 2, "message": "exit" }));
        assert_eq!(attribute(&span, "error.type"), json!({ "stringValue": "exit" }));
        assert!(!span.to_string().contains("private"));
    }

    #[test]
    fn a_run_is_a_child_of_the_span_that_submitted_it_unless_that_is_not_recorded() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let span = only_span(RunRecord { traceparent: parent.parse().ok(), ..run() });
        assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(span["parentSpanId"], "00f067aa0ba902b7");
        let unrecorded = parent.replace("-01", "-00");
        assert_eq!(request(&[RunRecord { traceparent: unrecorded.parse().ok(), ..run() }]), None);
    }
}
