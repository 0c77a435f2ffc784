// The state of the queue column: filter, search, list and selected row.
import { sameNarrow, type Narrow } from "../navigation/narrow";
import type { QueueFilter } from "../navigation/routes";
import type { TaskId } from "../backend";
import { TaskList } from "../state/tasks.svelte";
import { Selection } from "./selection.svelte";

/** A new list replaces the old one when it is loaded, at the latest after this time in milliseconds. */
const PATIENCE = 150;

class QueueView {
  /** The shown list. */
  list = $state.raw(new TaskList("all"));
  /** The text of the search field. */
  search = $state("");
  /** The row selected by keyboard; absent: the open task. */
  cursor = $state<TaskId>();
  /** The rows selected for an action on several tasks. */
  readonly selection = new Selection();
  /** Whether the last words of the keyboard's row are shown under it. */
  peeking = $state(false);
  /** Whether the list is on screen. */
  onScreen = false;
  /** The last scroll position of the list. */
  scrollTop = 0;
  #next: TaskList | undefined;
  /** Settles when the last requested list is shown. */
  #showing = Promise.resolve();

  /** Whether a task's page handles the task keys, because no other row is selected. */
  leavesKeysTo(id: TaskId): boolean {
    if (!this.onScreen) return true;
    return !this.selection.active && (this.cursor === undefined || this.cursor === id);
  }

  /** Shows a filter; settles when it is shown. The old list stays until then. */
  show(filter: QueueFilter, search: string, narrow: Narrow = {}): Promise<void> {
    const newest = this.#next ?? this.list;
    const isSame =
      newest.filter === filter && newest.search === search && sameNarrow(newest.narrow, narrow);
    if (!isSame || !newest.isOpen) {
      this.#showing = this.#replace(filter, search, narrow);
    }
    return this.#showing;
  }

  async #replace(filter: QueueFilter, search: string, narrow: Narrow) {
    this.#next?.close();
    const next = new TaskList(filter, search, narrow).open();
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
    this.selection.clear();
    this.scrollTop = 0;
    this.list = next;
  }
}

export const queueView = new QueueView();
