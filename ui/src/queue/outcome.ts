// What an action on several tasks did, in words, and which tasks it fits. Pure.
import type { Task } from "../backend";
import { counted, grouped, plural } from "../words/numbers";

export type Action = "retry" | "cancel" | "remove" | "seen";

export const isFinished = (task: Task): boolean => "ended_at" in task;
const isStopping = (task: Task): boolean => task.status === "running" && !!task.stopping;

/** The tasks that an action fits. */
export const FITS: Record<Action, (task: Task) => boolean> = {
  retry: isFinished,
  cancel: (task) => !isFinished(task) && !isStopping(task),
  remove: () => true,
  seen: (task) => task.unseen === true,
};

const DONE: Record<Action, (count: number) => string> = {
  retry: (count) => counted(count, "{0} retried", "{0} retried"),
  cancel: (count) => counted(count, "{0} cancelled", "{0} cancelled"),
  remove: (count) => counted(count, "{0} removed", "{0} removed"),
  seen: (count) => counted(count, "{0} marked as seen", "{0} marked as seen"),
};

const NOTHING_DONE: Record<Action, string> = {
  retry: "Nothing retried",
  cancel: "Nothing cancelled",
  remove: "Nothing removed",
  seen: "Nothing marked as seen",
};

const NOTHING_TO: Record<Action, string> = {
  retry: "Nothing to retry",
  cancel: "Nothing to cancel",
  remove: "Nothing to remove",
  seen: "Nothing to mark as seen",
};

/** Why an action does not fit a task. */
type Reason = "stopping" | "ended" | "seen" | "running" | "waiting";

function reason(action: Action, task: Task): Reason {
  if (action === "cancel") return isStopping(task) ? "stopping" : "ended";
  if (action === "seen" && isFinished(task)) return "seen";
  return task.status === "running" ? "running" : "waiting";
}

const REASONS: Record<Reason, (count: number) => string> = {
  stopping: (count) => counted(count, "{0} was already stopping", "{0} were already stopping"),
  ended: (count) => counted(count, "{0} had already ended", "{0} had already ended"),
  seen: (count) => counted(count, "{0} was already seen", "{0} were already seen"),
  running: (count) => counted(count, "{0} was still running", "{0} were still running"),
  waiting: (count) => counted(count, "{0} was still waiting", "{0} were still waiting"),
};

/** What was done: "2 retried, 1 was still waiting". */
export function outcome(
  action: Action,
  done: number,
  left: readonly Task[],
  refusals: readonly string[] = [],
): string {
  const parts = [done > 0 ? DONE[action](done) : NOTHING_DONE[action]];
  const reasons = new Map<Reason, number>();
  for (const task of left) {
    const one = reason(action, task);
    reasons.set(one, (reasons.get(one) ?? 0) + 1);
  }
  for (const [one, count] of reasons) parts.push(REASONS[one](count));
  if (refusals.length === 1) parts.push(`1 was refused: ${refusals[0]}`);
  else if (refusals.length > 1)
    parts.push(`${grouped(refusals.length)} were refused: ${refusals[0]}`);
  return parts.join(", ");
}

/** Why a key does nothing for one task: "Nothing to cancel: task 12 has ended". */
export function nothingTo(action: Action, { id, ...task }: Task): string {
  const state =
    "ended_at" in task
      ? action === "seen"
        ? "was seen already"
        : "has ended"
      : task.status === "running"
        ? task.stopping
          ? "is stopping already"
          : "is running"
        : "is waiting";
  return `${NOTHING_TO[action]}: task ${id} ${state}`;
}

/** Why a task takes no follow-up. */
export const noFollowUp = (task: Task): string =>
  isFinished(task)
    ? `Task ${task.id} takes no follow-up: it has no session to go on in`
    : `Task ${task.id} takes a follow-up when it has ended`;

/** What an action is about to act on: "#12", "3 tasks". */
export const objectOf = (tasks: readonly Task[]): string =>
  tasks.length === 1 ? `#${tasks[0]!.id}` : plural(tasks.length, "task");
