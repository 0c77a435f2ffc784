//! Lines that are in no recording: rare messages, messages of other versions, and other text.

mod support;

use claude_worker_api::{Agent, LogEntry, LogItem, ToolOutcome};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::read;

fn shown(line: &Value) -> Vec<LogItem> {
    let (entries, _) = read(Agent::Claude, line.to_string().as_bytes(), b"");
    entries.into_iter().map(|entry| entry.item).collect()
}

#[test]
fn messages_for_people_become_notes() {
    let check = |line: Value, expected: Option<&str>| {
        let expected = expected.map(|text| LogItem::Note { text: text.to_owned() });
        assert_eq!(shown(&line), Vec::from_iter(expected), "{line}");
    };
    let system = |subtype: &str, mut fields: Value| {
        fields["type"] = "system".into();
        fields["subtype"] = subtype.into();
        fields
    };
    check(
        system(
            "model_fallback",
            json!({"trigger": "server_error", "original_model": "opus", "fallback_model": "sonnet"}),
        ),
        Some("Went on with sonnet instead of opus (server error)"),
    );
    check(system("status", json!({"status": "requesting"})), None);
    check(system("status", json!({"status": "compacting"})), Some("Compacting the conversation"));
    check(
        system("status", json!({"status": null, "compact_error": "too long"})),
        Some("Compacting failed: too long"),
    );
    check(system("compact_boundary", json!({})), Some("The conversation was compacted"));
    check(system("task_started", json!({"description": "x", "is_backgrounded": false})), None);
    check(
        system("task_started", json!({"description": "dev server", "is_backgrounded": true})),
        Some("Started in the background: dev server"),
    );
    check(
        system("task_notification", json!({"status": "failed", "summary": "exit 3"})),
        Some("Background task failed: exit 3"),
    );
    check(system("informational", json!({"content": "By the way"})), Some("By the way"));
    check(system("permission_denied", json!({"tool_name": "Bash"})), None);
    check(
        system("permission_denied", json!({"tool_name": "Bash", "agent_id": "a1"})),
        Some("A subagent was not allowed to use Bash"),
    );
    check(system("from_the_future", json!({"content": 5})), None);
    check(json!({"type": "from_the_future"}), None);
    check(json!({"type": "stream_event", "event": {"type": "message_stop"}}), None);
    let limit_of = |status, kind| {
        json!({"type": "rate_limit_event",
               "rate_limit_info": {"status": status, "rateLimitType": kind}})
    };
    let limit = |status| limit_of(status, "five_hour");
    check(limit_of("rejected", "seven_day"), Some("Usage limit reached (7-day limit)"));
    check(limit_of("rejected", "seven_day_opus"), Some("Usage limit reached (7-day limit, opus)"));
    check(limit_of("rejected", "over_age"), Some("Usage limit reached (over age)"));
    check(limit("allowed"), None);
    check(limit("allowed_warning"), Some("Close to the usage limit (5-hour limit)"));
    check(limit("rejected"), Some("Usage limit reached (5-hour limit)"));
}

#[test]
fn the_first_line_is_read_after_a_byte_order_mark() {
    let init = json!({"type": "system", "subtype": "init", "session_id": "s"});
    let bytes = [b"\xEF\xBB\xBF".as_slice(), init.to_string().as_bytes()].concat();
    let (entries, summary) = read(Agent::Claude, &bytes, b"");
    assert!(matches!(entries[0].item, LogItem::Started { .. }), "{entries:?}");
    assert_eq!(summary.session_id(), Some("s"));
}

#[test]
fn images_are_numbered_through_a_line_and_read_by_number() {
    let image = |data: &str| json!({"type": "image", "source": {"type": "base64", "data": data}});
    let result = |id: &str, content: Value| json!({"type": "tool_result", "tool_use_id": id, "content": content});
    let blocks = [
        result("t1", json!([image("AAAA"), {"type": "text", "text": "a"}, image("BBBB")])),
        result("t2", json!("[image]")),
        result("t3", json!([image("CCCC")])),
    ];
    let line = json!({"type": "user", "message": {"content": blocks}});
    let numbers = |item: LogItem| match item {
        LogItem::ToolResult { images, .. } => images,
        other => panic!("{other:?}"),
    };
    let shown: Vec<_> = shown(&line).into_iter().map(numbers).collect();
    assert_eq!(shown, [vec![0, 1], vec![], vec![2]]);
    let read = |number| claude_worker_agents::image(Agent::Claude, &line.to_string(), number);
    let all = [Some("AAAA"), Some("BBBB"), Some("CCCC"), None].map(|data| data.map(str::to_owned));
    assert_eq!([0, 1, 2, 3].map(read), all);
    assert_eq!(claude_worker_agents::image(Agent::Shell, &line.to_string(), 0), None);
}

