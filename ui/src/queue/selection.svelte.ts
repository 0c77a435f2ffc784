// The rows that are selected for an action on several tasks.
import type { Task, TaskId } from "../backend";
import { grouped, plural } from "../words/numbers";
import type { Layout } from "./layout";
import { uiText } from "../language/uiText";

const NONE: ReadonlySet<TaskId> = new Set();

export class Selection {
  /** Replaced as a whole with every change. */
  ids = $state.raw(NONE);
  /** Where a range begins. */
  #anchor: TaskId | undefined;
  /** What was selected before the range. */
  #before = NONE;

  get active(): boolean {
    return this.ids.size > 0;
  }

  has(id: TaskId): boolean {
    return this.ids.has(id);
  }

  toggle(id: TaskId) {
    const ids = new Set(this.ids);
    if (!ids.delete(id)) ids.add(id);
    this.ids = ids;
    this.#anchor = id;
    this.#before = ids;
  }

  /** Selects the rows from the anchor to `to`. Without an anchor the range begins at `from`. */
  extend(layout: Layout, from: TaskId | undefined, to: TaskId) {
    const known = this.#anchor !== undefined && layout.find(this.#anchor) !== undefined;
    if (!known) {
      this.#anchor = from ?? to;
      this.#before = this.ids;
    }
    const [a, b] = [layout.find(this.#anchor!)?.index, layout.find(to)?.index];
    if (a === undefined || b === undefined) return;
    const ids = new Set(this.#before);
    for (let index = Math.min(a, b); index <= Math.max(a, b); index++) {
      ids.add(layout.task(index)!.id);
    }
    this.ids = ids;
  }

  /** Adds tasks; if all of them are selected already, takes them out. */
  toggleAll(tasks: readonly TaskId[]) {
    const ids = new Set(this.ids);
    const all = tasks.every((id) => ids.has(id));
    for (const id of tasks) {
      if (all) ids.delete(id);
      else ids.add(id);
    }
    this.ids = ids;
    this.#anchor = undefined;
  }

  clear() {
    if (!this.active) return;
    this.ids = NONE;
    this.#before = NONE;
    this.#anchor = undefined;
  }
}

/** The states of these tasks in words: "2 failed, 1 waiting". */
export function statesOf(tasks: readonly Task[]): string {
  const counts = new Map<string, number>();
  for (const { status } of tasks) {
    const words = WORDS[status] ?? status;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return [...counts].map(([words, count]) => `${grouped(count)} ${words}`).join(", ");
}

const WORDS: Partial<Record<Task["status"], string>> = {
  pending: uiText("waiting"),
  waiting: uiText("waiting"),
  running: uiText("running"),
  completed: uiText("done"),
  failed: uiText("failed"),
  cancelled: uiText("cancelled"),
  skipped: uiText("skipped"),
};

/** How many rows are selected, for a screen reader. */
export const selectedWords = (count: number): string =>
  count === 0 ? "" : `${plural(count, "task")} selected`;
