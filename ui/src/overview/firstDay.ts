// Whether there is anything to show at all. Pure.
import type { Overview, Queue } from "../backend";

/** Whether no task was ever run or waits: there is no task, and nothing was ever counted. */
export function firstDay(queue: Queue | undefined, shown: Overview | undefined): boolean {
  if (!queue || !shown) return false;
  const tasks = Object.values(queue.counts).reduce((sum, count) => sum + count, 0);
  return tasks === 0 && shown.days.every(({ runs }) => runs === 0);
}
