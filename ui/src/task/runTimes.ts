// Where the time of a run went, as far as that is known. Pure.
import type { Run } from "../backend";
import { millis } from "../words/time";

/** A part of a run's time, in milliseconds. */
export interface RunTime {
  key: "waited" | "ran" | "tools" | "api";
  name: string;
  length: number;
  /** Where its bar begins: after the wait. */
  from: number;
  /** Whether it still grows. */
  live: boolean;
}

/** The parts that are known of a run, and the length of all bars. Tools and API overlap. */
export function runTimes(
  runs: readonly Run[],
  index: number,
  now: number,
): { parts: RunTime[]; whole: number } {
  const run = runs[index];
  const [queued, started, ended] = [
    millis(run?.queued_at),
    millis(run?.started_at),
    millis(run?.outcome?.ended_at),
  ];
  const parts: RunTime[] = [];
  let from = 0;
  const add = (key: RunTime["key"], name: string, length: number, live = false) =>
    parts.push({ key, name, length, from, live });
  if (queued !== undefined && started !== undefined) {
    const waited = Math.max(0, started - queued);
    add("waited", "Waited", waited);
    from = waited;
  }
  if (run && started !== undefined) {
    const live = run.outcome === undefined;
    add("ran", live ? "Running" : "Ran", Math.max(0, (ended ?? now) - started), live);
    const { tools_ms } = run.usage;
    if (tools_ms !== undefined) add("tools", "Tools", tools_ms);
    const api = apiTime(runs, index);
    if (api !== undefined) add("api", "API", api);
  }
  const whole = Math.max(0, ...parts.map(({ from, length }) => from + length));
  return { parts, whole };
}

/** How long the model's API took for a run: what it adds to the total of its session. */
function apiTime(runs: readonly Run[], index: number): number | undefined {
  const run = runs[index];
  const total = run?.usage.api_ms;
  if (!run || total === undefined) return undefined;
  const before = runs
    .slice(0, index)
    .filter(({ session_id }) => session_id !== undefined && session_id === run.session_id)
    .map(({ usage }) => usage.api_ms ?? 0);
  return Math.max(0, total - Math.max(0, ...before));
}
