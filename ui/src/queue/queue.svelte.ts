// The list that is on screen: which filter, what is searched for, where the keyboard is.
import type { QueueFilter } from "../navigation/routes";
import type { TaskId } from "../backend";
import { TaskList } from "../state/tasks.svelte";

/** A new list replaces the old one when it is there, or after so long in any case, in milliseconds. */
const PATIENCE = 150;

class QueueView {
  /** What is shown. */
  list = $state.raw(new TaskList("all"));
  /** What is typed into the search field. */
  search = $state("");
  /** The row the keyboard is at; absent: the task whose page is on screen. */
  cursor = $state<TaskId>();
  /** Whether the list is on screen: only there the keyboard can be at a row. */
  onScreen = false;
  /** Where the list was scrolled to when it was last on screen. */
  scrollTop = 0;
  #next: TaskList | undefined;
  /** Settles when what was asked for last is shown. */
  #showing = Promise.resolve();

  /** Whether a task's page has the keys that act on a task: the keyboard is at no other one. */
  leavesKeysTo(id: TaskId): boolean {
    return !this.onScreen || this.cursor === undefined || this.cursor === id;
  }

  /** Shows a filter, and settles when it is shown: what is on screen stays until the list is there. */
  show(filter: QueueFilter, search: string): Promise<void> {
    const newest = this.#next ?? this.list;
    if (newest.filter !== filter || newest.search !== search || !newest.isOpen) {
      this.#showing = this.#replace(filter, search);
    }
    return this.#showing;
  }

  async #replace(filter: QueueFilter, search: string) {
    this.#next?.close();
    const next = new TaskList(filter, search).open();
    this.#next = next;
    // Another search in the same filter keeps the old rows; they are better than a skeleton.
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE));
    await (filter === this.list.filter && this.list.isOpen
      ? next.first
      : Promise.race([next.first, patience]));
    // Callers that wait for this list wait for the one that replaced it.
    if (this.#next !== next) return this.#showing;
    this.#next = undefined;
    this.list.close();
    this.scrollTop = 0;
    this.list = next;
  }
}

export const queueView = new QueueView();