#[test]
fn tool_results_of_every_form_are_read() {
    let check = |content: Value, meta: Value, outcome: ToolOutcome, text: &str| {
        let block = json!({"type": "tool_result", "tool_use_id": "t1", "content": content,
                           "is_error": outcome != ToolOutcome::Ok});
        let line = json!({"type": "user", "message": {"content": [block]},
                          "tool_result_meta": [meta]});
        let expected = LogItem::ToolResult {
            id: "t1".to_owned(),
            outcome,
            text: text.to_owned(),
            images: if text.contains("[image]") { vec![0] } else { vec![] },
        };
        assert_eq!(shown(&line), [expected], "{line}");
    };
    check(json!("plain"), json!({"id": "t1"}), ToolOutcome::Ok, "plain");
    check(
        json!([{"type": "text", "text": "a"}, {"type": "image", "source": {}}]),
        json!({}),
        ToolOutcome::Ok,
        "a\n[image]",
    );
    check(json!(null), json!(null), ToolOutcome::Ok, "");
    check(json!("exit 1"), json!({"id": "t1"}), ToolOutcome::Error, "exit 1");
    check(
        json!("cut"),
        json!({"id": "t1", "non_execution_kind": "interrupted"}),
        ToolOutcome::Error,
        "cut",
    );
    check(
        json!("no"),
        json!({"id": "t1", "non_execution_kind": "automode-blocked"}),
        ToolOutcome::Denied,
        "no",
    );
    check(
        json!("other call"),
        json!({"id": "t2", "non_execution_kind": "user-rejected"}),
        ToolOutcome::Error,
        "other call",
    );
}

#[test]
fn lines_outside_the_protocol_are_output() {
    let stdout = b"Hello\n\n{\"a\":1}\n{broken\n[1]\n\x1b[31mred\n";
    let (entries, summary) = read(Agent::Claude, stdout, b"\nuh oh\n");
    let output = |offset, text: &str, stderr| LogEntry {
        offset,
        at: None,
        item: LogItem::Output { text: text.to_owned(), stderr },
    };
    assert_eq!(
        entries,
        [
            output(0, "Hello", false),
            output(7, "{\"a\":1}", false),
            output(15, "{broken", false),
            output(23, "[1]", false),
            output(27, "\u{1b}[31mred", false),
            output(1, "uh oh", true),
        ]
    );
    assert_eq!(summary.last_action(), None);
}

