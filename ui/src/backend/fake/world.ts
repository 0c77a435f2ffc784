// What is made up about the machine around the engine.
import type { Diagnosis, Settings } from "../index";

export const SETTINGS: Settings = {
  workers: 4,
  permission_mode: "acceptEdits",
  agents: { claude: null as unknown as string },
  limits: { timeout_ms: 0, silence_ms: 900_000, exit_ms: 10_000, grace_ms: 5_000 },
  caps: {
    output_per_run: 256_000_000,
    output_total: 5_000_000_000,
    free_disk: 100_000_000,
    queued: 100_000,
  },
  retention: { finished_ms: 0 },
  usage_limit: { wait: true, retry_after_ms: 900_000, tries: 8, give_up_after_ms: 691_200_000 },
  rate_limit: { retry_after_ms: 30_000, tries: 6 },
  delegation: { depth: 2, unfinished: 50 },
  mcp: { allow_bypass: false },
  notifications: { finished: true, failed: true, attention: true },
  file: "/home/ada/.claude-worker/config.toml",
};

/** What a look at the machine finds: all well, or Claude Code missing. */
export function diagnosis(missing: boolean): Diagnosis {
  const claude = missing
    ? {
        name: "Claude Code",
        level: "bad" as const,
        found: "There is no claude in PATH",
        advice: "npm install -g @anthropic-ai/claude-code",
      }
    : { name: "Claude Code", level: "ok" as const, found: "2.1.0 at /usr/local/bin/claude" };
  const login = missing
    ? {
        name: "Sign-in",
        level: "warn" as const,
        found: "Not checked",
        advice: "Install claude first",
      }
    : { name: "Sign-in", level: "ok" as const, found: "Signed in as ada@example.org" };
  return {
    checks: [
      claude,
      login,
      { name: "Data", level: "ok", found: "/home/ada/.claude-worker, private" },
      { name: "Disk", level: "ok", found: "212 GB free" },
      {
        name: "Git",
        level: "warn",
        found: "Not found",
        advice: "Install git to see what tasks change",
      },
    ],
  };
}
