//! Spans of runs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::receiver::{Receiver, attribute};
use crate::claude::world_with;
use crate::connections::Engine;
use crate::support::{Home, read, until};

const SUBMITTED_IN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Our spans, once there are so many.
fn spans(receiver: &Receiver, count: usize) -> Vec<Value> {
    until("the spans are there", || receiver.spans("claude-worker").len() >= count);
    let spans = receiver.spans("claude-worker");
    assert_eq!(spans.len(), count, "{spans:?}");
    spans
}

#[test]
fn each_run_is_a_span_and_its_agent_gets_the_place_in_the_trace() {
    let receiver = Receiver::start();
    let home = Home::with_config(&receiver.config());
    let file = home.work().join("seen");
    let id = home.shell(&format!("echo $TRACEPARENT > {}; exit 3", file.display()));
    home.finished(id);
    let span = &spans(&receiver, 1)[0];
    let expected =
        format!("00-{}-{}-01", span["traceId"].as_str().unwrap(), span["spanId"].as_str().unwrap());
    assert_eq!(read(&file).trim(), expected);
    assert_eq!(span["name"], "invoke_agent shell");
    assert_eq!(span["status"]["code"], 2, "{span}");
    assert_eq!(attribute(span, "claude_worker.verdict"), "exit");
    assert_eq!(attribute(span, "claude_worker.task.id"), id.to_string());
    assert!(!span.to_string().contains("echo"), "{span}");
    // The next run of the same task is another span.
    home.run(["retry", &id.to_string()]).ok();
    home.finished(id);
    let both = spans(&receiver, 2);
    assert_ne!(both[0]["spanId"], both[1]["spanId"]);
    assert_eq!(attribute(&both[1], "claude_worker.run.number"), "2");
}

#[test]
fn a_submission_with_the_header_traceparent_is_the_parent_of_its_runs() {
    let receiver = Receiver::start();
    let home = Home::with_config(&receiver.config());
    let engine = Engine::start(&home);
    let submit = |path: &str, traceparent: &str| {
        let task = format!(
            r#"{{"agent":"shell","execution_prompt":"true","working_directory":"{}"}}"#,
            home.work().display()
        );
        let body = match path.ends_with("batch") {
            true => format!(r#"{{"tasks":[{task}]}}"#),
            false => task,
        };
        let (head, body) = engine.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ntraceparent: {traceparent}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            engine.address,
            engine.token,
            body.len()
        ));
        assert!(head.starts_with("HTTP/1.1 201"), "{head} {body}");
        let made = serde_json::from_str::<Value>(&body).unwrap();
        made.pointer("/tasks/0").unwrap_or(&made)["id"].as_i64().unwrap()
    };
    let is_child = |span: &Value| {
        span["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"
            && span["parentSpanId"] == "00f067aa0ba902b7"
    };
    for path in ["/api/v1/tasks", "/api/v1/mcp/tasks", "/api/v1/tasks/batch"] {
        home.finished(submit(path, SUBMITTED_IN));
    }
    let children = spans(&receiver, 3);
    assert!(children.iter().all(is_child), "{children:?}");
    // The standard demands that a broken one is ignored.
    home.finished(submit("/api/v1/tasks", "nonsense"));
    let all = spans(&receiver, 4);
    assert!(all.iter().any(|span| span.get("parentSpanId").is_none()), "{all:?}");
    // The command line passes on the trace of its own process.
    for (traceparent, children) in [(SUBMITTED_IN, 4), ("nonsense", 4)] {
        let mut run = home.command();
        run.args(["run", "--agent", "shell", "--wait", "true"]).env("TRACEPARENT", traceparent);
        assert!(run.output().unwrap().status.success());
        let count = if traceparent == SUBMITTED_IN { 5 } else { 6 };
        let spans = spans(&receiver, count);
        assert_eq!(spans.iter().filter(|span| is_child(span)).count(), children, "{spans:?}");
    }
}

#[test]
fn a_run_whose_engine_was_killed_is_one_span_that_the_next_engine_sends() {
    let receiver = Receiver::start();
    let home = Home::with_config(&receiver.config());
    let (seen, go) = (home.work().join("seen"), home.work().join("go"));
    let id = home.shell(&format!(
        "echo $TRACEPARENT > {}; while [ ! -e {} ]; do sleep 0.05; done",
        seen.display(),
        go.display()
    ));
    until("the agent runs", || read(&seen).ends_with('\n'));
    home.kill_engine();
    std::fs::write(&go, "").unwrap();
    home.finished(id);
    let span = &spans(&receiver, 1)[0];
    let given = read(&seen);
    assert!(given.contains(span["traceId"].as_str().unwrap()), "{given} {span}");
    assert!(given.contains(span["spanId"].as_str().unwrap()), "{given} {span}");
    assert_eq!(attribute(span, "claude_worker.verdict"), "completed");
    // Another engine has nothing more to send.
    home.run(["server", "stop"]).ok();
    home.run(["list"]).ok();
    spans(&receiver, 1);
}

#[test]
fn spans_are_kept_while_the_receiver_is_away_and_sent_when_the_engine_stops() {
    let receiver = Receiver::start();
    receiver.answer(503);
    let home = Home::with_config(&receiver.config());
    let first = home.shell("true");
    home.finished(first);
    until("it is told in the log", || {
        read(&home.data().join("engine.log")).contains("spans cannot be sent")
    });
    receiver.answer(200);
    spans(&receiver, 1);
    let second = home.shell("true");
    home.finished(second);
    home.run(["server", "stop"]).ok();
    let tasks: BTreeSet<String> =
        spans(&receiver, 2).iter().map(|span| attribute(span, "claude_worker.task.id")).collect();
    assert_eq!(tasks, [first, second].map(|id| id.to_string()).into());
}

/// Claude Code's own spans are children of the span of the run.
#[test]
fn claude_code_nests_its_spans() {
    let receiver = Receiver::start();
    let mut world = world_with(&receiver.config());
    for (name, value) in [
        ("CLAUDE_CODE_ENABLE_TELEMETRY", "1"),
        ("CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", "1"),
        ("OTEL_TRACES_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint.as_str()),
    ] {
        world.home = std::mem::replace(&mut world.home, Home::new()).variable(name, value);
    }
    let task = world.outcome("[[say Hello.]]", &[]);
    assert_eq!(task["status"], "completed", "{task}");
    let span = spans(&receiver, 1).remove(0);
    assert_eq!(attribute(&span, "gen_ai.provider.name"), "anthropic");
    assert_eq!(attribute(&span, "gen_ai.conversation.id"), task["run_history"][0]["session_id"]);
    assert!(!attribute(&span, "gen_ai.usage.output_tokens").is_empty(), "{span}");
    until("Claude Code has sent its spans", || !receiver.spans("claude-code").is_empty());
    let theirs = receiver.spans("claude-code");
    let is_child = |it: &Value| it["parentSpanId"] == span["spanId"];
    assert!(theirs.iter().any(is_child), "{span} {theirs:?}");
    assert!(theirs.iter().all(|it| it["traceId"] == span["traceId"]), "{span} {theirs:?}");
}
