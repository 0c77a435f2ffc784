import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import type { Run, State, TaskDetail } from "../backend";
import { sample } from "../state/sample";

vi.mock("../backend/current", () => ({
  backend: { follow: () => () => undefined, holdCalls: () => undefined },
}));
const { default: Header } = await import("./Header.svelte");
const { deferred } = await import("../queue/deferred.svelte");

const run = (number: number, ended_at?: string): Run => ({
  id: `1-${number}-00000000`,
  number,
  started_at: "2026-01-02T00:00:00.000Z",
  outcome: ended_at ? { verdict: "completed", ended_at, exit_code: 0 } : undefined,
  usage: {},
  output_bytes: 0,
});
function show(state: State, run_history: Run[]) {
  const more = { usage: { cost_usd: 0.04 }, run_history, runs: run_history.length };
  const task = sample(1, state, more) as TaskDetail;
  render(Header, { task, menu: () => [], id: "name" });
}
const summary = () => screen.getByRole("list", { name: "Summary" }).textContent ?? "";
const running: State = { status: "running", running_since: "2026-01-02T00:00:00.000Z" };

afterEach(() => {
  deferred.undo();
  cleanup();
});

it("names what is of the last run and what is of all", () => {
  const ended_at = "2026-01-02T00:00:05.600Z";
  show({ status: "completed", ended_at }, [run(1, ended_at)]);
  expect(summary()).not.toMatch(/Run|in all/);
  cleanup();
  show({ status: "completed", ended_at }, [run(1, ended_at), run(2, ended_at)]);
  expect(summary()).toMatch(/Done\s+in 5.6 s\s+Run 2/);
  expect(summary()).toContain("$0.04 in all");
});

it("counts down to a cancel, which can be undone there, but not by a double click", async () => {
  show(running, [run(1)]);
  await fireEvent.click(screen.getByRole("button", { name: "Cancel" }), { detail: 1 });
  expect(summary()).toContain("Cancelling in 5 s");
  expect(screen.queryByRole("button", { name: "Cancel" })).toBeNull();
  await fireEvent.click(screen.getByRole("button", { name: "Undo" }), { detail: 2 });
  expect(summary()).toContain("Cancelling");
  await fireEvent.click(screen.getByRole("button", { name: "Undo" }), { detail: 1 });
  expect(summary()).toContain("Running");
});
