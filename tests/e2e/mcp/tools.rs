//! The tools, as agents use them.

use serde_json::{Value, json};

use super::client::{self, Mcp, outcome, text, wait};
use crate::support::{Home, read};

/// The user lets MCP do without permission checks, so that tests can run plain commands.
pub(super) const BYPASS: &str = "[mcp]\nallow_bypass = true\n";

pub(super) fn shell(home: &Home, command: &str) -> Value {
    let directory = home.work().display().to_string();
    json!({ "execution_prompt": command, "working_directory": directory, "agent": "shell" })
}

pub(super) fn id(answer: &Value) -> i64 {
    answer["task"]["id"].as_i64().unwrap()
}

#[test]
fn a_task_is_delegated_waited_for_and_read_with_nothing_running_before() {
    let home = Home::with_config(BYPASS);
    for mcp in [Mcp::legacy(&home), Mcp::modern(&home)] {
        let task = id(&mcp.ok("create_task", shell(&home, "echo the answer")));
        let waited = mcp.ok("wait_for_tasks", json!({ "task_ids": [task] }));
        assert_eq!(waited["finished"][0]["status"], "completed", "{waited:#}");
        assert_eq!((&waited["timed_out"], &waited["unfinished"]), (&json!(false), &json!([])));
        let result = mcp.ok("get_result", json!({ "task_id": task }));
        assert_eq!(result["answer"], "the answer", "{result:#}");
        let status = mcp.ok("get_task_status", json!({ "task_id": task.to_string() }));
        assert_eq!(status["task"]["status"], "completed");
        assert_eq!(mcp.ok("list_tasks", json!({}))["tasks"][0]["id"], task);
        let health = mcp.ok("health", json!({}));
        assert_eq!(health["engine"]["queue"]["workers"], 4);
        assert!(health["caller"].as_str().unwrap().starts_with("mcp:e2e:"), "{health:#}");
    }
}

#[test]
fn a_task_has_the_variables_that_the_client_gave_to_the_server() {
    let home = Home::with_config(BYPASS);
    home.run(["server", "start", "--no-http"]).ok();
    let mut server = client::command(&home);
    server.env("ANTHROPIC_API_KEY", "sk-ant-test-of-the-client");
    let mcp = Mcp::begin(server, client::MODERN);
    // Not all of it, because results are stored.
    let show = shell(&home, "echo ${ANTHROPIC_API_KEY#sk-ant-}");
    let task = id(&mcp.ok("create_task", show));
    mcp.ok("wait_for_tasks", json!({ "task_ids": [task] }));
    let result = mcp.ok("get_result", json!({ "task_id": task }));
    assert_eq!(result["answer"], "test-of-the-client", "{result:#}");
}

