//! Tasks as resources, prompts, completion, and who is told of changes.

use serde_json::{Value, json};

use super::client::{Mcp, outcome, wait};
use super::tools::{BYPASS, id, shell};
use crate::support::Home;

fn read(mcp: &Mcp, uri: &str) -> String {
    let result = mcp.ask("resources/read", json!({ "uri": uri })).unwrap();
    assert_eq!(result["contents"][0]["uri"], uri);
    result["contents"][0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_task_is_a_resource_with_its_log_and_its_result() {
    let home = Home::with_config(BYPASS);
    for mcp in [Mcp::legacy(&home), Mcp::modern(&home)] {
        let task = id(&mcp.ok("create_task", shell(&home, "echo one; echo two")));
        mcp.ok("wait_for_tasks", json!({ "task_ids": [task] }));
        let uri = format!("task://{task}");
        let detail: Value = serde_json::from_str(&read(&mcp, &uri)).unwrap();
        assert_eq!(detail["status"], "completed");
        assert_eq!(detail["request"]["execution_prompt"], "echo one; echo two");
        assert_eq!(read(&mcp, &format!("{uri}/log")), "one\ntwo\n");
        assert!(read(&mcp, &format!("{uri}/result")).contains("two"));
        let listed = mcp.ask("resources/list", json!({})).unwrap();
        assert_eq!(listed["resources"][0]["uri"], uri, "{listed:#}");
        let templates = mcp.ask("resources/templates/list", json!({})).unwrap();
        assert_eq!(templates["resourceTemplates"].as_array().unwrap().len(), 3);
    }
    // Page by page, all of them.
    let mcp = Mcp::legacy(&home);
    for _ in 0..60 {
        mcp.ok("create_task", shell(&home, "true"));
        let all = mcp.ok("list_tasks", json!({ "limit": 1 }));
        mcp.ok("wait_for_tasks", json!({ "task_ids": [all["tasks"][0]["id"]] }));
    }
    let (mut found, mut cursor) = (0, Value::Null);
    loop {
        let params = if cursor.is_null() { json!({}) } else { json!({ "cursor": cursor }) };
        let page = mcp.ask("resources/list", params).unwrap();
        found += page["resources"].as_array().unwrap().len();
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(found, 62);
    let complete = |reference: Value, name: &str, value: &str| {
        let argument = json!({ "name": name, "value": value });
        let params = json!({ "ref": reference, "argument": argument });
        mcp.ask("completion/complete", params).unwrap()["completion"]["values"].clone()
    };
    let log = json!({ "type": "ref/resource", "uri": "task://{id}/log" });
    let expected: Vec<String> =
        (0..=2).rev().map(|n| format!("6{n}")).chain(["6".to_owned()]).collect();
    assert_eq!(complete(log, "id", "6"), json!(expected));
    let review = json!({ "type": "ref/prompt", "name": "review_finished" });
    assert_eq!(complete(review, "task_ids", "3, 62"), json!(["3,62"]));
    let delegate = json!({ "type": "ref/prompt", "name": "delegate_plan" });
    let work = home.work().display().to_string();
    assert_eq!(complete(delegate, "working_directory", "/"), json!([work]));
}

#[test]
fn prompts_say_what_to_do_with_the_tools() {
    let home = Home::with_config(BYPASS);
    for mcp in [Mcp::legacy(&home), Mcp::modern(&home)] {
        let prompts = mcp.ask("prompts/list", json!({})).unwrap();
        assert_eq!(prompts["prompts"].as_array().unwrap().len(), 2);
        let get = |name: &str, arguments: Value| {
            let params = json!({ "name": name, "arguments": arguments });
            let result = mcp.ask("prompts/get", params).unwrap();
            result["messages"][0]["content"]["text"].as_str().unwrap().to_owned()
        };
        let text = get("delegate_plan", json!({ "plan": "Port it", "working_directory": "/x" }));
        assert!(text.contains("Port it") && text.contains("in /x"), "{text}");
        // Whatever it names is there.
        let tools = mcp.ask("tools/list", json!({})).unwrap();
        let known =
            |word: &str| tools["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == word);
        let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '_');
        let named: Vec<&str> =
            words.filter(|word| word.contains("_task") || word.starts_with("get_")).collect();
        assert!(named.len() >= 5 && named.iter().all(|word| known(word)), "{named:?}");
        let task = id(&mcp.ok("create_task", shell(&home, "exit 3")));
        mcp.ok("wait_for_tasks", json!({ "task_ids": [task] }));
        for arguments in [json!({}), json!({ "task_ids": task.to_string() })] {
            let text = get("review_finished", arguments);
            assert!(text.contains(&format!("Task {task} \"exit 3\" failed")), "{text}");
        }
    }
}

fn updated<'a>(uri: &'a str, after: &'a [Value]) -> impl Fn(&Value) -> bool + 'a {
    move |message| {
        message["method"] == "notifications/resources/updated"
            && message["params"]["uri"] == uri
            && !after.contains(message)
    }
}

#[test]
fn who_subscribes_is_told_of_changes_in_the_older_way() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::legacy(&home);
    let command =
        "until [ -e one ]; do sleep 0.01; done; echo one; until [ -e two ]; do sleep 0.01; done";
    let task = id(&mcp.ok("create_task", shell(&home, command)));
    home.until_status(task, "running");
    let [log, result] = ["log", "result"].map(|view| format!("task://{task}/{view}"));
    for uri in [&log, &result] {
        assert_eq!(mcp.ask("resources/subscribe", json!({ "uri": uri })).unwrap(), json!({}));
    }
    for wrong in ["task://999", "file:///x"] {
        assert!(mcp.ask("resources/subscribe", json!({ "uri": wrong })).is_err());
    }
    // What it prints is no change of state, and told all the same.
    std::fs::write(home.work().join("one"), "").unwrap();
    mcp.until_told("that the log has grown", updated(&log, &[]));
    // An engine that is killed takes nothing away from that.
    home.kill_engine();
    mcp.ask("resources/unsubscribe", json!({ "uri": log })).unwrap();
    std::fs::write(home.work().join("two"), "").unwrap();
    mcp.until_told("that there is a result", updated(&result, &[]));
    let told = mcp.traffic();
    assert!(!told.iter().any(|(_, message)| updated(&format!("task://{task}"), &[])(message)));
}

#[test]
fn who_listens_is_told_of_changes_in_the_newer_way() {
    let home = Home::with_config(BYPASS);
    let mut mcp = Mcp::modern(&home);
    let task = id(&mcp.ok("create_task", shell(&home, "until [ -e gate ]; do sleep 0.01; done")));
    home.until_status(task, "running");
    let uri = format!("task://{task}");
    let wanted = json!({ "resourceSubscriptions": [uri, "file:///x"], "toolsListChanged": true });
    let (request, open) = mcp.request("subscriptions/listen", json!({ "notifications": wanted }));
    let taken = mcp.until_told("what is taken on", |message| {
        message["method"] == "notifications/subscriptions/acknowledged"
    });
    let expected = json!({ "resourceSubscriptions": [uri] });
    assert_eq!(taken["params"]["notifications"], expected, "{taken:#}");
    std::fs::write(home.work().join("gate"), "").unwrap();
    let told = mcp.until_told("that the task has changed", updated(&uri, &[]));
    let key = "io.modelcontextprotocol/subscriptionId";
    assert_eq!(told["params"]["_meta"][key], request, "{told:#}");
    // The older way is none here.
    assert!(mcp.ask("resources/subscribe", json!({ "uri": uri })).is_err());
    // And when the client goes, what was open is ended in order.
    mcp.close();
    assert_eq!(outcome(wait(open)).unwrap()["resultType"], "complete");
}
