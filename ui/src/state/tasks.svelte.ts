// The tasks of one filter, loaded page by page and kept current by events.
import { backend } from "../backend/current";
import type { Narrow } from "../navigation/narrow";
import type { QueueFilter } from "../navigation/routes";
import {
  Refused,
  type ApiError,
  type Cursor,
  type Order,
  type Task,
  type TaskId,
} from "../backend";
import { belongs, found, PARTS, partOf, queriesOf, type TaskQuery, type Part } from "./filters";
import { fits, isByNumber, narrowQuery, ORDERS } from "./narrowed";
import { rows } from "./rows";
import { endedLast, nextFirst, oldestFirst, Segment, type Compare } from "./segment";

/** Rows of the first page: enough for any screen, so that the first paint is quick. */
const FIRST = 100;
/** Rows of a later page. */
const LATER = 500;
/** The engine returns at most this many rows. */
const MOST = 1000;
/** The list of all tasks shows only this many queued tasks. */
const NEXT_IN_ALL = 50;
/** When fewer queued tasks than this are left there, more are loaded. */
const NEXT_LOW = 20;

interface Paged {
  segment: Segment;
  /** The cursor of the next page; absent at the end, null before the first page. */
  cursor: Cursor | undefined | null;
  /** The last task of the loaded pages, as it was then. */
  last?: Task;
}

/** Tasks that changed during a request, in their current state; undefined if they left the list. */
type Changes = Map<TaskId, Task | undefined>;

const COMPARE: Record<Exclude<Part, "sorted">, Compare> = {
  running: oldestFirst,
  next: nextFirst,
  finished: endedLast,
};

export class TaskList {
  /** Incremented with every change of the segments; effects that read it depend on them. */
  version = $state(0);
  /** Whether the first page is still loading. */
  loading = $state(true);
  loadingMore = $state(false);
  /** The error of the last request; nothing more is requested until {@link reload}. */
  error = $state.raw<ApiError>();
  readonly #queries: Partial<Record<Part, TaskQuery>>;
  #parts: Partial<Record<Part, Paged>> = {};
  #stopListening: (() => void) | undefined;
  /** The newest load; answers of older ones are dropped. */
  #generation = 0;
  #reloading = false;
  /** The page that is being read. */
  #more: Promise<void> | undefined;
  /** For each load in progress, the tasks that changed since it began: its answer is outdated for
   * these. */
  #loads = new Set<Changes>();
  /** Settles when the first page has loaded or failed. */
  first: Promise<void> = Promise.resolve();

  constructor(
    readonly filter: QueueFilter,
    readonly search = "",
    readonly narrow: Narrow = {},
  ) {
    this.#queries = queriesOf(filter, narrow);
    this.#parts = this.#empty();
  }

