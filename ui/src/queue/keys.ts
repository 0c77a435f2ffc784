// The shortcuts of the queue column.
import type { Task } from "../backend";
import { shortcuts, type Shortcut } from "../keyboard/shortcuts.svelte";
import { canFollowUp, followUp } from "./actions";
import { deferred, UNDO_KEYS } from "./deferred.svelte";
import { isQueued, notMovable, runNext } from "./moving";
import { FITS, noFollowUp, nothingTo, type Action } from "./outcome";
import { engine } from "../state/engine.svelte";
import { queueView } from "./queue.svelte";
import { perform, retryFailed } from "./perform";

/** What the keys act on. */
export interface Column {
  /** Whether the queue or a task is on screen. */
  here: () => boolean;
  /** Whether the task keys are meant for a row, not for the open task's page. */
  mine: () => boolean;
  /** The row of the keyboard. */
  current: () => Task | undefined;
  /** The selected rows; none: the keys act on the row of the keyboard. */
  selected: () => Task[];
  /** Whether some rows are selected. */
  selecting: () => boolean;
  move: (by: number) => void;
  /** Selects rows from the keyboard's row on. */
  extend: (by: number) => void;
  toggle: (task: Task) => void;
  /** Selects all rows of the section of the keyboard, then all of the list. */
  selectAll: () => void;
  endSelection: () => void;
  moveBy: (task: Task, by: 1 | -1) => void;
  search: () => void;
  /** Shows the last words of the keyboard's row, or hides them. */
  peek: () => void;
  /** Opens the newest unseen outcome. */
  nextUnseen: () => void;
  open: (task: Task) => void;
}

/** Whether the focus is on the list, or nowhere. */
function isAtList(): boolean {
  const focused = document.activeElement;
  return focused === document.body || focused?.getAttribute("role") === "listbox";
}

/** Adds the shortcuts; call the result to remove them. */
export function addQueueKeys(column: Column): () => void {
  const { here, current } = column;
  const group = "Queue";
  const tasks = (): Task[] => {
    const task = current();
    return column.selecting() ? column.selected() : task ? [task] : [];
  };
  const mine = () => here() && (column.selecting() || column.mine());
  const acts = (action: Action) => () => mine() && tasks().some(FITS[action]);
  const refuses = (why: (task: Task) => string, none: string) => () => {
    if (!mine()) return undefined;
    const all = tasks();
    return all.length === 1 ? why(all[0]!) : all.length ? none : "Nothing is selected";
  };
  const onRow = (can: (task: Task) => boolean) => () => {
    const task = here() && column.mine() ? current() : undefined;
    return !!task && can(task);
  };
  const withRow = (act: (task: Task) => unknown) => () => {
    const task = current();
    if (task) void act(task);
  };
  const action = (keys: string, name: string, which: Action): Omit<Shortcut, "group"> => ({
    keys,
    name,
    when: acts(which),
    run: () => {
      void perform(which, tasks());
      column.endSelection();
    },
    refusal: refuses((task) => nothingTo(which, task), `${name} fits none of the selected tasks`),
  });
  const all: Omit<Shortcut, "group">[] = [
    { keys: "j", name: "Next task", when: here, run: () => column.move(1), repeats: true },
    { keys: "k", name: "Previous task", when: here, run: () => column.move(-1), repeats: true },
    { keys: "/", name: "Search tasks", when: here, run: column.search },
    {
      keys: "Enter",
      name: "Open",
      // The focused list handles Enter itself, and so do buttons.
      when: () => document.activeElement === document.body && onRow(() => true)(),
      run: withRow(column.open),
    },
    {
      keys: "Space",
      name: "Peek",
      // A focused button, link or switch has its own use for Space.
      when: () => isAtList() && here() && current() !== undefined,
      run: column.peek,
      repeats: true,
    },
    {
      keys: "u",
      name: "Newest unseen outcome",
      when: here,
      run: column.nextUnseen,
    },
    {
      keys: "x",
      name: "Select",
      when: () => here() && current() !== undefined,
      run: withRow(column.toggle),
      refusal: () => (here() ? "Nothing to select: move to a task first" : undefined),
      repeats: true,
    },
    {
      keys: "Shift+j Shift+ArrowDown",
      name: "Select down",
      when: here,
      run: () => column.extend(1),
      repeats: true,
    },
    {
      keys: "Shift+k Shift+ArrowUp",
      name: "Select up",
      when: here,
      run: () => column.extend(-1),
      repeats: true,
    },
    { keys: "Mod+a", name: "Select all in the section", when: here, run: column.selectAll },
    {
      keys: "Escape",
      name: "End the peek",
      when: () => here() && queueView.peeking,
      run: column.peek,
    },
    {
      keys: "Escape",
      name: "End the selection",
      when: () => here() && column.selecting(),
      run: column.endSelection,
    },
    action("c", "Cancel", "cancel"),
    action("r", "Retry", "retry"),
    {
      keys: "Shift+r",
      name: "Retry all failed tasks",
      when: () => here() && (engine.queue?.counts.failed ?? 0) > 0,
      run: () => void retryFailed(),
      refusal: () => (here() ? "Nothing to retry: no task has failed" : undefined),
    },
    action("s", "Mark as seen", "seen"),
    action("Delete", "Remove", "remove"),
    {
      keys: "f",
      name: "Follow up",
      when: onRow(canFollowUp),
      run: withRow(followUp),
      refusal: () => {
        const task = mine() ? current() : undefined;
        return task && noFollowUp(task);
      },
    },
    {
      keys: "Shift+n",
      name: "Run next",
      when: () => mine() && tasks().some(isQueued),
      run: () => {
        void runNext(tasks());
        column.endSelection();
      },
      refusal: refuses(notMovable, "None of the selected tasks is waiting"),
    },
    {
      keys: "Alt+ArrowUp",
      name: "Move up in the queue",
      when: onRow(isQueued),
      run: withRow((task) => column.moveBy(task, -1)),
      repeats: true,
    },
    {
      keys: "Alt+ArrowDown",
      name: "Move down in the queue",
      when: onRow(isQueued),
      run: withRow((task) => column.moveBy(task, 1)),
      repeats: true,
    },
    {
      keys: UNDO_KEYS,
      name: "Undo",
      when: () => deferred.all.length > 0,
      run: () => deferred.undo(),
    },
  ];
  const removes = all.map((shortcut) => shortcuts.add({ ...shortcut, group }));
  return () => removes.forEach((remove) => remove());
}
