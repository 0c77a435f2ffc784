// Not every output causes an event, so a row can look silent although its task prints. Before a task
// is shown as silent, its row is read again, for all lists together.
import type { Task, TaskId } from "../backend";
import { now } from "../words/time";
import { silence, SILENT_MS } from "../words/verdict";
import { rows } from "./rows";
import { running } from "./tasks.svelte";

/** A row is read this long before its task would be shown as silent, in milliseconds. */
const AHEAD = 3000;
/** The same row is read at most once in this time, in milliseconds. */
const AGAIN = 60_000;

/** Decides which rows to read. */
export class SilenceChecks {
  /** When the row of each task that looks silent was read last. */
  #asked = new Map<TaskId, number>();

  due(tasks: readonly Task[], now: number): TaskId[] {
    const due: TaskId[] = [];
    const asked = new Map<TaskId, number>();
    for (const task of tasks) {
      if (silence(task, now) < SILENT_MS - AHEAD) continue;
      const last = this.#asked.get(task.id);
      const again = last === undefined || now - last >= AGAIN;
      if (again) due.push(task.id);
      asked.set(task.id, again ? now : last);
    }
    this.#asked = asked;
    return due;
  }
}

/** Checks every second until the result is called. */
export function watchSilence(): () => void {
  const checks = new SilenceChecks();
  return now.subscribe((now) => {
    rows.reread(checks.due(running.segment("running")?.tasks ?? [], now));
  });
}
