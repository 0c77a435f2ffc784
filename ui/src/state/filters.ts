// What belongs into each filter. Pure.
import type { Narrow } from "../navigation/narrow";
import type { QueueFilter } from "../navigation/routes";
import type { Counts, ListQuery, Status, Task } from "../backend";

/** The parts of a task's life, in the order in which a list shows them. */
const LIFE = ["running", "next", "finished"] as const;
/** The parts of lists: a list in an order that a person chose has one. */
export const PARTS = [...LIFE, "sorted"] as const;
export type Part = (typeof PARTS)[number];

const PART_OF: Record<Status, (typeof LIFE)[number]> = {
  running: "running",
  pending: "next",
  waiting: "next",
  completed: "finished",
  failed: "finished",
  cancelled: "finished",
  skipped: "finished",
};

/** A status this version does not know is that of a finished task when that has an end. */
export const partOf = (task: Task): Part =>
  isKnown(task) ? PART_OF[task.status] : "ended_at" in task ? "finished" : "next";

/** Whether this version knows the status: a newer engine may have more of them. */
const isKnown = (task: Task): boolean => task.status in PART_OF;

export type TaskQuery = Pick<ListQuery, "status" | "attention">;

/** What to ask the engine for, part by part, before a person narrows it. */
const QUERIES: Record<QueueFilter, Partial<Record<Part, TaskQuery>>> = {
  all: {
    running: { status: ["running"] },
    next: { status: ["pending", "waiting"] },
    finished: { status: ["completed", "failed", "cancelled", "skipped"] },
  },
  running: { running: { status: ["running"] } },
  // Beside these it shows the silent ones of what runs: time makes them silent, not the engine.
  attention: { finished: { attention: true } },
  waiting: { next: { status: ["pending", "waiting"] } },
  failed: { finished: { status: ["failed"] } },
  finished: { finished: { status: ["completed", "cancelled", "skipped"] } },
};

/** What to ask the engine for, part by part; a part that is absent is not shown there. */
export function queriesOf(filter: QueueFilter, narrow: Narrow): Partial<Record<Part, TaskQuery>> {
  const wanted = narrow.status;
  const queries: Partial<Record<Part, TaskQuery>> = {};
  for (const part of LIFE) {
    const query = QUERIES[filter][part];
    if (!query) continue;
    const status = wanted
      ? (query.status?.filter((status) => wanted.includes(status)) ?? (wanted as Status[]))
      : query.status;
    // An empty list would ask for all.
    if (status?.length !== 0) queries[part] = { ...query, status };
  }
  if (!narrow.sort) return queries;
  const all = Object.values(queries);
  if (!all.length) return {};
  const isEvery = filter === "all" && !wanted;
  const status = isEvery ? [] : all.flatMap(({ status }) => status ?? []);
  const attention = all.some(({ attention }) => attention);
  return {
    sorted: {
      ...(status.length ? { status } : {}),
      ...(attention ? { attention } : {}),
    },
  };
}

/** Finished without anyone having looked, and not simply well. */
export function isUnseenTrouble(task: Task): boolean {
  if (!task.unseen) return false;
  return task.status === "failed" || (task.status === "completed" && !!task.denied_tools?.length);
}

/** Whether a task belongs into a filter. One that is already `shown` stays until it moves on. */
export function belongs(filter: QueueFilter, task: Task, shown: boolean): boolean {
  if (filter === "attention") {
    // What is being looked at must not vanish under the eyes that look at it.
    return isUnseenTrouble(task) || (shown && partOf(task) === "finished");
  }
  if (!isKnown(task)) return filter === "all";
  const statuses = QUERIES[filter][partOf(task)]?.status;
  return statuses?.includes(task.status) ?? false;
}

/** Whether a search finds a task: the engine's rule, for rows that change while one is on. */
export function found(task: Task, search: string): boolean {
  const text = search.trim().toLowerCase();
  if (!text) return true;
  return (
    task.name.toLowerCase().includes(text) ||
    task.working_directory.toLowerCase().includes(text) ||
    String(task.id) === text.replace(/^#/, "")
  );
}

/** How many tasks a filter holds, as far as the engine counts them. */
export function countOf(filter: QueueFilter, counts: Counts, attention: number): number {
  switch (filter) {
    case "all":
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    case "running":
      return counts.running;
    case "attention":
      return attention;
    case "waiting":
      return counts.waiting + counts.pending;
    case "failed":
      return counts.failed;
    case "finished":
      return counts.completed + counts.cancelled + counts.skipped;
  }
}