#[test]
fn the_same_key_makes_one_task_and_never_hides_another() {
    let home = Home::with_config(BYPASS);
    let (mcp, other) = (Mcp::legacy(&home), Mcp::modern(&home));
    let with_key = |command: &str| {
        let mut arguments = shell(&home, command);
        arguments["idempotency_key"] = json!("step 1");
        arguments
    };
    let first = id(&mcp.ok("create_task", with_key("true")));
    assert_eq!(id(&mcp.ok("create_task", with_key("true"))), first);
    assert_eq!(id(&other.ok("create_task", with_key("true"))), first);
    let refusal = other.refused("create_task", with_key("false"), "conflict");
    assert!(refusal.contains(&format!("belongs to task {first}")), "{refusal}");
    assert_eq!(mcp.ok("list_tasks", json!({}))["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn permission_checks_stay_on_unless_the_user_says_otherwise() {
    let home = Home::new();
    let mcp = Mcp::legacy(&home);
    let directory = home.work().display().to_string();
    let with = |key: &str, value: Value| {
        let mut arguments = json!({ "execution_prompt": "x", "working_directory": directory });
        arguments[key] = value;
        arguments
    };
    for unchecked in [
        with("agent", json!("shell")),
        with("permission_mode", json!("bypassPermissions")),
        with("allowed_tools", json!(["Bash"])),
    ] {
        let refusal = mcp.refused("create_task", unchecked, "forbidden");
        assert!(
            refusal.contains("allow_bypass = true") && refusal.contains("config.toml"),
            "{refusal}"
        );
    }
    // What a person's own task may do is not for others to steer, nor to set off once more: what
    // it works on may be another thing by now.
    let person = home.json(["run", "--permission-mode", "bypassPermissions", "hello"]);
    let person = person["id"].as_i64().unwrap();
    home.finished(person);
    let resume = json!({ "task_id": person, "prompt": "now this" });
    mcp.refused("resume_task", resume, "forbidden");
    let refusal = mcp.refused("retry_task", json!({ "task_id": person }), "forbidden");
    assert!(refusal.contains("allow_bypass = true"), "{refusal}");
    let shell = home.json(["run", "--agent", "shell", "make"])["id"].as_i64().unwrap();
    home.finished(shell);
    mcp.refused("retry_task", json!({ "task_id": shell }), "forbidden");
    for task in [person, shell] {
        assert_eq!(home.json(["status", &task.to_string()])["runs"], 1);
    }
    // What is as checked as usual may be run again.
    let plain = home.json(["run", "hello"])["id"].as_i64().unwrap();
    home.finished(plain);
    mcp.ok("retry_task", json!({ "task_id": plain }));
    assert_eq!(mcp.ok("list_tasks", json!({}))["tasks"].as_array().unwrap().len(), 3);
}

#[test]
fn a_task_with_private_variables_is_run_again_by_its_submitter_only() {
    let home = Home::new().variable("SECRET", "value");
    let task = home.json(["run", "--env", "SECRET", "hello"])["id"].as_i64().unwrap();
    home.finished(task);
    let mcp = Mcp::legacy(&home);
    let resume = json!({ "task_id": task, "prompt": "echo $SECRET" });
    for (tool, arguments) in
        [("retry_task", json!({ "task_id": task })), ("resume_task", resume.clone())]
    {
        let refusal = mcp.refused(tool, arguments, "forbidden");
        let words = ["private variables", "SECRET", "allow_bypass = true", "config.toml"];
        assert!(words.iter().all(|word| refusal.contains(word)), "{refusal}");
        assert!(!refusal.contains("value"), "{refusal}");
    }
    assert_eq!(home.json(["status", &task.to_string()])["runs"], 1);
    // The user's word lets it.
    std::fs::write(home.data().join("config.toml"), BYPASS).unwrap();
    home.run(["server", "stop"]).ok();
    mcp.ok("retry_task", json!({ "task_id": task }));
}

#[test]
fn arguments_as_models_write_them_are_understood() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::legacy(&home);
    let mut arguments = shell(&home, "true");
    for left_out in ["name", "model", "system_prompt", "permission_mode", "idempotency_key"] {
        arguments[left_out] = Value::Null;
    }
    arguments["allowed_tools"] = json!("[]");
    arguments["limits"] = json!("{\"timeout_ms\": \"60000\", \"max_turns\": null}");
    let task = id(&mcp.ok("create_task", arguments));
    let request = home.json(["status", &task.to_string()])["request"].clone();
    assert_eq!(request["limits"], json!({ "timeout_ms": 60000 }), "{request:#}");
    for ids in [json!([task.to_string()]), json!(format!("[{task}]")), json!(task), json!("1")] {
        let wait = json!({ "task_ids": ids, "timeout_seconds": "20", "mode": null });
        assert_eq!(mcp.ok("wait_for_tasks", wait)["finished"][0]["id"], task);
    }
    let logs =
        json!({ "task_id": format!("#{task}"), "limit": "5", "raw": "false", "cursor": null });
    mcp.ok("get_task_logs", logs);
    let list = json!({ "status": "completed", "limit": 5.0, "search": null });
    assert_eq!(mcp.ok("list_tasks", list)["tasks"][0]["id"], task);
    mcp.ok("health", Value::Null);
}

#[test]
fn what_is_wrong_is_said_and_makes_no_task() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::legacy(&home);
    let with = |prompt: &str, directory: &str| json!({ "execution_prompt": prompt, "working_directory": directory });
    let work = home.work().display().to_string();
    let refusals = [
        (with(" ", &work), "prompt is empty"),
        (with("x", "/nowhere/at/all"), "/nowhere/at/all"),
        (with("x", "relative"), "relative"),
        (with("x", "/etc/passwd"), "/etc/passwd"),
        (json!({ "execution_prompt": "x" }), "working_directory"),
        (json!({ "execution_prompt": "x", "working_directory": work, "wrokers": 1 }), "wrokers"),
        (json!({ "prompt": "x", "working_directory": work }), "Did you mean execution_prompt?"),
        (
            json!({ "execution_prompt": "x", "working_directory": work, "limits": { "turns": 1 } }),
            "no argument limits.turns. Did you mean limits.max_turns?",
        ),
        (
            json!({ "execution_prompt": 7, "working_directory": work }),
            "execution_prompt must be a text, not 7",
        ),
    ];
    for (arguments, words) in refusals {
        let refusal = mcp.refused("create_task", arguments, "invalid_request");
        assert!(refusal.contains(words), "{words}: {refusal}");
    }
    for tool in ["get_task_status", "get_result", "get_task_logs", "cancel_task", "retry_task"] {
        let refusal = mcp.refused(tool, json!({ "task_id": 999 }), "not_found");
        assert!(refusal.contains("no task 999") && refusal.contains("list_tasks"), "{refusal}");
        for wrong in [json!(0), json!(-1), json!("twelve"), json!(null), json!(1.5)] {
            mcp.refused(tool, json!({ "task_id": wrong }), "invalid_request");
        }
    }
    mcp.refused("resume_task", json!({ "task_id": 999, "prompt": "x" }), "not_found");
    let unknown = mcp.refused("wait_for_tasks", json!({ "task_ids": [7, 8] }), "not_found");
    assert!(unknown.contains("7, 8"), "{unknown}");
    mcp.refused("wait_for_tasks", json!({ "task_ids": [] }), "invalid_request");
    mcp.refused("list_tasks", json!({ "status": "done" }), "invalid_request");
    mcp.refused("list_tasks", json!({ "cursor": "x" }), "invalid_request");
    mcp.refused("get_task_logs", json!({ "task_id": 1, "cursor": "x" }), "invalid_request");
    assert_eq!(mcp.ok("list_tasks", json!({}))["tasks"], json!([]));
}

