// What an older tab shows of a newer engine: it names what it does not know and goes on.
import { expect, test } from "vitest";

import type { Event, LogEntry, RunOutcome, State, Task, Verdict } from "../backend";
import { fold } from "../log/model";
import { modeName } from "./permissions";
import { rowFigure, rowTone } from "../queue/rowText";
import { belongs, partOf } from "../state/filters";
import { patchOf } from "../state/rows";
import { stateOf } from "../task/runs";
import {
  ending,
  failureStep,
  failureWords,
  nextStep,
  outcomeTone,
  stateWords,
  summaryLine,
  terminalStep,
  toneOf,
  verdictWords,
} from "./verdict";

const NOW = Date.parse("2026-11-23T12:00:00.000Z");

/** A value that no type knows. */
const newer = <T>(value: unknown): T => value as T;

function task(state: object): Task {
  return newer({
    id: 12,
    name: "A task",
    agent: "codex",
    working_directory: "/home/dev/webshop",
    created_at: "2026-11-23T11:00:00.000Z",
    runs: 1,
    usage: {},
    ...state,
  });
}

test("a state that is not known is named, and its task listed", () => {
  const paused = task({ status: "paused", by: "somebody" });
  const archived = task({ status: "archived", ended_at: "2026-11-23T11:59:00.000Z" });
  for (const [row, name] of [
    [paused, "paused"],
    [archived, "archived"],
  ] as const) {
    expect(summaryLine(row, NOW)).toBe(`In a state this version does not know: ${name}`);
    expect(stateWords(row)).toBe(name);
    expect(ending(row)).toContain(name);
    expect(toneOf(row)).toBe("warn");
    expect(rowTone(row, NOW)).toBe("warn");
    expect(nextStep(row)).toBeUndefined();
    expect(belongs("all", row, false)).toBe(true);
    expect(belongs("failed", row, false)).toBe(false);
  }
  expect([partOf(paused), partOf(archived)]).toEqual(["next", "finished"]);
  expect(rowFigure(paused, NOW, false, false)).toBe("");
  expect(rowFigure(archived, NOW, false, false)).not.toBe("");
});

test("a reason, a failure and a verdict that are not known are named", () => {
  const waiting = task({ status: "waiting", reason: { for: "the_moon" } });
  expect(summaryLine(waiting, NOW)).toBe(
    "Waits for something this version does not know: the_moon",
  );
  expect(() => rowFigure(waiting, NOW, false, false)).not.toThrow();
  const failed = newer<State>({
    status: "failed",
    ended_at: "2026-11-23T11:59:00.000Z",
    failure: { kind: "weather", message: "too\u001b[31m warm" },
  });
  if (failed.status !== "failed") throw new Error("it is");
  const words = failureWords(failed.failure);
  expect(words).toMatch(/^Failed for a reason this version does not know: weather: too/);
  expect(words).not.toContain("\u001b");
  expect(terminalStep(failed.failure)).toBe("Update Claude Worker to see what to do");
  expect(failureStep(failed.failure).actions).toEqual(["retry"]);
  const verdict = newer<Verdict>({ verdict: "postponed" });
  expect(verdictWords(verdict)).toBe("Ended in a way this version does not know: postponed");
  const outcome = newer<RunOutcome>({ ...verdict, ended_at: "2026-11-23T11:59:00.000Z" });
  expect(outcomeTone(outcome)).toBe("warn");
  const run = newer<Parameters<typeof stateOf>[0]>({ id: "1-1-a", number: 1, usage: {}, outcome });
  expect(stateWords(stateOf(run))).toBe("postponed");
});

test("a log goes on after an entry that is not known", () => {
  const entries = [
    { offset: 0, type: "picture", text: "a cat" },
    { offset: 9, type: "text", text: "Then this" },
  ];
  expect(fold(newer<LogEntry[]>(entries))).toMatchObject([
    { kind: "note", text: "An entry this version does not know: picture a cat" },
    { kind: "text", text: "Then this" },
  ]);
});

test("events and names that are not known change nothing", () => {
  const event = { seq: 1, at: "2026-11-23T11:59:00.000Z", task: 12, kind: "of_tomorrow" };
  expect(patchOf(newer<Event>(event))).toBeUndefined();
  expect(modeName(newer("yolo"))).toBe("yolo");
});
