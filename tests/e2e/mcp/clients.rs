//! The clients that people have: Claude Code, the Inspector, the Python SDK.

use std::process::{Command, Stdio};

use claude_worker_api::HostKind;
use claude_worker_engine::{Paths, settings};
use claude_worker_server::take_over;
use claude_worker_supervisor::SupervisorCommand;
use scripted_api::ScriptedApi;
use scripted_api::claude::{Installation, environment};
use scripted_api::mcp_clients::McpClients;
use serde_json::{Value, json};

use super::client::{LEGACY, MODERN, Mcp, outcome, text, wait};
use super::tools::{BYPASS, id, shell};
use crate::support::{Home, PATIENCE, Ran};

const SERVER: &str = env!("CARGO_BIN_EXE_claude-worker-mcp");

/// The pinned clients; without them there is no test.
pub(super) fn clients() -> McpClients {
    let clients = McpClients::expected().unwrap();
    assert!(clients.are_there(), "`cargo xtask setup` installs the MCP clients: {clients:?}");
    clients
}

/// A home whose `claude` is the real one and whose API is scripted.
fn claude_home() -> (Home, ScriptedApi) {
    let claude = Installation::find().unwrap();
    let api = ScriptedApi::start().unwrap();
    let config = format!("[agents]\nclaude = {:?}\n", claude.program);
    let mut home = Home::with_config(&config);
    for (name, value) in environment(&home.place("home"), &home.place("tmp"), &api.url()) {
        home = home.variable(&name, value);
    }
    (home, api)
}

