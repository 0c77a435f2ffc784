// Values derived from a task's runs. Pure.
import type { Run, State, TaskDetail } from "../backend";
import type { ShownPrompt } from "../log/types";
import { millis } from "../words/time";
import { unknownName } from "../words/unknown";
import { agents } from "../state/agents.svelte";

/** A run's outcome as a task state, for icon and colour. */
export function stateOf(run: Run): State {
  const { outcome } = run;
  if (!outcome) return { status: "running", running_since: run.started_at };
  const { ended_at } = outcome;
  switch (outcome.verdict) {
    case "completed":
      return {
        status: "completed",
        ended_at,
        denied_tools: outcome.denied_tools,
        notes: outcome.notes,
      };
    case "failed":
      return { status: "failed", ended_at, failure: outcome.failure };
    case "cancelled":
      return { status: "cancelled", ended_at };
    default:
      // An unknown verdict is shown by its name.
      return { status: unknownName(outcome, "verdict"), ended_at } as unknown as State;
  }
}

/** The prompt of a run. */
export function promptOf(task: TaskDetail, run: Run | undefined): ShownPrompt {
  const command = agents.can(task.request.agent ?? agents.usual, "command_line");
  if (run?.follow_up) return { label: "Follow-up", text: run.follow_up, mono: false };
  return {
    label: command ? "Command" : "Prompt",
    text: task.request.execution_prompt,
    mono: command,
  };
}

/** Whether a run is in progress or about to begin. */
export function isLive(task: TaskDetail, run: Run | undefined): boolean {
  return run ? run.outcome === undefined && task.status === "running" : task.status === "running";
}

/** The number of the next run, independent of the shown one. */
export const nextRun = (task: TaskDetail): number => (task.run_history.at(-1)?.number ?? 0) + 1;

/**
 * The duration of the last run of a finished task, in milliseconds; `undefined` if it ended without a
 * run, for example by being cancelled in the queue.
 */
export function lasted(task: TaskDetail): number | undefined {
  const run = task.run_history.at(-1);
  if (!("ended_at" in task) || run?.outcome?.ended_at !== task.ended_at) return undefined;
  const [from, to] = [millis(run.started_at), millis(task.ended_at)];
  return from !== undefined && to !== undefined && to >= from ? to - from : undefined;
}
