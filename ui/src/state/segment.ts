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
