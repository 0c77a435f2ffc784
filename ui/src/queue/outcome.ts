// What an action on several tasks did, in words, and which tasks it fits. Pure.
import type { Task } from "../backend";
import { grouped, plural } from "../words/numbers";

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

const DONE: Record<Action, string> = {
  retry: "retried",
  cancel: "cancelled",
  remove: "removed",
  seen: "marked as seen",
};

const VERB: Record<Action, string> = {
  retry: "retry",
  cancel: "cancel",
  remove: "remove",
  seen: "mark as seen",
};

/** Why an action does not fit a task: "was still waiting", "were still waiting". */
function reason(action: Action, task: Task, many: boolean): string {
  const was = many ? "were" : "was";
  if (action === "cancel")
    return isStopping(task) ? `${was} already stopping` : "had already ended";
  if (action === "seen" && isFinished(task)) return `${was} already seen`;
  return task.status === "running" ? `${was} still running` : `${was} still waiting`;
}

/** What was done: "2 retried, 1 was still waiting". */
export function outcome(
  action: Action,
  done: number,
  left: readonly Task[],
  refusals: readonly string[] = [],
): string {
  const parts = done > 0 ? [`${done} ${DONE[action]}`] : [`Nothing ${DONE[action]}`];
  const reasons = new Map<string, number>();
  for (const task of left) {
    const one = reason(action, task, false);
    reasons.set(one, (reasons.get(one) ?? 0) + 1);
  }
  for (const [one, count] of reasons) {
    parts.push(`${grouped(count)} ${count > 1 ? one.replace(/^was /, "were ") : one}`);
  }
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
  return `Nothing to ${VERB[action]}: task ${id} ${state}`;
}

/** Why a task takes no follow-up. */
export const noFollowUp = (task: Task): string =>
  isFinished(task)
    ? `Task ${task.id} takes no follow-up: it has no session to go on in`
    : `Task ${task.id} takes a follow-up when it has ended`;

/** What an action is about to act on: "#12", "3 tasks". */
export const objectOf = (tasks: readonly Task[]): string =>
  tasks.length === 1 ? `#${tasks[0]!.id}` : plural(tasks.length, "task");
