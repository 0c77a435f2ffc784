// Which task a part of a log belongs to, for what is read later: images.
import { getContext, setContext } from "svelte";
import type { Run, TaskId } from "../backend";

export interface LogPlace {
  task: TaskId;
  /** All runs of the task now, the oldest first. */
  runs: () => readonly Run[];
}

const KEY = Symbol("log");

/** Tells the parts of a log which one it is. */
export const setLogPlace = (place: LogPlace) => setContext(KEY, place);

/** The log that this part belongs to; undefined outside of one. */
export const logPlace = () => getContext<LogPlace | undefined>(KEY);
