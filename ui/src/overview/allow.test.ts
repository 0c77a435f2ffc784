import { beforeEach, expect, it, vi } from "vitest";
import type { TaskDetail } from "../backend";
import { sample } from "../state/sample";

const engine = vi.hoisted(() => ({ resumed: vi.fn(), detail: {} as TaskDetail }));
vi.mock("../backend/current", () => ({
  backend: {
    follow: () => () => undefined,
    get: () => Promise.resolve(engine.detail),
    resume: engine.resumed,
    retry: engine.resumed,
  },
}));
const { allow } = await import("./allow");

const ended_at = "2026-01-02T00:00:00.000Z";
const request = { execution_prompt: "Ship it", working_directory: "/" };
const denied = (command: string): TaskDetail => {
  const denied_tools = [{ tool: "Bash", input: command, rule: `Bash(${command})` }];
  return {
    ...sample(7, { status: "completed", ended_at, denied_tools }),
    request,
    run_history: [],
  };
};

beforeEach(() => {
  engine.resumed.mockReset();
  location.hash = "";
});

it("allows the call that the row shows", async () => {
  engine.detail = denied("git push");
  await allow(engine.detail, ["Bash(git push)"]);
  expect(engine.resumed).toHaveBeenCalledOnce();
});

it("opens a task that asks for another call by now", async () => {
  engine.detail = denied("rm -rf /");
  await allow(denied("git push"), ["Bash(git push)"]);
  expect(engine.resumed).not.toHaveBeenCalled();
  expect(location.hash).toBe("#/task/7");
});
