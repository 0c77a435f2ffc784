// Moves of tasks in the queue.
import { backend } from "../backend/current";
import type { Task, TaskId } from "../backend";
import { toast, toastNote, toastTrouble } from "../components/toast.svelte";
import { rows } from "../state/rows";
import type { Segment } from "../state/segment";
import { plural } from "../words/numbers";
import { toastWhile } from "./taskToast";

export const isQueued = ({ status }: Task): boolean => status === "pending" || status === "waiting";

/** Why a task cannot be moved. */
export function notMovable(task: Task): string {
  const state = "ended_at" in task ? "has ended" : "has started";
  return `Nothing to move: task ${task.id} ${state}`;
}

async function move(id: TaskId, to: string): Promise<boolean> {
  try {
    await rows.act(id, () => backend.moveTask(id, { to }));
    return true;
  } catch (error) {
    toastTrouble(error);
    return false;
  }
}

/** Moves tasks to the beginning of the queue. They keep their order. */
export async function runNext(tasks: readonly Task[]): Promise<void> {
  const queued = tasks.filter(isQueued);
  const [first] = tasks;
  if (queued.length === 0) {
    if (first && tasks.length === 1) toastNote(notMovable(first));
    else toastNote("Nothing to move: none of them is waiting");
    return;
  }
  const order = queued.toSorted((a, b) => (a.queue_place ?? a.id) - (b.queue_place ?? b.id));
  let moved = 0;
  for (const { id } of order.toReversed()) {
    if (!(await move(id, "first"))) break;
    moved += 1;
  }
  if (moved === 0) return;
  const left = tasks.length - queued.length;
  if (tasks.length === 1) toastWhile(first!, `#${first!.id} runs next`, isQueued);
  else toast(`${plural(moved, "task")} run next${left ? `, ${left} had started already` : ""}`);
}

/** Moves a task directly before another one, or behind it. */
export const moveBeside = (id: TaskId, side: "before" | "after", other: TaskId) =>
  move(id, `${side}:${other}`);

/** Moves a task up or down by one row of the queue. */
export async function moveBy(task: Task, by: 1 | -1, next: Segment | undefined): Promise<void> {
  if (!isQueued(task) || !next?.get(task.id)) return toastNote(notMovable(task));
  const other = next.tasks[next.indexOf(next.get(task.id)!) + by];
  if (!other) {
    toastNote(by < 0 ? `#${task.id} is the first in the queue` : `#${task.id} is the last here`);
    return;
  }
  await moveBeside(task.id, by < 0 ? "before" : "after", other.id);
}
