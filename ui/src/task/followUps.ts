// Follow-ups, as long as the window lives. They outlive their box: it goes when the task runs and
// comes back when it ends, which may be before the engine's answer is here.
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import type { ApiError, TaskId } from "../backend";

/** What was written but not sent. */
export const drafts = new SvelteMap<TaskId, string>();

/** The tasks whose follow-up is on its way. */
export const sending = new SvelteSet<TaskId>();

/** A follow-up that was sent, and may not have arrived. */
export interface Failed {
  error: ApiError;
  /** How many runs the task had then. */
  runs: number;
}

/** The last tries that failed. */
export const failures = new SvelteMap<TaskId, Failed>();