#[test]
fn waiting_ends_with_any_or_all_of_them_or_with_the_time() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::modern(&home);
    let gated = |gate: &str| {
        let command = format!("until [ -e {gate} ]; do sleep 0.01; done; echo {gate}");
        id(&mcp.ok("create_task", shell(&home, &command)))
    };
    let (one, two) = (gated("one"), gated("two"));
    let open = |gate: &str| std::fs::write(home.work().join(gate), "").unwrap();

    let none = mcp.call("wait_for_tasks", json!({ "task_ids": [one, two], "timeout_seconds": 0 }));
    assert_eq!(none["structuredContent"]["timed_out"], true, "{none:#}");
    assert!(text(&none).contains(&format!("again with task_ids [{one}, {two}]")), "{none:#}");

    let any =
        json!({ "name": "wait_for_tasks", "arguments": { "task_ids": [one, two], "mode": "any" } });
    let (_, answered) = mcp.request("tools/call", any);
    open("two");
    let any = outcome(wait(answered)).unwrap()["structuredContent"].clone();
    assert_eq!(any["finished"][0]["id"], two, "{any:#}");
    assert_eq!(any["unfinished"][0]["id"], one, "{any:#}");
    assert_eq!(any["timed_out"], false);

    let meta = json!({ "progressToken": "p" });
    let all =
        json!({ "name": "wait_for_tasks", "arguments": { "task_ids": [one, two] }, "_meta": meta });
    let (_, answered) = mcp.request("tools/call", all);
    let told = mcp.until_told("how far it is", |message| {
        message["method"] == "notifications/progress" && message["params"]["progressToken"] == "p"
    });
    assert!(told["params"]["message"].as_str().unwrap().starts_with("1 of 2 finished"), "{told:#}");
    open("one");
    let all = outcome(wait(answered)).unwrap()["structuredContent"].clone();
    assert_eq!(all["finished"].as_array().unwrap().len(), 2, "{all:#}");
    // Counted strictly upwards.
    let counts: Vec<f64> = mcp
        .traffic()
        .iter()
        .filter(|(_, message)| message["method"] == "notifications/progress")
        .map(|(_, message)| message["params"]["progress"].as_f64().unwrap())
        .collect();
    assert!(counts.windows(2).all(|pair| pair[0] < pair[1]), "{counts:?}");
}

