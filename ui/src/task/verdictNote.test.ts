import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import type { State, TaskDetail } from "../backend";
import { sample } from "../state/sample";

const resume = vi.hoisted(() => vi.fn());
vi.mock("../backend/current", () => ({ backend: { follow: () => () => undefined, resume } }));
const { default: VerdictNote } = await import("./VerdictNote.svelte");

const ended_at = "2026-01-02T00:00:00.000Z";
function show(state: State, more: Partial<TaskDetail> = {}) {
  const task = sample(1, state, { runs: 1, ...more }) as TaskDetail;
  render(VerdictNote, { task, followUp: () => undefined });
}
const note = () => screen.queryByRole("region", { name: "Verdict" });
const buttons = () => screen.queryAllByRole("button").map((button) => button.textContent?.trim());

afterEach(() => {
  cleanup();
  resume.mockReset();
});

it("says that an agent did not exit although nothing is asked of a person", () => {
  show({ status: "completed", ended_at, notes: [{ note: "did_not_exit" }] });
  expect(note()?.textContent).toContain("Done, did not exit by itself");
  expect(buttons()).toEqual([]);
});

it("says nothing of plain success", () => {
  show({ status: "completed", ended_at });
  expect(note()).toBeNull();
});

it("names a follow-up only where there is a session to go on in", () => {
  const failed: State = {
    status: "failed",
    ended_at,
    failure: { kind: "timeout", limit_ms: 2000 },
  };
  show(failed, { has_session: true });
  expect(note()?.textContent).toContain("Send a follow-up to go on");
  expect(buttons()).toEqual(["Follow up", "Change and run again"]);
  cleanup();
  show(failed, { agent: "shell" });
  expect(note()?.textContent).toContain("Run it again with more time");
  expect(note()?.textContent).not.toContain("follow");
  expect(buttons()).toEqual(["Change and run again"]);
});

const request = { execution_prompt: "Ship it", working_directory: "/" };
const push = { tool: "Bash", input: "git push", rule: "Bash(git push)" };
const click = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

it("allows what was denied and lets the task go on in its session", async () => {
  const denied_tools = [push, { tool: "Write", input: "/a" }];
  show({ status: "completed", ended_at, denied_tools }, { has_session: true, request });
  expect(buttons()).toEqual(["Allow these and go on", "Choose…", "Follow up"]);
  await click("Allow these and go on");
  await waitFor(() => expect(resume).toHaveBeenCalled());
  const changes = { allowed_tools: ["Bash(git push)", "Write"] };
  expect(resume).toHaveBeenCalledWith(1, { prompt: "You may do that now. Go on.", changes });
});

it("offers one call in the words for one", () => {
  show({ status: "completed", ended_at, denied_tools: [push] }, { has_session: true, request });
  expect(buttons()).toEqual(["Allow and go on", "Choose…", "Follow up"]);
});

it("leaves retrying and cancelling to the head of the page", () => {
  show({ status: "failed", ended_at, failure: { kind: "exit", code: 1, message: "" } });
  expect(buttons()).toEqual([]);
  cleanup();
  show({ status: "running", running_since: "2026-01-01T00:00:00.000Z" });
  expect(note()?.textContent).toContain("Silent for");
  expect(buttons()).toEqual([]);
});

it("offers the sign-in, and shows names of commands as code", () => {
  const failure = { kind: "api_error" as const, http_status: 401, message: "Run `claude` first" };
  show({ status: "failed", ended_at, failure });
  expect(buttons()).toEqual(["Sign in"]);
  expect(note()?.textContent).toContain("Run claude first");
  expect(note()?.querySelector("code")?.textContent).toBe("claude");
});

it("allows only what is chosen", async () => {
  const denied_tools = [push, { tool: "Write", input: "/a" }];
  show({ status: "completed", ended_at, denied_tools }, { has_session: true, request });
  await click("Choose…");
  await fireEvent.click(screen.getByRole("checkbox", { name: /Write/ }));
  await click("Allow and go on");
  await waitFor(() => expect(resume).toHaveBeenCalled());
  expect(resume.mock.calls[0]?.[1]).toMatchObject({
    changes: { allowed_tools: ["Bash(git push)"] },
  });
});

it("answers a question with the chosen words", async () => {
  const questions = [{ question: "Which database?", options: ["Postgres", "SQLite"] }];
  const denied_tools = [{ tool: "AskUserQuestion", input: "Which database?", questions }];
  show({ status: "completed", ended_at, denied_tools }, { has_session: true, request });
  expect(note()?.textContent).toContain("Which database?");
  await click("SQLite");
  await click("Answer");
  await waitFor(() => expect(resume).toHaveBeenCalledWith(1, { prompt: "SQLite" }));
});
