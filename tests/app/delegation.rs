//! Agents that delegate tasks through the MCP server while the app runs the engine.

use scripted_api::claude::Installation;
use serde_json::{Value, json};

use crate::desktop::{Desktop, worker};
use crate::panel::Panel;

#[test]
fn claude_code_delegates_to_claude_code_in_the_app() {
    let desktop = Desktop::new();
    let panel = Panel::on(&desktop);
    let app = desktop.start(["--hidden"]);
    let icon = panel.icon();

    // Escaped brackets: the directive belongs to the delegated task, not to this prompt.
    let work = desktop.work().display().to_string();
    let create =
        json!({ "name": "Delegated", "execution_prompt": "PROMPT", "working_directory": work });
    let create = create.to_string().replace("PROMPT", "[\\u005bsay Forty-two.]\\u005d");
    let prompt = format!(
        "[[tool mcp__claude-worker__create_task {create}]] \
         [[tool mcp__claude-worker__wait_for_tasks {{\"task_ids\": [1]}}]] \
         [[tool mcp__claude-worker__get_result {{\"task_id\": 1}}]] [[say All is done.]]"
    );
    let sidecar = worker().with_file_name("claude-worker-mcp");
    assert!(sidecar.is_file(), "the program is missing: `cargo build --package claude-worker`");
    let server = json!({ "type": "stdio", "command": sidecar, "args": [] });
    let config = desktop.place("mcp.json");
    let servers = json!({ "mcpServers": { "claude-worker": server } });
    std::fs::write(&config, servers.to_string()).unwrap();

    let mut client = desktop.command(Installation::find().unwrap().program);
    client
        .args(["-p", "--output-format", "json", "--strict-mcp-config", "--mcp-config"])
        .arg(&config)
        .args(["--allowedTools", "mcp__claude-worker", "--", &prompt]);
    let output = client.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["result"], "All is done.", "{said:#}");

    // The app's engine ran the task, and its tray shows it.
    assert_eq!(desktop.engine(), Some(app.pid()));
    let task = desktop.json(["status", "1"]);
    assert_eq!(task["result"], "Forty-two.", "{task:#}");
    icon.entry("✓ Delegated");
    // The delegating agent has received the answer of the delegated task.
    let last = format!("{:?}", desktop.api.requests().last().unwrap());
    assert!(last.contains("Forty-two."), "{last}");
}