#[test]
fn a_task_that_is_removed_is_waited_for_no_longer() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::legacy(&home);
    let task = id(&mcp.ok("create_task", shell(&home, "sleep 1000")));
    let wait_for = json!({ "name": "wait_for_tasks", "arguments": { "task_ids": [task] } });
    let (_, answered) = mcp.request("tools/call", wait_for);
    home.until_status(task, "running");
    home.run(["remove", &task.to_string()]).ok();
    let waited = outcome(wait(answered)).unwrap()["structuredContent"].clone();
    assert_eq!(waited["removed"], json!([task]), "{waited:#}");
}

#[test]
fn who_waits_in_a_queue_that_is_paused_is_told_so() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::legacy(&home);
    home.run(["pause"]).ok();
    let task = id(&mcp.ok("create_task", shell(&home, "true")));
    let waited = mcp.ok("wait_for_tasks", json!({ "task_ids": [task], "timeout_seconds": 0 }));
    assert!(waited["summary"].as_str().unwrap().contains("queue is paused"), "{waited:#}");
    home.run(["unpause"]).ok();
    let waited = mcp.ok("wait_for_tasks", json!({ "task_ids": [task] }));
    assert!(!waited["summary"].as_str().unwrap().contains("paused"), "{waited:#}");
}

#[test]
fn a_cancelled_wait_ends_and_the_task_goes_on() {
    let home = Home::with_config(BYPASS);
    for mcp in [Mcp::legacy(&home), Mcp::modern(&home)] {
        let command = "until [ -e gate ]; do sleep 0.01; done";
        let task = id(&mcp.ok("create_task", shell(&home, command)));
        let wait_for = json!({ "name": "wait_for_tasks", "arguments": { "task_ids": [task] } });
        let (request, mut answered) = mcp.request("tools/call", wait_for);
        let cancelled = json!({ "requestId": request, "reason": "changed my mind" });
        let method = "notifications/cancelled";
        mcp.send(&json!({ "jsonrpc": "2.0", "method": method, "params": cancelled }));
        let status = mcp.ok("get_task_status", json!({ "task_id": task }));
        assert_ne!(status["task"]["status"], "cancelled");
        std::fs::write(home.work().join("gate"), "").unwrap();
        mcp.ok("wait_for_tasks", json!({ "task_ids": [task] }));
        // What was cancelled is not answered.
        assert!(answered.try_recv().is_err());
        std::fs::remove_file(home.work().join("gate")).unwrap();
    }
}

#[test]
fn cancel_returns_when_nothing_is_left_and_a_retry_runs_anew() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::legacy(&home);
    let task = id(&mcp.ok("create_task", shell(&home, "trap '' TERM; echo run; sleep 1000")));
    home.until_status(task, "running");
    let cancelled = mcp.ok("cancel_task", json!({ "task_id": task }));
    assert_eq!(cancelled["task"]["status"], "cancelled", "{cancelled:#}");
    assert!(home.agents().is_empty());
    mcp.ok("cancel_task", json!({ "task_id": task }));
    mcp.ok("retry_task", json!({ "task_id": task }));
    mcp.refused("retry_task", json!({ "task_id": task }), "conflict");
    let again = mcp.ok("cancel_task", json!({ "task_id": task }));
    assert_eq!(again["task"]["status"], "cancelled", "{again:#}");
    assert_eq!(again["task"]["runs"], 2, "{again:#}");
}

#[test]
fn a_log_is_read_from_its_end_and_to_both_sides() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::legacy(&home);
    let task = id(&mcp.ok("create_task", shell(&home, "seq 1 5000; echo 'ä€𝄞' | head -c 8; echo")));
    mcp.ok("wait_for_tasks", json!({ "task_ids": [task] }));
    let page = |more: Value| {
        let mut arguments = json!({ "task_id": task });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        mcp.ok("get_task_logs", arguments)
    };
    let lines = |page: &Value| page["text"].as_str().unwrap().to_owned();
    let last = page(json!({ "limit": 3 }));
    assert!(lines(&last).starts_with("4999\n5000\n"), "{last:#}");
    assert_eq!(last["end"], true);

    // Back to the beginning, and forward again: the same log.
    let mut back = lines(&last);
    let mut older = last["older_cursor"].clone();
    let mut first = Value::Null;
    while !older.is_null() {
        first = page(json!({ "cursor": older, "limit": 1000 }));
        assert!(lines(&first).len() <= 24_000);
        back.insert_str(0, &lines(&first));
        older = first["older_cursor"].clone();
    }
    let expected: String = (1..=5000).map(|n| format!("{n}\n")).collect();
    assert!(back.starts_with(&expected), "{} bytes", back.len());
    let mut forward = lines(&first);
    let mut newer = first["newer_cursor"].clone();
    loop {
        let next = page(json!({ "cursor": newer, "limit": 700 }));
        forward += &lines(&next);
        newer = next["newer_cursor"].clone();
        if next["end"] == true {
            break;
        }
    }
    assert_eq!(forward, back);

    // The bytes, with no character cut in two.
    let mut raw = String::new();
    let mut cursor = Value::Null;
    loop {
        let arguments =
            if cursor.is_null() { json!({ "raw": true }) } else { json!({ "cursor": cursor }) };
        let part = page(arguments);
        raw += &lines(&part);
        cursor = part["newer_cursor"].clone();
        if part["end"] == true {
            break;
        }
    }
    assert!(raw.starts_with(&expected) && raw.contains("ä€"), "{}", &raw[raw.len() - 20..]);
}

