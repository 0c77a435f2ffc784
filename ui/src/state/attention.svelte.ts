// The tasks that need attention: unseen failures and denials, and running tasks that are silent.
import { fromStore } from "svelte/store";
import type { Task } from "../backend";
import { now } from "../words/time";
import { isSilent } from "../words/verdict";
import { engine } from "./engine.svelte";
import type { Narrow } from "../navigation/narrow";
import { found } from "./filters";
import { fits } from "./narrowed";
import { oldestFirst, Segment } from "./segment";
import { running } from "./tasks.svelte";

const clock = fromStore(now);

/** Running tasks that have printed nothing for long, the oldest first. */
export function silentTasks(): Task[] {
  const tasks = running.segment("running")?.tasks ?? [];
  return tasks.filter((task) => isSilent(task, clock.current));
}

/** The silent tasks that match a search and conditions, as a section of a list. */
export function silentSegment(search: string, narrow: Narrow = {}): Segment {
  const segment = new Segment(oldestFirst);
  for (const task of silentTasks()) {
    if (found(task, search) && fits(task, narrow)) segment.put(task);
  }
  return segment;
}

export function attentionCount(): number {
  const unseen = engine.queue?.unseen;
  return (unseen ? unseen.failed + unseen.denied : 0) + silentTasks().length;
}
