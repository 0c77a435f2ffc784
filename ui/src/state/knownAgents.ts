// Generated from crates/agents by its test `known_agents`; do not edit.
// CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-agents known
import type { AgentInfo } from "../backend";

export const KNOWN_AGENTS: readonly AgentInfo[] = [
  {
    name: "claude",
    label: "Claude Code",
    capabilities: [
      "sessions",
      "models",
      "system_prompt",
      "permission_modes",
      "allowed_tools",
      "claude_options",
      "max_turns",
      "max_budget",
      "silence_limit",
      "project_settings",
    ],
  },
  {
    name: "shell",
    label: "Shell command",
    capabilities: ["command_line"],
  },
];
