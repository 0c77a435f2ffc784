// Which task a part of a log belongs to, for what is read later: images.
import { getContext, setContext } from "svelte";
import type { ImageQuery, Run, TaskId } from "../backend";
import { byteAt, indexAt } from "./conversation";
import type { LogImage } from "./model";

export interface LogPlace {
  task: TaskId;
  /** All runs of the task now, the oldest first. */
  runs: () => readonly Run[];
}

/** The key of the context, for tests. */
export const LOG_KEY = Symbol("log");

/** Tells the parts of a log which one it is. */
export const setLogPlace = (place: LogPlace) => setContext(LOG_KEY, place);

/** The log that this part belongs to; undefined outside of one. */
export const logPlace = () => getContext<LogPlace | undefined>(LOG_KEY);

/** Which image a tool returned, as the engine counts. */
export function queryOf(image: LogImage, place: LogPlace | undefined): ImageQuery {
  const run = place?.runs()[indexAt(image.offset)]?.id;
  return { run, offset: byteAt(image.offset), number: image.number };
}
