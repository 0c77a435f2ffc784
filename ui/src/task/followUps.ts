// Follow-up drafts and requests, for the lifetime of the window. They must outlive the field, which is
// removed while the task runs and may be back before the engine's answer arrives.
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import type { ApiError, TaskId } from "../backend";

/** Unsent text. */
export const drafts = new SvelteMap<TaskId, string>();

/** Tasks whose follow-up is being sent. */
export const sending = new SvelteSet<TaskId>();

/** A failed request, which may have reached the engine nevertheless. */
export interface Failed {
  error: ApiError;
  /** How many runs the task had then. */
  runs: number;
}

/** The last failed requests. */
export const failures = new SvelteMap<TaskId, Failed>();
