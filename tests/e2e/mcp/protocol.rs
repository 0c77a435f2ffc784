//! The protocol itself: handshakes, versions, and what is no message.

use serde_json::{Value, json};

use super::client::{LEGACY, MODERN, Mcp, command};
use crate::support::Home;

#[test]
fn every_version_since_the_first_is_spoken() {
    let home = Home::new();
    let asked = ["2024-11-05", "2025-03-26", "2025-06-18", LEGACY];
    for (asked, spoken) in
        asked.map(|version| (version, version)).into_iter().chain([("1999-01-01", LEGACY)])
    {
        let mcp = Mcp::begin(command(&home), "");
        let client = json!({ "name": "e2e", "version": "1" });
        let params = json!({ "protocolVersion": asked, "capabilities": {}, "clientInfo": client });
        let result = mcp.ask("initialize", params).unwrap();
        assert_eq!(result["protocolVersion"], spoken, "{asked}");
        for capability in ["tools", "resources", "prompts", "completions"] {
            assert!(result["capabilities"][capability].is_object(), "{capability}: {result:#}");
        }
        assert_eq!(result["capabilities"]["resources"]["subscribe"], true);
        assert!(result["instructions"].as_str().unwrap().contains("wait_for_tasks"));
        assert_eq!(mcp.ask("ping", json!({})).unwrap(), json!({}));
    }
    let mcp = Mcp::modern(&home);
    let found = mcp.ask("server/discover", json!({})).unwrap();
    let versions = found["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!(MODERN)) && versions.contains(&json!(LEGACY)), "{found:#}");
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2030-01-01" });
    let unknown = Mcp::begin(command(&home), "");
    assert!(unknown.ask("tools/list", json!({ "_meta": meta })).is_err());
    assert!(unknown.ask("tools/list", json!({})).is_err());
    assert!(mcp.ask("tools/list", json!({})).is_ok());
}

#[test]
fn a_byte_order_mark_and_halves_of_characters_keep_no_message_from_being_read() {
    let home = Home::with_config("[mcp]\nallow_bypass = true\n");
    let mcp = Mcp::begin(command(&home), "");
    let client = json!({ "name": "e2e", "version": "1" });
    let params = json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client });
    let hello =
        json!({ "jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": params });
    mcp.send_line(&format!("\u{feff}{hello}"));
    let answer = mcp.until_told("that it is there", |told| told["id"] == "hello");
    assert_eq!(answer["result"]["protocolVersion"], LEGACY, "{answer:#}");
    mcp.send_line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let work = home.work().display().to_string();
    mcp.send_line(&format!(
        r#"{{"jsonrpc":"2.0","id":"half","method":"tools/call","params":{{"name":"create_task","arguments":{{"agent":"shell","execution_prompt":"true # \ud83d and \ud83d\ude00","working_directory":"{work}"}}}}}}"#
    ));
    let answer = mcp.until_told("that it is queued", |told| told["id"] == "half");
    assert_eq!(answer["result"]["isError"], false, "{answer:#}");
    let request = home.json(["status", "1"])["request"].clone();
    assert_eq!(request["execution_prompt"], "true # \u{fffd} and \u{1f600}", "{request:#}");
    // What is left out may be null anywhere.
    for (id, rest) in [
        ("list", r#""method":"tools/list","params":null"#),
        ("page", r#""method":"tools/list","params":{"cursor":null,"_meta":null}"#),
        ("call", r#""method":"tools/call","params":{"name":"health","arguments":null}"#),
    ] {
        mcp.send_line(&format!(r#"{{"jsonrpc":"2.0","id":"{id}",{rest}}}"#));
        let answer = mcp.until_told("an answer", |told| told["id"] == id);
        assert!(answer["result"].is_object(), "{answer:#}");
    }
}

#[test]
fn what_is_no_message_is_refused_and_ends_nothing() {
    let home = Home::new();
    let mcp = Mcp::legacy(&home);
    let before = mcp.traffic().len();
    for line in ["{", "nonsense", "\u{fffd}", "[]", "[{\"jsonrpc\":\"2.0\"}]", "7", "null", "\"x\""]
    {
        mcp.send_line(line);
    }
    // Answers to nobody, notifications of no kind, a cancellation of nothing.
    for message in [
        json!({ "jsonrpc": "2.0", "id": 99, "result": {} }),
        json!({ "jsonrpc": "2.0", "method": "notifications/no_such_thing" }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 77 } }),
    ] {
        mcp.send_line(&message.to_string());
    }
    mcp.send_line(r#"{"jsonrpc":"2.0","id":"mine"}"#);
    mcp.send_line(r#"{"jsonrpc":"1.0","id":"old","method":"ping"}"#);
    mcp.send_line("");
    mcp.ok("health", json!({}));
    let told: Vec<Value> = mcp.traffic()[before..]
        .iter()
        .filter(|(theirs, message)| *theirs && message["error"].is_object())
        .map(|(_, message)| message.clone())
        .collect();
    let codes: Vec<i64> =
        told.iter().map(|message| message["error"]["code"].as_i64().unwrap()).collect();
    assert_eq!(codes[..3], [-32700, -32700, -32700], "{told:#?}");
    assert!(codes[3..].iter().all(|code| *code == -32600), "{told:#?}");
    assert_eq!(codes.len(), 10, "{told:#?}");
    assert!(told.iter().any(|message| message["id"] == "mine"), "{told:#?}");
}

#[test]
fn requests_that_cannot_be_served_say_why() {
    let home = Home::new();
    for mcp in [Mcp::legacy(&home), Mcp::modern(&home)] {
        let code = |method: &str, params: Value| {
            let error = mcp.ask(method, params).unwrap_err();
            assert!(error["message"].as_str().unwrap().len() > 10, "{error}");
            error["code"].as_i64().unwrap()
        };
        assert_eq!(code("tools/call", json!({ "name": "no_such_tool" })), -32602);
        assert_eq!(code("tools/call", json!({})), -32602);
        assert_eq!(code("no/such/method", json!({})), -32601);
        assert_eq!(code("prompts/get", json!({ "name": "none" })), -32602);
        assert_eq!(code("prompts/get", json!({ "name": "delegate_plan" })), -32602);
        assert!([-32002, -32602].contains(&code("resources/read", json!({ "uri": "file:///x" }))));
        assert!([-32002, -32602].contains(&code("resources/read", json!({ "uri": "task://9" }))));
        mcp.ok("health", json!({}));
    }
}

#[test]
fn messages_out_of_turn_do_not_keep_a_session_from_beginning() {
    let home = Home::new();
    let mcp = Mcp::begin(command(&home), LEGACY_LATER);
    mcp.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    mcp.send(&json!({ "jsonrpc": "2.0", "id": 5, "result": {} }));
    mcp.send_line("{");
    assert!(mcp.ask("tools/list", json!({})).is_err());
    mcp.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } }));
    let client = json!({ "name": "e2e", "version": "1" });
    let params = json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client });
    mcp.ask("initialize", params).unwrap();
    mcp.ok("health", json!({}));
}

/// No version yet: nothing is sent by itself.
const LEGACY_LATER: &str = "";
