// Turns events into current rows: the content of an event is applied at once, the rest of the row is
// read soon after, for all lists together.
import { backend } from "../backend/current";
import type { Event, State, Task, TaskId, Timestamp } from "../backend";
import { coalesce } from "./coalesce";
import { stream } from "./stream.svelte";
import { keepWarnings } from "./warnings.svelte";

/** The engine returns at most this many rows per request. */
const CHUNK = 1000;

/** A list that shows rows. */
export interface RowListener {
  /** Current rows. */
  rows(tasks: Task[]): void;
  /** These tasks were removed. */
  gone(ids: TaskId[]): void;
  /** Apply a change to a row, if the list has it. */
  patch(id: TaskId, change: (task: Task) => Task): void;
  /** All finished tasks were marked as seen. */
  allSeen(): void;
  /** Events were missed. */
  reload(): void;
}

/** The change that an event alone causes in a row; nothing if the row must be read. */
export function patchOf(event: Event): ((task: Task) => Task) | undefined {
  switch (event.kind) {
    case "progress":
      return (task) => withAction(task, event.last_action, event.at);
    case "state_changed":
      return (task) => withState(task, event);
    case "seen":
      return (task) => ({ ...task, unseen: false });
    default:
      return undefined;
  }
}

function withAction(task: Task, last_action: string, at: Timestamp): Task {
  return task.status === "running" ? { ...task, last_action, last_output_at: at } : task;
}

const STATE_FIELDS = [
  "reason",
  "running_since",
  "stopping",
  "ended_at",
  "denied_tools",
  "notes",
  "failure",
];
/** States in the queue, in which a task keeps its position. */
const QUEUED: readonly string[] = ["pending", "waiting"];

function withState(task: Task, event: Event & State): Task {
  // The old state's fields are removed, so that no state carries another one's data.
  const rest = Object.fromEntries(
    Object.entries(task).filter(([key]) => !STATE_FIELDS.includes(key)),
  );
  const { seq: _seq, at: _at, task: _task, ...said } = event as Event & Record<string, unknown>;
  const { kind: _kind, ...state } = said;
  if (!QUEUED.includes(event.status)) delete rest["queue_place"];
  return { ...rest, ...state } as Task;
}

/** Whether an event changes more of a row than it contains, so that the row must be read. */
export const mustRead = (event: Event): boolean =>
  ["submitted", "state_changed", "moved", "quiet"].includes(event.kind);

/** A request in progress, and the tasks that had events in the meantime. */
interface Question {
  overtaken: Set<TaskId>;
}

class Rows {
  #listeners = new Set<RowListener>();
  #dirty = new Set<TaskId>();
  #questions = new Set<Question>();
  #refresh = coalesce(250, () => this.#read());
  #started = false;

  listen(listener: RowListener): () => void {
    this.#start();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Requests tasks. Answers and events arrive independently: a row in an answer may be older than an
   * event that has already been applied, so such rows are dropped and read again.
   */
  async ask<T>(work: () => Promise<T>): Promise<{ answer: T } & Question> {
    const question: Question = { overtaken: new Set() };
    this.#questions.add(question);
    try {
      return { answer: await work(), ...question };
    } finally {
      this.#questions.delete(question);
    }
  }

  /** Calls an action on a task and shows its answer before the event arrives. */
  async act(id: TaskId, work: () => Promise<Task>): Promise<Task> {
    const { answer, overtaken } = await this.ask(work);
    keepWarnings(answer);
    // Events were applied in the meantime; the row is read again anyway.
    if (!overtaken.has(id)) this.#each((listener) => listener.rows([answer]));
    return answer;
  }

  /** Reads these rows again soon, for all lists. */
  reread(ids: readonly TaskId[]) {
    for (const id of ids) this.#dirty.add(id);
    if (ids.length) this.#refresh();
  }

  #start() {
    if (this.#started) return;
    this.#started = true;
    stream.listen({
      events: (events) => this.#take(events),
      gap: () => this.#each((listener) => listener.reload()),
      connected: () => this.#each((listener) => listener.reload()),
    });
  }

  #take(events: Event[]) {
    for (const event of events) {
      const { task } = event;
      if (task === undefined) {
        if (event.kind === "seen") this.#each((listener) => listener.allSeen());
        // Tasks that had no project have one now.
        if (event.kind === "projects_changed") this.#each((listener) => listener.reload());
        continue;
      }
      if (mustRead(event) || event.kind === "removed") this.#overtake(task);
      if (event.kind === "removed") {
        this.#dirty.delete(task);
        this.#each((listener) => listener.gone([task]));
        continue;
      }
      const change = patchOf(event);
      if (change) this.#each((listener) => listener.patch(task, change));
      if (mustRead(event)) this.#dirty.add(task);
    }
    if (this.#dirty.size) this.#refresh();
  }

  #overtake(id: TaskId) {
    for (const question of this.#questions) question.overtaken.add(id);
  }

  async #read() {
    while (this.#dirty.size) {
      const ids = [...this.#dirty].slice(0, CHUNK);
      for (const id of ids) this.#dirty.delete(id);
      const asked = await this.ask(() => backend.list({ ids, limit: CHUNK })).catch((error) => {
        for (const id of ids) this.#dirty.add(id);
        throw error;
      });
      const { tasks } = asked.answer;
      // Rows that changed in the meantime are read again; removed ones stay removed.
      const fresh = tasks.filter((task) => !asked.overtaken.has(task.id));
      const there = new Set(tasks.map((task) => task.id));
      const gone = ids.filter((id) => !there.has(id) && !asked.overtaken.has(id));
      this.#each((listener) => {
        if (fresh.length) listener.rows(fresh);
        if (gone.length) listener.gone(gone);
      });
    }
  }

  #each(tell: (listener: RowListener) => void) {
    for (const listener of [...this.#listeners]) tell(listener);
  }
}

export const rows = new Rows();
