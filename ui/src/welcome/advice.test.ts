import { expect, it } from "vitest";
import { commands, inSettings, parts } from "./advice";

it("tells words from commands", () => {
  expect(parts("Run `claude` once and log in")).toEqual([
    { text: "Run ", command: false },
    { text: "claude", command: true },
    { text: " once and log in", command: false },
  ]);
  expect(parts("Set CLAUDE_WORKER_HOME to a directory of yours")).toEqual([
    { text: "Set CLAUDE_WORKER_HOME to a directory of yours", command: false },
  ]);
  expect(parts("")).toEqual([]);
});

it("knows advice that is a command as a whole", () => {
  expect(commands("chmod 700 /home/mia/.claude-worker")).toEqual([
    "chmod 700 /home/mia/.claude-worker",
  ]);
  expect(commands("claude-worker server restart")).toEqual(["claude-worker server restart"]);
  expect(commands("claude-worker server stop; the next command starts another")).toEqual([]);
});

it("lists each command once", () => {
  expect(commands("Run `a`, then `b`, then `a`")).toEqual(["a", "b"]);
});

it("knows what can be done on the settings page", () => {
  expect(inSettings("Install it, or set agents.claude in the configuration to its path")).toBe(
    true,
  );
  expect(inSettings("Run `claude` once and log in")).toBe(false);
});
