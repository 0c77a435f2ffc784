//! The bundle for Claude Desktop: its manifest is valid and true, and what it holds works alone.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::client::{LEGACY, Mcp};
use super::clients::clients;
use super::tools::{BYPASS, id, shell};
use crate::support::{Home, Ran, read};

#[test]
fn the_bundle_is_valid_says_what_is_in_it_and_works_where_it_is_unpacked() {
    let home = Home::with_config(BYPASS);
    let stage = home.place("stage");
    std::fs::create_dir_all(stage.join("server")).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut manifest: Value =
        serde_json::from_str(&read(&root.join("crates/mcp/mcpb/manifest.json"))).unwrap();
    manifest["version"] = json!(env!("CARGO_PKG_VERSION"));
    manifest["compatibility"]["platforms"] = json!(["linux"]);
    std::fs::write(stage.join("manifest.json"), manifest.to_string()).unwrap();
    std::fs::copy(root.join("icons/icon.png"), stage.join("icon.png")).unwrap();
    let programs = [env!("CARGO_BIN_EXE_claude-worker"), env!("CARGO_BIN_EXE_claude-worker-mcp")];
    for program in programs {
        let name = Path::new(program).file_name().unwrap();
        std::fs::copy(program, stage.join("server").join(name)).unwrap();
    }
    let mcpb = |arguments: &[&Path]| {
        let mut command = Command::new(clients().mcpb());
        command.args(arguments).env("HOME", home.place("home"));
        Ran::of(&command.output().unwrap()).ok();
    };
    mcpb(&[Path::new("validate"), &stage.join("manifest.json")]);
    let (bundle, unpacked) = (home.place("claude-worker.mcpb"), home.place("unpacked"));
    mcpb(&[Path::new("pack"), &stage, &bundle]);
    mcpb(&[Path::new("unpack"), &bundle, &unpacked]);

    // As the host starts it: from where it was unpacked, with little around it.
    let config = &manifest["server"]["mcp_config"];
    let program = config["command"].as_str().unwrap();
    let program = program.replace("${__dirname}", &unpacked.display().to_string());
    // Hosts that unpack it themselves keep the modes; the tool does, too.
    let mut command = Command::new(&program);
    command.env_clear().envs(home.variables().iter().cloned()).current_dir("/");
    let mcp = Mcp::begin(command, LEGACY);
    let listed = mcp.ask("tools/list", json!({})).unwrap();
    let names = |tools: &Value| -> Vec<String> {
        let tools = tools.as_array().unwrap().iter();
        tools.map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&manifest["tools"]), names(&listed["tools"]));
    let task = id(&mcp.ok("create_task", shell(&home, "echo packed")));
    mcp.ok("wait_for_tasks", json!({ "task_ids": [task] }));
    assert_eq!(mcp.ok("get_result", json!({ "task_id": task }))["answer"], "packed");
    // The engine is the bundle's own.
    let engine = std::fs::read_link(format!("/proc/{}/exe", home.engine_pid())).unwrap();
    assert_eq!(engine, unpacked.canonicalize().unwrap().join("server/claude-worker"));
}
