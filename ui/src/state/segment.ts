import type { Task, TaskId } from "../backend";

/** Says whether `a` comes before `b` (negative), like the comparison of a sort. Never 0 for two tasks. */
export type Compare = (a: Task, b: Task) => number;

const byId = (a: Task, b: Task) => a.id - b.id;
const ended = (task: Task) => ("ended_at" in task ? task.ended_at : task.created_at);

/** In the order in which they were submitted. */
export const oldestFirst: Compare = byId;

/** What begins next comes first. What has just come back has no place that is known, until its row is
 * read: mostly it is the last. */
export const nextFirst: Compare = (a, b) => {
  const [left, right] = [a.queue_place ?? Infinity, b.queue_place ?? Infinity];
  return left === right ? byId(a, b) : left - right;
};

/** What ended last comes first. */
export const endedLast: Compare = (a, b) => {
  const [left, right] = [ended(a), ended(b)];
  return left === right ? byId(b, a) : left < right ? 1 : -1;
};

/** What was submitted last comes first. */
export const newestFirst: Compare = (a, b) => b.id - a.id;

/** Descending by a number that may not be known; then the newest first. */
const mostFirst =
  (value: (task: Task) => number | undefined): Compare =>
  (a, b) =>
    (value(b) ?? -1) - (value(a) ?? -1) || newestFirst(a, b);

/** How long the newest run of a finished task took, in milliseconds. */
export function runTime(task: Task): number | undefined {
  if (!("ended_at" in task) || task.started_at === undefined) return undefined;
  return Date.parse(task.ended_at) - Date.parse(task.started_at);
}

/** What took the longest comes first, and last what has not finished. */
export const shortestLast: Compare = mostFirst(runTime);

/** The most expensive comes first, and last what has no known cost. In millionths of a dollar, as the engine
 * compares. */
export const cheapestLast: Compare = mostFirst(({ usage }) =>
  usage?.cost_usd === undefined ? undefined : Math.round(usage.cost_usd * 1e6),
);

/** By name as the engine sorts: capitals A to Z are as small letters, and all others follow by their numbers. */
export const byName: Compare = (a, b) => {
  const [left, right] = [folded(a.name), folded(b.name)];
  return left === right ? newestFirst(a, b) : left < right ? -1 : 1;
};
const folded = (name: string) => name.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());

/**
 * A part of a list, always in order. Changes cost a search and a shift, so that 100,000 rows can
 * be kept up to date several times a second.
 */
export class Segment {
  readonly tasks: Task[] = [];
  #byId = new Map<TaskId, Task>();

  constructor(readonly compare: Compare) {}

  get(id: TaskId): Task | undefined {
    return this.#byId.get(id);
  }

  /** Puts a task where it belongs, in place of what was known of it. */
  put(task: Task) {
    const old = this.#byId.get(task.id);
    if (old && this.compare(old, task) === 0) {
      this.tasks[this.indexOf(old)] = task;
    } else {
      if (old) this.#cut(old);
      const last = this.tasks.at(-1);
      // Pages arrive in order: most tasks belong at the end.
      if (!last || this.compare(last, task) < 0) this.tasks.push(task);
      else this.tasks.splice(this.firstNotBefore(task), 0, task);
    }
    this.#byId.set(task.id, task);
  }

  /** Takes a task out; says whether it was there. */
  remove(id: TaskId): boolean {
    const old = this.#byId.get(id);
    if (!old) return false;
    this.#cut(old);
    this.#byId.delete(id);
    return true;
  }

  /** Where a task of this segment stands. */
  indexOf(task: Task): number {
    return this.firstNotBefore(task);
  }

  /** How many tasks come before `task`, which need not be here. */
  firstNotBefore(task: Task): number {
    return this.count((other) => this.compare(other, task) < 0);
  }

  /** How many tasks `isEarly` holds for, where it holds for all up to some point and for none after. */
  count(isEarly: (task: Task) => boolean): number {
    let low = 0;
    let high = this.tasks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isEarly(this.tasks[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #cut(task: Task) {
    this.tasks.splice(this.indexOf(task), 1);
  }
}
