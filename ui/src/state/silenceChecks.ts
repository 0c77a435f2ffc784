// No event tells that a task printed more of the same, so a row may look silent that is not: before a
// task is called silent its row is read anew, for all lists together.
import type { Task, TaskId } from "../backend";
import { now } from "../words/time";
import { silence, SILENT_MS } from "../words/verdict";
import { rows } from "./rows";
import { running } from "./tasks.svelte";

/** So long before it would be called silent a task is asked about, in milliseconds. */
const AHEAD = 3000;
/** The same task is asked about at most once in so long, in milliseconds. */
const AGAIN = 60_000;

/** Says about which tasks to ask. */
export class SilenceChecks {
  /** When each of those that look silent was asked about last. */
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

/** Keeps what is said of silence true until the result is called. */
export function watchSilence(): () => void {
  const checks = new SilenceChecks();
  return now.subscribe((now) => {
    rows.reread(checks.due(running.segment("running")?.tasks ?? [], now));
  });
}
