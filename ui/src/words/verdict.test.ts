import { describe, expect, test } from "vitest";

import type { Failure, Note, State, Task, Verdict } from "../backend";
import fixture from "./fixture.json";
import {
  ending,
  failureStep,
  failureWords,
  isSilent,
  nextStep,
  silence,
  stateWords,
  summaryLine,
  terminalStep,
  toneOf,
  verdictWords,
} from "./verdict";

const NOW = Date.parse("2026-11-23T12:00:00.000Z");

function task(state: State, more: Partial<Task> = {}): Task {
  return {
    id: 12,
    name: "A task",
    agent: "claude",
    working_directory: "/home/dev/webshop",
    created_at: "2026-11-23T11:00:00.000Z",
    runs: 1,
    usage: {},
    ...more,
    ...state,
  };
}

describe("every face says the same", () => {
  test.each(fixture)("$words", ({ verdict, words, next_step }) => {
    const given = verdict as Verdict;
    expect(verdictWords(given)).toBe(words);
    expect(given.verdict === "failed" ? terminalStep(given.failure) : "").toBe(next_step);
  });

  test("of every kind of failure there is one", () => {
    const kinds = fixture.map(({ verdict }) => (verdict as { failure?: Failure }).failure?.kind);
    const all: Record<Failure["kind"], true> = {
      exit: true,
      signal: true,
      timeout: true,
      silent: true,
      output_limit: true,
      spawn: true,
      api_error: true,
      account: true,
      refusal: true,
      context_full: true,
      rate_limit: true,
      usage_limit: true,
      budget: true,
      turns: true,
      agent_error: true,
      no_result: true,
      lost: true,
      damaged_record: true,
      newer_record: true,
    };
    expect(new Set(kinds.filter(Boolean))).toEqual(new Set(Object.keys(all)));
  });
});

test("in a window a next step names no flags and no commands", () => {
  for (const { verdict } of fixture) {
    if (verdict.verdict !== "failed") continue;
    const step = failureStep((verdict as { failure: Failure }).failure);
    expect(step.words).not.toMatch(/--|claude-worker|_/);
    expect(step.actions.length).toBeGreaterThan(0);
  }
});

test("a command that failed is not told to be followed up", () => {
  const followUp = /follow/i;
  let without = 0;
  for (const { verdict } of fixture) {
    if (verdict.verdict !== "failed") continue;
    const { failure } = verdict as { failure: Failure };
    // An answer is an agent's, and an agent can be told more.
    if ("answered" in failure && failure.answered) continue;
    const step = failureStep(failure, false);
    expect(step.words, failure.kind).not.toMatch(followUp);
    expect(step.actions, failure.kind).not.toContain("follow_up");
    expect(step.actions.length, failure.kind).toBeGreaterThan(0);
    if (followUp.test(failureStep(failure).words)) without += 1;
  }
  expect(without).toBeGreaterThan(5);
});

test("denied tool calls have a next step, plain success has none", () => {
  const denied = [{ tool: "Bash", input: "git push" }];
  const at = "2026-11-23T11:59:00.000Z";
  expect(nextStep({ status: "completed", ended_at: at })).toBeUndefined();
  expect(nextStep({ status: "completed", ended_at: at, denied_tools: denied })?.actions).toEqual([
    "follow_up",
  ]);
  expect(toneOf({ status: "completed", ended_at: at, denied_tools: denied })).toBe("warn");
  expect(ending({ status: "completed", ended_at: at, denied_tools: denied })).toBe(
    "Done, 1 tool call was denied",
  );
});

test("what may be missing from a completed task is told", () => {
  const completed = (notes: Note[]): State => ({
    status: "completed",
    ended_at: "2026-11-23T11:59:00.000Z",
    notes,
  });
  const stopped = completed([{ note: "background_stopped", what: "Serve", why: "" }]);
  expect(summaryLine(task(stopped, { final_summary: "All well" }), NOW)).toBe(
    "Done, a background command was stopped: Serve",
  );
  expect(toneOf(stopped)).toBe("warn");
  expect(nextStep(stopped)?.actions).toEqual(["follow_up"]);
  const slow = completed([{ note: "did_not_exit" }]);
  expect(summaryLine(task(slow, { final_summary: "All well" }), NOW)).toBe("All well");
  expect(ending(slow)).toBe("Done, did not exit by itself");
  expect(toneOf(slow)).toBe("ok");
  expect(nextStep(slow)).toBeUndefined();
});

