// How many tasks there are in each place. What runs is counted in the list of running tasks, for the queue and
// for each project: two answers of the engine would be of two moments.
import type { ProjectId } from "../backend";
import type { QueueFilter } from "../navigation/routes";
import { attentionCount } from "./attention.svelte";
import { engine } from "./engine.svelte";
import { countOf } from "./filters";
import { running } from "./tasks.svelte";

/** How many tasks run: all, or those of a project. Until they are listed, as the engine counts them. */
export function runningCount(project?: ProjectId): number {
  const tasks = running.segment("running")?.tasks ?? [];
  if (project !== undefined) return tasks.filter((task) => task.project === project).length;
  return running.loading ? (engine.queue?.counts.running ?? 0) : tasks.length;
}

/** How many tasks a place has; undefined while that is unknown. */
export function countIn(filter: QueueFilter): number | undefined {
  if (!engine.queue) return undefined;
  return countOf(filter, { ...engine.queue.counts, running: runningCount() }, attentionCount());
}
