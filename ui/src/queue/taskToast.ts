// Messages about one task. They go when they are no longer true.
import type { Task, TaskId } from "../backend";
import { toast } from "../components/toast.svelte";
import { rows } from "../state/rows";

/** Longer than any message is shown, in milliseconds. */
const LONGEST = 60_000;

/** Shows a message about a task, in place of the one before about it; the result removes it. */
export const toastOfTask = (id: TaskId, text: string, stay?: number): (() => void) =>
  toast(text, undefined, { about: `#${id}`, ...(stay === undefined ? {} : { stay }) });

/** The same, for as long as `isTrue` holds for the task, at the longest as every message. */
export function toastWhile(task: Task, text: string, isTrue: (task: Task) => boolean) {
  const dismiss = toastOfTask(task.id, text);
  let known = task;
  const end = () => {
    dismiss();
    stop();
    clearTimeout(timer);
  };
  const look = (now: Task) => {
    known = now;
    if (!isTrue(now)) end();
  };
  const stop = rows.listen({
    rows: (tasks) => tasks.filter(({ id }) => id === task.id).forEach(look),
    patch: (id, change) => void (id === task.id && look(change(known))),
    gone: (ids) => void (ids.includes(task.id) && end()),
    allSeen: () => undefined,
    reload: () => undefined,
  });
  const timer = setTimeout(stop, LONGEST);
}