/// Claude Code delegates a task, waits for it and reads its answer.
fn delegate(home: &Home, api: &ScriptedApi) {
    let work = home.work().display().to_string();
    // The brackets are written so that they open no directive here, but one in the task.
    let create = json!({ "execution_prompt": "PROMPT", "working_directory": work }).to_string();
    let create = create.replace("PROMPT", "[\\u005bsay Forty-two, says the other one.]\\u005d");
    let prompt = format!(
        "[[tool mcp__claude-worker__create_task {create}]] \
         [[tool mcp__claude-worker__wait_for_tasks {{\"task_ids\": [1]}}]] \
         [[tool mcp__claude-worker__get_result {{\"task_id\": 1}}]] [[say All is done.]]"
    );
    let server = json!({ "type": "stdio", "command": SERVER, "args": [] });
    let config = json!({ "mcpServers": { "claude-worker": server } });
    let file = home.place("mcp.json");
    std::fs::write(&file, config.to_string()).unwrap();
    let output = Command::new(Installation::find().unwrap().program)
        .args(["-p", "--output-format", "json", "--strict-mcp-config", "--mcp-config"])
        .arg(&file)
        .args(["--allowedTools", "mcp__claude-worker", "--"])
        .arg(&prompt)
        .env_clear()
        .envs(home.variables().iter().cloned())
        .current_dir(home.work())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let ran = Ran::of(&output);
    let said: Value = serde_json::from_str(&ran.ok().stdout).unwrap();
    assert_eq!(said["result"], "All is done.", "{said:#}");
    assert_eq!(said["permission_denials"], json!([]), "{said:#}");
    let detail = home.json(["status", "1"]);
    assert_eq!(detail["status"], "completed", "{detail:#}");
    assert_eq!(detail["result"], "Forty-two, says the other one.", "{detail:#}");
    let caller = detail["request"]["caller"].as_str().unwrap();
    assert!(caller.starts_with("mcp:claude-code:"), "{caller}");
    // The model of the first one has read what the second one said.
    let last = format!("{:?}", api.requests().last().unwrap());
    assert!(last.contains("Forty-two, says the other one."), "{last}");
    assert_eq!(home.json(["list"])["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn claude_code_delegates_to_claude_code_with_nothing_running_before() {
    let (home, api) = claude_home();
    delegate(&home, &api);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claude_code_delegates_to_claude_code_through_the_app() {
    let (home, api) = claude_home();
    let paths = Paths::below(&home.data());
    let program = env!("CARGO_BIN_EXE_claude-worker");
    // Agents see what the app sees; here that is the home's environment.
    let variables = home.variables().iter().map(|(name, value)| format!("{name}={value}"));
    let supervise = [program.to_owned(), "supervise".to_owned()];
    let args = std::iter::once("-i".to_owned()).chain(variables).chain(supervise).collect();
    let supervisor = SupervisorCommand { program: "/usr/bin/env".into(), args };
    let config = settings::load(&paths).unwrap();
    let hosted = take_over(paths, config, supervisor, None, HostKind::App, PATIENCE).await.unwrap();
    tokio::task::block_in_place(|| {
        delegate(&home, &api);
        assert_eq!(home.json(["server", "health"])["host"], "app");
        home.run(["server", "stop"]).ok();
    });
    hosted.ended().await;
}

#[test]
fn the_inspector_finds_nothing_to_complain_of_in_either_era() {
    let clients = clients();
    let home = Home::with_config(BYPASS);
    let inspect = |era: &str, more: &[&str]| {
        let mut command = Command::new(clients.inspector());
        command.args(["--cli", SERVER, "--protocol-era", era, "--format", "json"]);
        for (name, value) in home.variables() {
            command.args(["-e", &format!("{name}={value}")]);
        }
        let path = std::env::var("PATH").unwrap();
        command.args(more).env_clear().env("PATH", path).env("HOME", home.place("home"));
        let ran = Ran::of(&command.current_dir(home.work()).output().unwrap());
        ran.ok();
        assert_eq!(ran.stderr, "", "{era} {more:?}");
        serde_json::from_str::<Value>(&ran.stdout).unwrap()["result"].clone()
    };
    for era in ["modern", "legacy"] {
        let tools = inspect(era, &["--method", "tools/list", "--strict"]);
        assert_eq!(tools["tools"].as_array().unwrap().len(), 10);
        let call = |tool: &str, arguments: Value| {
            let arguments = arguments.to_string();
            let more = ["--method", "tools/call", "--tool-name", tool, "--tool-args-json"];
            inspect(era, &[&more[..], &[arguments.as_str()]].concat())
        };
        let made = call("create_task", shell(&home, "echo inspected"));
        let task = id(&made["structuredContent"]);
        call("wait_for_tasks", json!({ "task_ids": [task] }));
        let result = call("get_result", json!({ "task_id": task }));
        assert!(text(&result).contains("inspected"), "{result:#}");
        for method in ["resources/list", "resources/templates/list", "prompts/list"] {
            inspect(era, &["--method", method]);
        }
        let uri = format!("task://{task}/log");
        let log = inspect(era, &["--method", "resources/read", "--uri", &uri]);
        assert_eq!(log["contents"][0]["text"], "inspected\n");
    }
}

/// Runs a Python script of this directory with the pinned SDK.
fn python(home: &Home, script: &str, arguments: &[&str]) -> Ran {
    let path = format!("{}/tests/e2e/mcp/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(clients().python())
        .args(["-I", "-B", &path])
        .args(arguments)
        .env_clear()
        .envs(home.variables().iter().cloned())
        .current_dir(home.work())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran::of(&output)
}

#[test]
fn the_python_sdk_delegates_sees_progress_and_cancels_in_both_modes() {
    for mode in ["legacy", "auto"] {
        let home = Home::with_config(BYPASS);
        python(&home, "sdk.py", &[SERVER, mode]).ok();
    }
}

#[test]
fn what_travels_is_what_the_official_schema_says() {
    let home = Home::with_config(BYPASS);
    let file = home.place("traffic.jsonl");
    let mut lines = String::new();
    for (mcp, version) in [(Mcp::legacy(&home), LEGACY), (Mcp::modern(&home), MODERN)] {
        everything(&home, &mcp, version);
        for (theirs, message) in mcp.traffic() {
            let line = json!({ "version": version, "theirs": theirs, "message": message });
            lines += &format!("{line}\n");
        }
    }
    std::fs::write(&file, lines).unwrap();
    let ran = python(&home, "schema.py", &[&file.display().to_string()]);
    let checked: usize = ran.ok().stdout.trim().parse().unwrap();
    assert!(checked > 80, "only {checked} messages were checked");
}

/// One of everything that there is.
fn everything(home: &Home, mcp: &Mcp, version: &str) {
    if version == MODERN {
        mcp.ask("server/discover", json!({})).unwrap();
    }
    for method in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
        mcp.ask(method, json!({})).unwrap();
    }
    let gate = home.work().join("gate");
    drop(std::fs::remove_file(&gate));
    let command = "echo begun; until [ -e gate ]; do sleep 0.01; done";
    let task = id(&mcp.ok("create_task", shell(home, command)));
    home.until_status(task, "running");
    let uri = format!("task://{task}");
    if version == MODERN {
        let wanted = json!({ "notifications": { "resourceSubscriptions": [uri] } });
        drop(mcp.request("subscriptions/listen", wanted));
        mcp.until_told("what is taken on", |message| {
            message["method"] == "notifications/subscriptions/acknowledged"
        });
    } else {
        mcp.ask("resources/subscribe", json!({ "uri": uri })).unwrap();
    }
    let wait_for = json!({ "name": "wait_for_tasks", "arguments": { "task_ids": [task] },
        "_meta": { "progressToken": "t" } });
    let (_, waiting) = mcp.request("tools/call", wait_for);
    mcp.until_told("that it waits", |told| told["method"] == "notifications/progress");
    std::fs::write(&gate, "").unwrap();
    outcome(wait(waiting)).unwrap();
    mcp.until_told("the change", |told| told["method"] == "notifications/resources/updated");
    for tool in ["get_task_status", "get_result", "get_task_logs", "retry_task", "cancel_task"] {
        mcp.call(tool, json!({ "task_id": task }));
        mcp.call(tool, json!({ "task_id": 999 }));
    }
    mcp.call("resume_task", json!({ "task_id": task, "prompt": "x" }));
    mcp.ok("list_tasks", json!({}));
    mcp.ok("health", json!({}));
    for view in ["", "/log", "/result", "/none"] {
        drop(mcp.ask("resources/read", json!({ "uri": format!("{uri}{view}") })));
    }
    mcp.ask("prompts/get", json!({ "name": "review_finished", "arguments": {} })).unwrap();
    let reference = json!({ "type": "ref/resource", "uri": "task://{id}" });
    let argument = json!({ "name": "id", "value": "" });
    mcp.ask("completion/complete", json!({ "ref": reference, "argument": argument })).unwrap();
    drop(mcp.ask("tools/call", json!({ "name": "none", "arguments": {} })));
    drop(mcp.ask("no/such", json!({})));
}
