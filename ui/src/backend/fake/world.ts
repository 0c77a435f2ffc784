// Settings and setup checks of the fake engine.
import type { About, Diagnosis, Settings } from "../index";
import { DEFAULTS } from "./defaults";

export const SETTINGS: Settings = { ...DEFAULTS, file: "/home/ada/.claude-worker/config.toml" };

/** The setup checks: all passed, or Claude Code missing. */
export function diagnosis(missing: boolean): Diagnosis {
  const claude = missing
    ? {
        name: "Claude Code",
        level: "bad" as const,
        found: "There is no claude in PATH",
        advice: "npm install -g @anthropic-ai/claude-code",
        remedy: "install_claude" as const,
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

export const ABOUT: About = {
  version: "0.1.0",
  license: "MIT",
  system: "linux x86_64",
  data_directory: "/home/ada/.claude-worker",
  program: "/usr/bin/claude-worker",
  claude: { path: "/usr/local/bin/claude", version: "2.1.0 (Claude Code)" },
  installation: {
    by: "deb",
    package: "claude-worker",
    update: "sudo apt update && sudo apt install --only-upgrade claude-worker",
    newer: "0.2.0",
  },
};
