import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import type { State, TaskDetail } from "../backend";
import { sample } from "../state/sample";

vi.mock("../backend/current", () => ({ backend: { follow: () => () => undefined } }));
const { default: VerdictNote } = await import("./VerdictNote.svelte");

const ended_at = "2026-01-02T00:00:00.000Z";
function show(state: State, more: Partial<TaskDetail> = {}) {
  const task = sample(1, state, { runs: 1, ...more }) as TaskDetail;
  render(VerdictNote, { task, followUp: () => undefined });
}
const note = () => screen.queryByRole("region", { name: "Verdict" });
const buttons = () => screen.queryAllByRole("button").map((button) => button.textContent?.trim());

afterEach(cleanup);

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
