// Actions that are sent some seconds later, so that they can be undone until then. When the page goes
// away before, the backend makes their calls at once: what was asked for is never lost.
import { backend } from "../backend/current";
import type { HeldCall, TaskId } from "../backend";
import { toast, toastNote } from "../components/toast.svelte";

/** How long an action can be undone, in milliseconds. */
export const DELAY = 5000;
/** The shortcut that undoes the newest one. */
export const UNDO_KEYS = "Mod+z";

interface NewAction {
  tasks: readonly TaskId[];
  /** What a row says meanwhile: "Cancelling". */
  verb: string;
  /** What it acts on: "#12", "3 tasks". */
  object: string;
  /** The calls that `send` makes. */
  calls: HeldCall[];
  send: () => unknown;
}

export interface Deferred extends Omit<NewAction, "tasks"> {
  tasks: ReadonlySet<TaskId>;
  /** When it is sent, in milliseconds since 1970. */
  due: number;
  stop: () => void;
}

/** How many seconds are left; the clock of the rows may be late by one. */
export function secondsLeft({ due }: Deferred, now: number): number {
  return Math.max(1, Math.min(DELAY / 1000, Math.ceil((due - now) / 1000)));
}

class DeferredActions {
  /** Those that are not sent yet, the newest last. */
  all = $state.raw<readonly Deferred[]>([]);

  constructor() {
    // The backend makes the calls that it holds. A page that is shown again must not make them once more.
    addEventListener("pagehide", () => {
      this.all.forEach(({ stop }) => stop());
      this.all = [];
    });
  }

  /** The action on this task that is not sent yet. */
  of(id: TaskId): Deferred | undefined {
    return this.all.find(({ tasks }) => tasks.has(id));
  }

  add({ tasks, ...action }: NewAction) {
    const dismiss = toast(
      `${action.verb} ${action.object} in ${DELAY / 1000} s`,
      { name: "Undo", keys: UNDO_KEYS, run: () => this.undo(deferred) },
      { stay: DELAY },
    );
    const timer = setTimeout(() => {
      // The app or the browser has made them already if this returns false.
      if (this.#take(deferred)) void action.send();
    }, DELAY);
    const deferred: Deferred = {
      ...action,
      tasks: new Set(tasks),
      due: Date.now() + DELAY,
      stop: () => {
        clearTimeout(timer);
        dismiss();
      },
    };
    this.#show([...this.all, deferred]);
  }

  /** Takes an action back, the newest one by default. */
  undo(action = this.all.at(-1)) {
    if (action && this.#take(action)) toastNote(`${action.verb} ${action.object} was undone`);
  }

  #take(action: Deferred): boolean {
    if (!this.all.includes(action)) return false;
    action.stop();
    this.#show(this.all.filter((other) => other !== action));
    return true;
  }

  #show(all: readonly Deferred[]) {
    this.all = all;
    backend.holdCalls(all.flatMap(({ calls }) => calls));
  }
}

export const deferred = new DeferredActions();
