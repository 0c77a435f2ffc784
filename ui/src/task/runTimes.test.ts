import { expect, it } from "vitest";
import type { Run } from "../backend";
import { runTimes } from "./runTimes";

const at = (second: number) => new Date(second * 1000).toISOString();
const run = (more: Partial<Run>): Run => ({
  id: "1-1-0",
  number: 1,
  usage: {},
  output_bytes: 0,
  ...more,
});
const ended = (second: number): NonNullable<Run["outcome"]> => ({
  ended_at: at(second),
  verdict: "completed",
});
const of = (runs: Run[], index = 0, now = 0) => {
  const { parts, whole } = runTimes(runs, index, now);
  return { whole, parts: parts.map(({ key, from, length }) => [key, from, length]) };
};

it("shows the wait, the run, and in it tools and API", () => {
  const usage = { tools_ms: 4000, api_ms: 3000 };
  const whole = run({ queued_at: at(10), started_at: at(12), outcome: ended(20), usage });
  expect(of([whole])).toEqual({
    whole: 10_000,
    parts: [
      ["waited", 0, 2000],
      ["ran", 2000, 8000],
      ["tools", 2000, 4000],
      ["api", 2000, 3000],
    ],
  });
});

it("leaves out what is not known", () => {
  expect(of([run({})])).toEqual({ whole: 0, parts: [] });
  expect(of([run({ started_at: at(1), outcome: ended(3) })]).parts).toEqual([["ran", 0, 2000]]);
  expect(of([], 0).parts).toEqual([]);
});

it("goes on while a run does", () => {
  expect(of([run({ started_at: at(1) })], 0, 6000).parts).toEqual([["ran", 0, 5000]]);
});

it("takes the earlier time of the API off that a session reports in all", () => {
  const one = (session_id: string, api_ms: number) =>
    run({ session_id, started_at: at(1), outcome: ended(2), usage: { api_ms } });
  const runs = [one("a", 822), one("b", 5000), one("a", 1549)];
  expect(of(runs, 2)).toEqual({
    whole: 1000,
    parts: [
      ["ran", 0, 1000],
      ["api", 0, 727],
    ],
  });
  expect(of(runs, 1).whole).toBe(5000);
});