#[test]
fn a_long_answer_comes_whole_in_pages() {
    // A Claude Code that answers with 300,000 characters of two bytes.
    let home = Home::new();
    let claude = home.place("claude");
    let script = "#!/usr/bin/env python3\nimport json, sys\nsys.stdin.read()\n\
        print(json.dumps({'type': 'result', 'subtype': 'success', 'is_error': False, \
        'result': 'ä' * 300000, 'session_id': '11111111-2222-4333-8444-555555555555'}, ensure_ascii=False))\n";
    std::fs::write(&claude, script).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&claude, executable).unwrap();
    home.make_data();
    std::fs::write(home.data().join("config.toml"), format!("agents.claude = {claude:?}\n"))
        .unwrap();
    let mcp = Mcp::legacy(&home);
    let arguments =
        json!({ "execution_prompt": "x", "working_directory": home.work().display().to_string() });
    let task = id(&mcp.ok("create_task", arguments));
    mcp.ok("wait_for_tasks", json!({ "task_ids": [task] }));
    let mut whole = String::new();
    let mut arguments = json!({ "task_id": task });
    loop {
        let page = mcp.ok("get_result", arguments.clone());
        let answer = page["answer"].as_str().unwrap();
        assert!(answer.len() <= 48_000);
        whole += answer;
        assert_eq!(page["total_bytes"], 600_000);
        arguments["cursor"] = page["next_cursor"].clone();
        if page["next_cursor"].is_null() {
            break;
        }
    }
    assert_eq!(whole, "ä".repeat(300_000));
}

#[test]
fn tasks_that_delegate_are_parents_and_an_end_is_set_to_it() {
    let home = Home::with_config(&format!("{BYPASS}[delegation]\ndepth = 1\n"));
    // A task that is a client itself.
    let script = |name: &str, command: &str| {
        let mut arguments = shell(&home, command);
        arguments["name"] = json!(name);
        let lines = [
            json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": client::LEGACY, "capabilities": {},
                "clientInfo": { "name": "inside", "version": "1" } } }),
            json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
                "params": { "name": "create_task", "arguments": arguments } }),
        ];
        let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(home.work().join(format!("{name}.jsonl")), input).unwrap();
        let program = env!("CARGO_BIN_EXE_claude-worker-mcp");
        format!("'{program}' < {name}.jsonl > {name}.out")
    };
    let grandchild = script("grandchild", "true");
    let child = script("child", &grandchild);
    let mcp = Mcp::legacy(&home);
    let top = id(&mcp.ok("create_task", shell(&home, &child)));
    mcp.ok("wait_for_tasks", json!({ "task_ids": [top] }));
    mcp.ok("wait_for_tasks", json!({ "task_ids": [top + 1] }));
    let list = mcp.ok("list_tasks", json!({}));
    assert_eq!(list["tasks"].as_array().unwrap().len(), 2, "{list:#}");
    assert_eq!(list["tasks"][0]["parent"], top, "{list:#}");
    let said = read(&home.work().join("grandchild.out"));
    assert!(said.contains("delegation.depth is 1"), "{said}");
}