  /** Reads the first page and follows events until {@link close}. */
  open(): this {
    this.#stopListening ??= rows.listen({
      rows: (tasks) => this.#change(() => tasks.forEach((task) => this.#place(task))),
      gone: (ids) => this.#change(() => ids.forEach((id) => this.#take(id))),
      patch: (id, change) => {
        const task = this.get(id);
        if (task) this.#change(() => this.#place(change(task)));
      },
      allSeen: () => {
        const unseen = ({ segment }: Paged) => segment.tasks.filter((task) => task.unseen);
        const tasks = Object.values(this.#parts).flatMap(unseen);
        this.#change(() => tasks.forEach((task) => this.#place({ ...task, unseen: false })));
      },
      reload: () => void this.reload(),
    });
    this.first = this.reload();
    return this;
  }

  close() {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#generation += 1;
  }

  get isOpen(): boolean {
    return this.#stopListening !== undefined;
  }

  /** The tasks of a part, in order. The array changes in place: see {@link version}. */
  segment(part: Part): Segment | undefined {
    void this.version;
    return this.#parts[part]?.segment;
  }

  get(id: TaskId): Task | undefined {
    for (const part of PARTS) {
      const task = this.#parts[part]?.segment.get(id);
      if (task) return task;
    }
    return undefined;
  }

  /** Whether the engine has more tasks of a part than are loaded. */
  hasMore(part: Part): boolean {
    void this.version;
    return this.#parts[part]?.cursor !== undefined;
  }

  get size(): number {
    void this.version;
    return PARTS.reduce((sum, part) => sum + (this.#parts[part]?.segment.tasks.length ?? 0), 0);
  }

  /**
   * Reads as many rows again as are loaded, at least the first pages, so that the scroll position
   * stays. The old rows stay on screen until then.
   */
  async reload() {
    const generation = ++this.#generation;
    const isNewest = () => generation === this.#generation;
    const changes = this.#begin();
    const fresh = this.#empty();
    this.#reloading = true;
    // During a retry the error is hidden beside loaded rows; without rows it stays.
    const isHere = PARTS.some((part) => this.#parts[part]?.segment.tasks.length);
    if (isHere) this.error = undefined;
    try {
      await Promise.all(PARTS.map((part) => this.#pages(part, fresh[part], isNewest)));
    } catch (error) {
      if (!isNewest()) return;
      this.error = asApiError(error);
      this.loading = false;
      return;
    } finally {
      this.#loads.delete(changes);
      if (isNewest()) this.#reloading = false;
    }
    if (!isNewest()) return;
    this.#parts = fresh;
    // Changes that arrived during the load are newer than its answer.
    for (const [id, task] of changes) {
      for (const part of PARTS) fresh[part]?.segment.remove(id);
      if (task) this.#put(task);
    }
    this.error = undefined;
    this.loading = false;
    this.#changed();
  }

  /**
   * Reads the next page of a part. After a failure it waits for {@link reload} (on reconnect or by the
   * user): otherwise a list near its end would send requests without a pause.
   */
  more(part: Part): Promise<void> {
    this.#more ??= this.#readMore(part).finally(() => (this.#more = undefined));
    return this.#more;
  }

  /** Reads the pages of a part while `goesOn`. */
  async all(part: Part, goesOn: () => boolean): Promise<void> {
    while (this.hasMore(part) && this.isOpen && !this.error && goesOn()) {
      const before = this.#parts[part]?.segment.tasks.length;
      await this.more(part);
      // Nothing is read during a reload.
      if (this.#parts[part]?.segment.tasks.length === before) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #readMore(part: Part) {
    const paged = this.#parts[part];
    if (!paged || paged.cursor === undefined || this.loadingMore) return;
    if (this.loading || this.#reloading || this.error) return;
    this.loadingMore = true;
    const generation = this.#generation;
    const changes = this.#begin();
    let error: unknown;
    try {
      const limit = part === "next" && this.filter === "all" ? NEXT_IN_ALL : LATER;
      await this.#page(part, paged, limit, (id) => !changes.has(id));
      // A task that was beyond the loaded pages may belong into this one; not if the part was
      // reloaded in the meantime.
      if (this.#parts[part] === paged) {
        for (const task of changes.values()) if (task) this.#put(task);
      }
    } catch (reason) {
      error = reason;
    } finally {
      this.#loads.delete(changes);
      this.loadingMore = false;
    }
    // A reload in the meantime has replaced the part, and with it this failure.
    if (error === undefined || generation !== this.#generation) this.#changed();
    else this.error = asApiError(error);
  }

  #begin(): Changes {
    const changes: Changes = new Map();
    this.#loads.add(changes);
    return changes;
  }

  /** Reads as many rows of a part as are loaded now; all rows of running tasks. */
  async #pages(part: Part, fresh: Paged | undefined, goesOn: () => boolean) {
    if (!fresh) return;
    const here = this.#parts[part]?.segment.tasks.length ?? 0;
    const wanted = part === "running" ? Infinity : Math.max(this.#first(part), here);
    do {
      const missing = wanted - fresh.segment.tasks.length;
      await this.#page(part, fresh, Math.min(missing, MOST));
    } while (goesOn() && fresh.cursor !== undefined && fresh.segment.tasks.length < wanted);
  }

  #first(part: Part): number {
    return part === "next" && this.filter === "all" ? NEXT_IN_ALL : FIRST;
  }

  /** Reads a page into `paged`, without rows that are no longer `wanted`. */
  async #page(part: Part, paged: Paged, limit: number, wanted = (_: TaskId) => true) {
    const query = this.#queries[part];
    if (!query) return;
    const order = this.#order(part, query);
    // This order contains all ended tasks, also in states that only a newer engine knows.
    const all = this.filter === "all" && order === "ended_last" && !this.narrow.status;
    const { tasks, next } = await backend.list({
      ...query,
      status: all ? undefined : query.status,
      cursor: paged.cursor ?? undefined,
      ...narrowQuery(this.narrow),
      search: this.search.trim() || undefined,
      order,
      limit,
    });
    paged.cursor = next;
    paged.last = tasks.at(-1);
    for (const task of tasks) {
      if (wanted(task.id) && belongs(this.filter, task, false)) paged.segment.put(task);
    }
  }

  #empty(): Partial<Record<Part, Paged>> {
    const parts: Partial<Record<Part, Paged>> = {};
    for (const part of PARTS) {
      if (!this.#queries[part]) continue;
      parts[part] = { segment: new Segment(this.#compare(part)), cursor: null };
    }
    return parts;
  }

  #compare(part: Part): Compare {
    return part === "sorted" ? ORDERS[this.narrow.sort ?? "newest"].compare : COMPARE[part];
  }

  /** The order of a part. Finished tasks can be searched or filtered only in order of their numbers. */
  #order(part: Part, { attention }: TaskQuery): Order {
    if (part === "sorted") return ORDERS[this.narrow.sort ?? "newest"].order;
    if (part === "running") return "oldest_first";
    if (part === "next") return "next_first";
    const byNumber = this.search.trim() !== "" || attention || isByNumber(this.narrow);
    return byNumber ? "newest_first" : "ended_last";
  }

  #change(work: () => void) {
    work();
    this.#changed();
  }

  #changed() {
    this.version += 1;
    // The list of all tasks holds only the beginning of the queue, which shrinks as tasks start.
    const next = this.#parts.next;
    if (
      this.filter === "all" &&
      this.isOpen &&
      next?.cursor &&
      next.segment.tasks.length < NEXT_LOW
    ) {
      void this.more("next");
    }
  }

  /** Moves a task to where it belongs now, or removes it from this list. */
  #place(task: Task) {
    const shown = this.get(task.id) !== undefined;
    this.#take(task.id);
    if (!found(task, this.search) || !fits(task, this.narrow)) return;
    if (!belongs(this.filter, task, shown)) return;
    for (const changes of this.#loads) changes.set(task.id, task);
    this.#put(task);
  }

  /** Puts a task that belongs here into its part. */
  #put(task: Task) {
    const part = this.narrow.sort ? "sorted" : partOf(task);
    const paged = this.#parts[part];
    if (!paged) return;
    // A task beyond the loaded pages comes with its own page.
    const { cursor, last, segment } = paged;
    const beyond = part !== "finished" && cursor && last && segment.compare(task, last) > 0;
    if (!beyond) segment.put(task);
  }

  #take(id: TaskId) {
    for (const changes of this.#loads) changes.set(id, undefined);
    for (const part of PARTS) this.#parts[part]?.segment.remove(id);
  }
}

function asApiError(error: unknown): ApiError {
  if (error instanceof Refused) return error.error;
  return { code: "internal", message: String(error) };
}

/** Running tasks, independent of the filter: for the number of tasks that need attention. */
export const running = new TaskList("running");
