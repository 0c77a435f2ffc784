// Turns events into fresh rows: what an event says is applied at once, the rest of the row is
// read soon after, for all lists together.
import { backend } from "../backend/current";
import type { Event, State, Task, TaskId, Timestamp } from "../backend";
import { coalesce } from "./coalesce";
import { stream } from "./stream.svelte";
import { keepWarnings } from "./warnings.svelte";

/** At most this many rows are asked for at a time; the engine takes no more. */
const CHUNK = 1000;

/** Who shows rows. */
export interface RowListener {
  /** Rows as they are now. */
  rows(tasks: Task[]): void;
  /** These tasks are gone. */
  gone(ids: TaskId[]): void;
  /** A row that is known is to be changed like this. */
  patch(id: TaskId, change: (task: Task) => Task): void;
  /** All finished tasks have been looked at. */
  allSeen(): void;
  /** Events were missed. */
  reload(): void;
}

/** What an event says about a row by itself; nothing when the row must be read. */
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
/** Those in the queue, where a task keeps its place. */
const QUEUED: readonly string[] = ["pending", "waiting"];

function withState(task: Task, event: Event & State): Task {
  // The fields of the old state go, so that no state has another one's data.
  const rest = Object.fromEntries(
    Object.entries(task).filter(([key]) => !STATE_FIELDS.includes(key)),
  );
  const { seq: _seq, at: _at, task: _task, ...said } = event as Event & Record<string, unknown>;
  const { kind: _kind, ...state } = said;
  if (!QUEUED.includes(event.status)) delete rest["queue_place"];
  return { ...rest, ...state } as Task;
}

/** Whether a row must be read anew after an event: it has more to it than the event says. */
export const mustRead = (event: Event): boolean =>
  event.kind === "submitted" || event.kind === "state_changed" || event.kind === "quiet";

/** A question that is under way, and of which tasks events have told meanwhile. */
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
   * Asks about tasks. Answers and events travel apart: what an answer says of a task that events
   * have overtaken is from before them, and to show it would turn the clock back.
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

  /** Does something to a task, and tells the lists of its answer before the event comes. */
  async act(id: TaskId, work: () => Promise<Task>): Promise<void> {
    const { answer, overtaken } = await this.ask(work);
    keepWarnings(answer);
    // The events have told, and the row is read anew anyway.
    if (!overtaken.has(id)) this.#each((listener) => listener.rows([answer]));
  }

  /** Reads these rows anew, soon, for all lists. */
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
      // What has changed again meanwhile is read again, and what was removed stays away.
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
