//! The agents that the pages know before an engine has told them its own:
//! `ui/src/state/knownAgents.ts`.
//!
//! `CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-agents known` writes the file.

use std::fmt::Write;
use std::path::Path;

use serde_json::json;

#[test]
fn the_agents_known_to_the_pages_are_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/state/knownAgents.ts");
    let made = typescript();
    if std::env::var_os("CLAUDE_WORKER_UPDATE").is_some() {
        std::fs::write(&file, &made).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(&file).expect("the file is there");
    assert_eq!(made, committed, "run this test with CLAUDE_WORKER_UPDATE=1");
}

fn typescript() -> String {
    let mut text = "// Generated from crates/agents by its test `known_agents`; do not edit.\n\
                    // CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-agents known\n\
                    import type { AgentInfo } from \"../backend\";\n\n\
                    export const KNOWN_AGENTS: readonly AgentInfo[] = [\n"
        .to_owned();
    for agent in claude_worker_agents::agents() {
        let capabilities: Vec<_> = agent.capabilities.iter().map(|one| json!(one)).collect();
        let one_line: Vec<_> = capabilities.iter().map(ToString::to_string).collect();
        let one_line = format!("    capabilities: [{}],", one_line.join(", "));
        let _ = write!(
            text,
            "  {{\n    name: {},\n    label: {},\n",
            json!(agent.name),
            json!(agent.label)
        );
        // As prettier breaks it.
        if one_line.len() <= 100 {
            text += &format!("{one_line}\n");
        } else {
            text += "    capabilities: [\n";
            for capability in capabilities {
                let _ = writeln!(text, "      {capability},");
            }
            text += "    ],\n";
        }
        text += "  },\n";
    }
    text + "];\n"
}