#[test]
fn a_caller_has_so_many_unfinished_tasks_and_no_more() {
    let home = Home::with_config(&format!("workers = 1\n{BYPASS}[delegation]\nunfinished = 2\n"));
    let mcp = Mcp::legacy(&home);
    let mut elsewhere = client::command(&home);
    elsewhere.current_dir(home.place("home"));
    let other = Mcp::begin(elsewhere, client::LEGACY);
    let persons = home.shell("true");
    home.finished(persons);
    let first = id(&mcp.ok("create_task", shell(&home, "sleep 1000")));
    mcp.ok("create_task", shell(&home, "true"));
    let refusal = mcp.refused("create_task", shell(&home, "true"), "forbidden");
    assert!(refusal.contains("2 unfinished tasks"), "{refusal}");
    // Nor by having the tasks of others run again, nor with a server that is started anew.
    mcp.refused("retry_task", json!({ "task_id": persons }), "forbidden");
    drop(mcp);
    let mcp = Mcp::legacy(&home);
    let refusal = mcp.refused("create_task", shell(&home, "true"), "forbidden");
    assert!(refusal.contains("The caller mcp:e2e:work-") && refusal.contains("2 unfinished"));
    other.ok("create_task", shell(&home, "true"));
    // What it has run again is its own from then on.
    other.ok("retry_task", json!({ "task_id": persons }));
    other.refused("create_task", shell(&home, "true"), "forbidden");
    mcp.ok("cancel_task", json!({ "task_id": first }));
    mcp.ok("wait_for_tasks", json!({ "task_ids": [first + 1] }));
    mcp.ok("create_task", shell(&home, "true"));
}

#[test]
fn a_task_that_runs_again_counts_like_a_new_one() {
    let home = Home::with_config(&format!("workers = 1\n{BYPASS}[caps]\nqueued = 1\n"));
    let (mcp, other) = (Mcp::legacy(&home), Mcp::legacy(&home));
    let first = id(&mcp.ok("create_task", shell(&home, "true")));
    mcp.ok("wait_for_tasks", json!({ "task_ids": [first] }));
    let foreign = id(&other.ok("create_task", shell(&home, "true")));
    mcp.ok("wait_for_tasks", json!({ "task_ids": [foreign] }));
    let running = id(&mcp.ok("create_task", shell(&home, "sleep 1000")));
    home.until_status(running, "running");
    let queued = id(&mcp.ok("create_task", shell(&home, "true")));
    other.refused("retry_task", json!({ "task_id": foreign }), "queue_full");
    mcp.ok("cancel_task", json!({ "task_id": queued }));
    other.ok("retry_task", json!({ "task_id": foreign }));

    let home = Home::with_config(&format!("workers = 2\n{BYPASS}[delegation]\nunfinished = 2\n"));
    let mcp = Mcp::legacy(&home);
    let first = id(&mcp.ok("create_task", shell(&home, "true")));
    mcp.ok("wait_for_tasks", json!({ "task_ids": [first] }));
    let running = id(&mcp.ok("create_task", shell(&home, "sleep 1000")));
    mcp.ok("create_task", shell(&home, "sleep 1000"));
    let refusal = mcp.refused("retry_task", json!({ "task_id": first }), "forbidden");
    assert!(refusal.contains("2 unfinished tasks"), "{refusal}");
    let resume = json!({ "task_id": first, "prompt": "more" });
    assert!(mcp.refused("resume_task", resume, "forbidden").contains("2 unfinished tasks"));
    mcp.ok("cancel_task", json!({ "task_id": running }));
    mcp.ok("retry_task", json!({ "task_id": first }));
}

#[test]
fn a_task_has_only_those_run_again_that_it_delegated() {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_claude-worker");
    let above = home.shell("true");
    home.finished(above);
    let (outer, child) = (above + 1, above + 2);
    let script = format!(
        "'{program}' run --agent shell --wait true\n\
         '{program}' retry {child} || echo own >> refused\n\
         '{program}' retry {above} 2>> said || echo above >> refused\n\
         '{program}' retry {outer} 2>> said || echo itself >> refused\n"
    );
    std::fs::write(home.work().join("script"), script).unwrap();
    assert_eq!(home.shell("sh script"), outer);
    home.finished(outer);
    assert_eq!(read(&home.work().join("refused")), "above\nitself\n");
    let said = read(&home.work().join("said"));
    assert!(
        said.contains(&format!("may not run task {above} again: it did not delegate it")),
        "{said}"
    );
    home.finished(child);
    assert_eq!(home.json(["status", &child.to_string()])["runs"], 2);
    assert_eq!(home.json(["status", &above.to_string()])["runs"], 1);
}
