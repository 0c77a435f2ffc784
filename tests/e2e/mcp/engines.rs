//! Engines come and go: every call gets an answer.

use claude_worker_api::HostKind;
use claude_worker_client::Starter;
use claude_worker_engine::{Paths, settings};
use claude_worker_server::take_over;
use claude_worker_supervisor::SupervisorCommand;
use serde_json::json;

use super::client::{LEGACY, Mcp, outcome, text, wait};
use super::tools::{BYPASS, id, shell};
use crate::support::{Home, PATIENCE};

const GATED: &str = "until [ -e gate ]; do sleep 0.01; done; echo through";

#[test]
fn an_engine_that_is_killed_is_brought_back_between_calls_and_during_them() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::legacy(&home);
    let task = id(&mcp.ok("create_task", shell(&home, GATED)));
    for _ in 0..5 {
        home.until_status(task, "running");
        home.kill_engine();
        assert_eq!(mcp.ok("get_task_status", json!({ "task_id": task }))["task"]["id"], task);
        let wait_for = json!({ "name": "wait_for_tasks", "_meta": { "progressToken": task },
            "arguments": { "task_ids": [task], "timeout_seconds": 2 } });
        let (_, waiting) = mcp.request("tools/call", wait_for);
        home.kill_engine();
        // While nobody is there.
        let listed = mcp.call("list_tasks", json!({}));
        assert_eq!(listed["isError"], false, "{listed:#}");
        let waited = outcome(wait(waiting)).unwrap();
        assert_eq!(waited["isError"], false, "{waited:#}");
    }
    let wait_for = json!({ "name": "wait_for_tasks", "arguments": { "task_ids": [task] } });
    let (_, waiting) = mcp.request("tools/call", wait_for);
    home.kill_engine();
    std::fs::write(home.work().join("gate"), "").unwrap();
    let waited = outcome(wait(waiting)).unwrap();
    assert_eq!(waited["structuredContent"]["finished"][0]["status"], "completed", "{waited:#}");
    let detail = home.json(["status", &task.to_string()]);
    assert_eq!(detail["run_history"].as_array().unwrap().len(), 1, "{detail:#}");
}

#[test]
fn an_engine_that_was_stopped_is_started_by_the_next_call() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::modern(&home);
    let task = id(&mcp.ok("create_task", shell(&home, GATED)));
    home.until_status(task, "running");
    home.run(["server", "stop"]).ok();
    assert_eq!(mcp.ok("get_task_status", json!({ "task_id": task }))["task"]["status"], "running");
    std::fs::write(home.work().join("gate"), "").unwrap();
    mcp.ok("wait_for_tasks", json!({ "task_ids": [task] }));
}

#[test]
fn without_any_engine_each_call_says_so_and_the_first_one_that_can_be_served_is() {
    let home = Home::new();
    // Alone, as if only half of it had been installed.
    let alone = home.place("claude-worker-mcp");
    std::fs::copy(env!("CARGO_BIN_EXE_claude-worker-mcp"), &alone).unwrap();
    let mut server = std::process::Command::new(&alone);
    server.env_clear().envs(home.variables().iter().cloned()).current_dir(home.work());
    let mcp = Mcp::begin(server, LEGACY);
    for _ in 0..2 {
        let refusal = mcp.refused("list_tasks", json!({}), "unavailable");
        assert!(refusal.contains("cannot be started"), "{refusal}");
    }
    assert!(mcp.ask("resources/list", json!({})).is_err());
    assert!(mcp.ask("tools/list", json!({})).is_ok());
    home.run(["server", "start", "--no-http"]).ok();
    assert_eq!(mcp.ok("list_tasks", json!({}))["tasks"], json!([]));
}

#[test]
fn many_servers_at_once_start_one_engine_and_lose_no_task() {
    let home = Home::with_config(BYPASS);
    let servers: Vec<Mcp> = (0..6).map(|_| Mcp::legacy(&home)).collect();
    let create = json!({ "name": "create_task", "arguments": shell(&home, "true") });
    let waiting: Vec<_> =
        servers.iter().map(|mcp| mcp.request("tools/call", create.clone()).1).collect();
    let mut ids: Vec<i64> = waiting
        .into_iter()
        .map(|answer| id(&outcome(wait(answer)).unwrap()["structuredContent"]))
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    servers[0].ok("wait_for_tasks", json!({ "task_ids": ids }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_app_takes_over_and_hands_back_during_calls_and_each_is_answered() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::legacy(&home);
    let ask = async |method: &str, params| outcome(mcp.request(method, params).1.await.unwrap());
    let create = json!({ "name": "create_task", "arguments": shell(&home, GATED) });
    let task = id(&ask("tools/call", create).await.unwrap()["structuredContent"]);
    let wait_for = json!({ "name": "wait_for_tasks", "arguments": { "task_ids": [task] } });
    let waiting = mcp.request("tools/call", wait_for).1;
    let program = env!("CARGO_BIN_EXE_claude-worker");
    let paths = Paths::below(&home.data());
    let variables = home.variables().iter().map(|(name, value)| format!("{name}={value}"));
    let serve = [program.to_owned(), "serve".to_owned()];
    let args = std::iter::once("-i".to_owned()).chain(variables).chain(serve).collect();
    let starter = Starter { program: "/usr/bin/env".into(), args, paths: paths.clone() };
    let status = json!({ "name": "get_task_status", "arguments": { "task_id": task } });
    for _ in 0..2 {
        let supervisor =
            SupervisorCommand { program: program.into(), args: vec!["supervise".to_owned()] };
        let config = settings::load(&paths).unwrap();
        let taking = take_over(paths.clone(), config, supervisor, None, HostKind::App, PATIENCE);
        let (hosted, answer) = tokio::join!(taking, ask("tools/call", status.clone()));
        assert_eq!(answer.unwrap()["isError"], false);
        let health = json!({ "name": "health", "arguments": {} });
        let health = ask("tools/call", health).await.unwrap();
        assert!(text(&health).contains("in the desktop app"), "{health:#}");
        let hosted = hosted.unwrap();
        let (back, answer) =
            tokio::join!(hosted.hand_back(&starter), ask("tools/call", status.clone()));
        back.unwrap();
        assert_eq!(answer.unwrap()["isError"], false);
    }
    std::fs::write(home.work().join("gate"), "").unwrap();
    let waited = outcome(waiting.await.unwrap()).unwrap();
    assert_eq!(waited["structuredContent"]["finished"][0]["id"], task, "{waited:#}");
}

#[test]
fn an_unused_server_starts_no_engine() {
    let home = Home::new();
    let mut mcp = Mcp::legacy(&home);
    mcp.ask("tools/list", json!({})).unwrap();
    mcp.ask("prompts/list", json!({})).unwrap();
    mcp.ask("resources/templates/list", json!({})).unwrap();
    mcp.close();
    assert!(!home.data().join("engine.lock").exists());
}