#[test]
fn a_shell_shows_every_line() {
    let (entries, summary) = read(Agent::Shell, b"one\n\n{\"type\":\"result\"}\n", b"");
    let texts: Vec<_> = entries
        .iter()
        .map(|entry| match &entry.item {
            LogItem::Output { text, stderr: false } => text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["one", "", "{\"type\":\"result\"}"]);
    assert_eq!(summary.result(), Some("one\n\n{\"type\":\"result\"}"));
    assert_eq!(summary.final_summary().as_deref(), Some("{\"type\":\"result\"}"));
    assert_eq!(summary.session_id(), None);
}

#[test]
fn the_last_action_is_short() {
    let init = json!({"type": "system", "subtype": "init", "cwd": "/home/dev/app"});
    let check = |line: Value, expected: Option<&str>| {
        let (_, summary) = read(Agent::Claude, format!("{init}\n{line}").as_bytes(), b"");
        assert_eq!(summary.last_action().as_deref(), expected, "{line}");
    };
    let said = |block: Value| json!({"type": "assistant", "message": {"content": [block]}});
    let call = |tool: &str, input: Value| {
        said(json!({"type": "tool_use", "id": "t", "name": tool, "input": input}))
    };
    check(call("Edit", json!({"file_path": "/home/dev/app/src/lib.rs"})), Some("Edit src/lib.rs"));
    check(call("Read", json!({"file_path": "/home/dev/apple"})), Some("Read /home/dev/apple"));
    check(call("Bash", json!({"command": "cargo test\n"})), Some("Bash cargo test"));
    check(call("TodoWrite", json!({"todos": []})), Some("TodoWrite"));
    check(said(json!({"type": "thinking", "thinking": "Hm"})), Some("Thinking"));
    check(said(json!({"type": "text", "text": "First.\n\nSecond."})), Some("First. Second."));
    check(said(json!({"type": "redacted_thinking", "data": "x"})), None);
    check(
        json!({"type": "system", "subtype": "api_retry", "attempt": 1, "max_retries": 10,
               "retry_delay_ms": 3200.5, "error_status": 529, "error": "overloaded"}),
        Some("Retrying after 529 in 4 s"),
    );
    check(
        json!({"type": "system", "subtype": "api_retry", "retry_delay_ms": 500,
               "error_status": null, "error": "server_error"}),
        Some("Retrying after server error in 1 s"),
    );
    check(
        json!({"type": "system", "subtype": "api_retry", "retry_delay_ms": 500,
               "error_status": null, "error": "unknown"}),
        Some("Retrying after no answer from the API in 1 s"),
    );
}

#[test]
fn the_log_says_why_a_request_is_sent_again() {
    let reason = |status: Value, error: &str| {
        let line = json!({"type": "system", "subtype": "api_retry", "attempt": 1, "max_retries": 10,
                          "retry_delay_ms": 500, "error_status": status, "error": error});
        let (entries, _) = read(Agent::Claude, line.to_string().as_bytes(), b"");
        match &entries[0].item {
            LogItem::Retry { reason, .. } => reason.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason(json!(529), "overloaded"), "529 overloaded");
    assert_eq!(reason(Value::Null, "server_error"), "server error");
    assert_eq!(reason(Value::Null, "unknown"), "no answer from the API");
    assert_eq!(reason(json!(418), "unknown"), "418");
}

#[test]
fn a_huge_result_is_shortened() {
    let answer = "word ".repeat(1_000_000);
    let line = json!({"type": "result", "subtype": "success", "is_error": false, "result": answer});
    let (_, summary) = read(Agent::Claude, line.to_string().as_bytes(), b"");
    let result = summary.result().expect("a result");
    assert!(result.len() > 1_000_000 && result.len() <= 1024 * 1024);
    assert!(result.ends_with(" bytes more]"));
    let short = summary.final_summary().expect("a summary");
    assert!(short.chars().count() <= 300 && short.starts_with("word word"));
}

/// Lines as the protocol has them, with anything in place of its values.
fn protocol_like() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "type",
        "subtype",
        "message",
        "content",
        "result",
        "errors",
        "usage",
        "is_error",
        "permission_denials",
        "tool_name",
        "tool_input",
        "input",
        "name",
        "id",
        "text",
        "terminal_reason",
        "api_error_status",
        "total_cost_usd",
        "num_turns",
        "retry_delay_ms",
        "rate_limit_info",
        "resetsAt",
        "status",
        "tool_result_meta",
        "timestamp",
        "session_id",
    ]);
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "system",
            "assistant",
            "user",
            "result",
            "init",
            "api_retry",
            "success",
            "text",
            "tool_use",
            "tool_result",
            "api_error",
            "rejected",
            "2026-11-23T04:45:15.441Z",
        ])
        .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    let value = leaf.prop_recursive(4, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..8).prop_map(|map| {
                Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    });
    value.prop_map(|value| value.to_string())
}

proptest! {
    #[test]
    fn nothing_an_agent_prints_is_too_much(
        lines in prop::collection::vec(protocol_like(), 0..6),
        garbage in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut output = lines.join("\n").into_bytes();
        output.push(b'\n');
        output.extend(garbage);
        for agent in [Agent::Claude, Agent::Shell] {
            let (entries, summary) = read(agent, &output, &output);
            for entry in &entries {
                // An entry can be read back from its JSON.
                let json = serde_json::to_string(entry).expect("JSON");
                let back: LogEntry = serde_json::from_str(&json).expect("JSON");
                prop_assert_eq!(&back, entry);
            }
            for words in [summary.last_action(), summary.final_summary()].into_iter().flatten() {
                prop_assert!(words.chars().count() <= 300);
                prop_assert!(!words.contains(char::is_control), "{:?}", words);
            }
        }
    }
}
