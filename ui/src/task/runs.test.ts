import { expect, test } from "vitest";

import type { NewTask, Run, TaskDetail } from "../backend";
import { options } from "./submittedOptions";
import { promptOf, isLive, lasted, nextRun, stateOf } from "./runs";

const run = (more: Partial<Run>): Run => ({
  id: "1-1-0",
  number: 1,
  usage: {},
  output_bytes: 0,
  ...more,
});
const task = (more: Partial<TaskDetail>): TaskDetail =>
  ({
    id: 1,
    status: "running",
    request: { execution_prompt: "make", working_directory: "/w", agent: "claude" },
    ...more,
  }) as TaskDetail;
const ended_at = "2026-11-23T12:00:00.000Z";

test("a run stands as its end says", () => {
  expect(stateOf(run({}))).toMatchObject({ status: "running" });
  const failure = { kind: "budget" } as const;
  expect(stateOf(run({ outcome: { verdict: "failed", ended_at, failure } }))).toMatchObject({
    status: "failed",
    failure,
  });
  expect(stateOf(run({ outcome: { verdict: "cancelled", ended_at } }))).toMatchObject({
    status: "cancelled",
  });
});

test("only a run without an end is live, and only while the task runs", () => {
  expect(isLive(task({}), run({}))).toBe(true);
  expect(isLive(task({}), run({ outcome: { verdict: "completed", ended_at } }))).toBe(false);
  // A run that was cut off without an end, in a task that waits to go on.
  expect(isLive(task({ status: "pending" }), run({}))).toBe(false);
  expect(isLive(task({}), undefined)).toBe(true);
});

test("a task lasted as long as the run it ended with, if there was one", () => {
  const started_at = "2026-11-23T11:56:00.000Z";
  const outcome = { verdict: "cancelled", ended_at } as const;
  const first = run({ started_at, outcome });
  const cancelled = (at: string, ...run_history: Run[]) =>
    task({ status: "cancelled", ended_at: at, started_at, run_history });
  expect(lasted(cancelled(ended_at, first))).toBe(240_000);
  // It was tried again the day after, and cancelled in the queue.
  expect(lasted(cancelled("2026-11-24T14:10:03.000Z", first))).toBeUndefined();
  expect(lasted(cancelled(ended_at))).toBeUndefined();
  expect(lasted(task({ run_history: [run({ started_at })] }))).toBeUndefined();
});

test("the run that begins next comes after the newest", () => {
  expect(nextRun(task({ run_history: [run({}), run({ number: 2 })] }))).toBe(3);
  expect(nextRun(task({ run_history: [] }))).toBe(1);
});

test("a follow-up's run begins with the follow-up, a command is one", () => {
  expect(promptOf(task({}), run({ follow_up: "and now?" }))).toMatchObject({
    label: "Follow-up",
    text: "and now?",
  });
  const shell = { execution_prompt: "make", working_directory: "/w", agent: "shell" } as NewTask;
  expect(promptOf(task({ request: shell }), run({}))).toMatchObject({
    label: "Command",
    mono: true,
  });
});

test("options say what was chosen and leave out what was not", () => {
  const request = {
    execution_prompt: "x",
    working_directory: "/w",
    agent: "claude",
    limits: { timeout_ms: 600_000, silence_ms: 0, max_budget_usd: 2 },
    env: { TOKEN: "" },
  } as unknown as NewTask;
  expect(options(request).map(({ name, value }) => `${name}: ${value}`)).toEqual([
    "Directory: /w",
    "Agent: Claude Code",
    "Budget: At most $2.00",
    "Time: Ends after 10 minutes",
    "Silence: No limit",
    "Environment: TOKEN",
  ]);
});