test("a running task's line says what it does, and that nothing comes", () => {
  const running: State = { status: "running", running_since: "2026-11-23T11:50:00.000Z" };
  const heard = "2026-11-23T11:59:58.000Z";
  expect(summaryLine(task(running, { last_action: "Bash make", last_output_at: heard }), NOW)).toBe(
    "Bash make",
  );
  const quiet = task(running, {
    last_action: "Bash make",
    last_output_at: "2026-11-23T11:54:00.000Z",
  });
  expect(summaryLine(quiet, NOW)).toBe("Silent for 6 min · Bash make");
  expect(isSilent(quiet, NOW)).toBe(true);
  // One that never printed anything counts from its start.
  expect(isSilent(task(running), NOW)).toBe(true);
  expect(summaryLine(task({ status: "running" }), NOW)).toBe("Starting");
  expect(stateWords({ ...running, stopping: true })).toBe("Stopping");
});

test("a running task's line counts a pause before another attempt, and then no more", () => {
  const running: State = { status: "running", running_since: "2026-11-23T11:50:00.000Z" };
  const line = (last_action: string, last_output_at: string) =>
    summaryLine(task(running, { last_action, last_output_at }), NOW);
  const at = (second: string) => `2026-11-23T11:${second}.000Z`;
  expect(line("Retrying after 529 in 4 s", at("59:59"))).toBe("Retrying in 3 s: 529");
  expect(line("Retrying after no answer from the API in 1 s", at("59:50"))).toBe(
    "Trying again: no answer from the API",
  );
  // Silence says that nothing is known to go on.
  expect(line("Retrying after 529 in 4 s", at("54:00"))).toBe("Silent for 6 min");
  expect(line("", at("54:00"))).toBe("Silent for 6 min");
});

test("a number that says when a limit ends is shown as a time", () => {
  const message = `Claude AI usage limit reached|${NOW / 1000 + 60}`;
  const words = failureWords({ kind: "usage_limit", message, tries: 2 });
  expect(words).toMatch(/^Usage limit reached until .*\d\d:\d\d \(given up after 2 tries\)$/);
  expect(failureWords({ kind: "usage_limit", message: "Out" })).toBe("Usage limit reached: Out");
});

test("a waiting task's line says for what and how long", () => {
  const until = (at: string): State => ({
    status: "waiting",
    reason: { for: "usage_limit", until: at },
  });
  expect(summaryLine(task(until("2026-11-23T14:10:00.000Z")), NOW)).toBe(
    "Usage limit reached, goes on in 2 h",
  );
  expect(summaryLine(task(until("2026-11-23T11:00:00.000Z")), NOW)).toBe(
    "Usage limit reached, goes on at once",
  );
  const counted: State = {
    status: "waiting",
    reason: { for: "rate_limit", until: "2026-11-23T12:04:00.000Z", tries: 3, most_tries: 6 },
  };
  expect(summaryLine(task(counted), NOW)).toBe("Rate limit reached, goes on in 4 min, try 3 of 6");
});

test("silence counts from the last output, in the row or in the log", () => {
  const state: State = { status: "running", running_since: "2026-11-23T11:50:00.000Z" };
  expect(silence(task(state), NOW)).toBe(600_000);
  const printed = task(state, { last_output_at: "2026-11-23T11:54:00.000Z" });
  expect(silence(printed, NOW)).toBe(360_000);
  expect(silence(printed, NOW, NOW - 1000)).toBe(1000);
  expect(silence(printed, NOW, NOW - 500_000)).toBe(360_000);
  expect(silence(printed, NOW, NOW + 1000)).toBe(0);
});
