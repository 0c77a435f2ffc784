import { spawnSync } from "node:child_process";

import { expect, test } from "vitest";

import type { NewTask } from "../backend";
import { commandLine } from "./commandLine";

const request = (more: Partial<NewTask>): NewTask => ({
  execution_prompt: "fix it",
  working_directory: "/home/dev",
  ...more,
});

/** The words as a real shell understands them. */
function understood(command: string): string[] {
  const { stdout } = spawnSync("sh", ["-c", `for w in ${command}; do printf '%s\\0' "$w"; done`]);
  return String(stdout).split("\0").slice(0, -1);
}

test("a task is described by the options it was given", () => {
  const line = commandLine(
    request({
      agent: "shell",
      name: "Nightly build",
      limits: { timeout_ms: 90_000, silence_ms: 250, max_turns: 3 },
      env: { TOKEN: "" },
    }),
  );
  expect(line).toBe(
    "claude-worker run --dir=/home/dev --name='Nightly build' --agent=shell --max-turns=3 " +
      "--timeout=90s --silence=250ms --env=TOKEN -- 'fix it'",
  );
});

test("a shell gives back every word as it was, whatever is in it", () => {
  const prompt = "--help; rm -rf $HOME `id` \"quoted\" 'single' \\ !\n\ttwo lines ünï ☃ *";
  const words = understood(
    commandLine(request({ execution_prompt: prompt, allowed_tools: ["Bash(git diff:*)", "it's"] })),
  );
  expect(words.slice(2)).toEqual([
    "--dir=/home/dev",
    "--allowed-tools=Bash(git diff:*)",
    "--allowed-tools=it's",
    "--",
    prompt,
  ]);
});
