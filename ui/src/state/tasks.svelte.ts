// The tasks of a filter, page by page, kept up to date by events.
import { backend } from "../backend/current";
import type { QueueFilter } from "../navigation/routes";
import {
  Refused,
  type ApiError,
  type Cursor,
  type Order,
  type Task,
  type TaskId,
} from "../backend";
import { belongs, found, PARTS, partOf, QUERIES, type TaskQuery, type Part } from "./filters";
import { rows } from "./rows";
import { endedLast, nextFirst, oldestFirst, Segment, type Compare } from "./segment";

/** Rows of the first page: enough for any screen, so that the first paint is quick. */
const FIRST = 100;
/** Rows of a later page. */
const LATER = 500;
/** The engine gives no more rows at a time. */
const MOST = 1000;
/** Of what is up next, a list of everything shows only the beginning. */
const NEXT_IN_ALL = 50;
/** When so few of these are left there, the next ones are asked for. */
const NEXT_LOW = 20;

interface Paged {
  segment: Segment;
  /** Pass to the engine to go on; absent at the end, null before the first page. */
  cursor: Cursor | undefined | null;
  /** The last task of the pages that are here, as it was then. */
  last?: Task;
}

/** Tasks that changed while something was read, as they are now; nothing where they are not here. */
type News = Map<TaskId, Task | undefined>;

const COMPARE: Record<Part, Compare> = {
  running: oldestFirst,
  next: nextFirst,
  finished: endedLast,
};

export class TaskList {
  /** Rises with every change of what the segments hold; reading it makes an effect depend on them. */
  version = $state(0);
  /** Whether the first page is still on its way. */
  loading = $state(true);
  loadingMore = $state(false);
  /** Why the last question was not answered; until {@link reload} nothing more is asked. */
  error = $state.raw<ApiError>();
  #parts: Partial<Record<Part, Paged>> = {};
  #stopListening: (() => void) | undefined;
  /** Which load is the newest; the answers of older ones are dropped. */
  #generation = 0;
  #reloading = false;
  /** For each load that is on, the newest word of what was said to be fresh or gone since: its answer
   * is old there. */
  #loads = new Set<News>();
  /** Settles when the first page is there, or was refused. */
  first: Promise<void> = Promise.resolve();

  constructor(
    readonly filter: QueueFilter,
    readonly search = "",
  ) {
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
        const tasks = this.#parts.finished?.segment.tasks.filter((task) => task.unseen) ?? [];
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

  /** Whether the engine has more of a part than is here. */
  hasMore(part: Part): boolean {
    void this.version;
    return this.#parts[part]?.cursor !== undefined;
  }

  get size(): number {
    void this.version;
    return PARTS.reduce((sum, part) => sum + (this.#parts[part]?.segment.tasks.length ?? 0), 0);
  }

  /**
   * Reads anew as much as is here, at least the first pages, so that a reader far down keeps their
   * place. What is on screen stays until that is there.
   */
  async reload() {
    const generation = ++this.#generation;
    const isNewest = () => generation === this.#generation;
    const news = this.#begin();
    const fresh = this.#empty();
    this.#reloading = true;
    // While it is tried again no trouble is said beside what is there; where nothing is, it stays.
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
      this.#loads.delete(news);
      if (isNewest()) this.#reloading = false;
    }
    if (!isNewest()) return;
    this.#parts = fresh;
    // Of what changed while the pages were on their way, the newer word counts.
    for (const [id, task] of news) {
      for (const part of PARTS) fresh[part]?.segment.remove(id);
      if (task) this.#put(task);
    }
    this.error = undefined;
    this.loading = false;
    this.#changed();
  }

  /**
   * Reads the next page of a part. After a failure it waits for {@link reload}, which comes when the
   * engine is back or a person tries again: a list near its end would else ask without pause.
   */
  async more(part: Part) {
    const paged = this.#parts[part];
    if (!paged || paged.cursor === undefined || this.loadingMore) return;
    if (this.loading || this.#reloading || this.error) return;
    this.loadingMore = true;
    const generation = this.#generation;
    const news = this.#begin();
    let error: unknown;
    try {
      const limit = part === "next" && this.filter === "all" ? NEXT_IN_ALL : LATER;
      await this.#page(part, paged, limit, (id) => !news.has(id));
      // One that came after the pages that were here may come before the end of this one.
      // But a part that was read anew meanwhile knows better.
      if (this.#parts[part] === paged) {
        for (const task of news.values()) if (task) this.#put(task);
      }
    } catch (reason) {
      error = reason;
    } finally {
      this.#loads.delete(news);
      this.loadingMore = false;
    }
    // What was read anew meanwhile has replaced the part, and its failure with it.
    if (error === undefined || generation !== this.#generation) this.#changed();
    else this.error = asApiError(error);
  }

  #begin(): News {
    const news: News = new Map();
    this.#loads.add(news);
    return news;
  }

  /** Reads as much of a part as is here now, and of what runs everything. */
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

  /** Reads a page into `paged`, but for the rows that are no longer `wanted`. */
  async #page(part: Part, paged: Paged, limit: number, wanted = (_: TaskId) => true) {
    const query = QUERIES[this.filter][part];
    if (!query) return;
    const order = this.#order(part, query);
    // All that has ended is in that order, in whatever states a newer engine knows.
    const all = this.filter === "all" && order === "ended_last";
    const { tasks, next } = await backend.list({
      ...query,
      statuses: all ? undefined : query.statuses,
      cursor: paged.cursor ?? undefined,
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
      if (!QUERIES[this.filter][part]) continue;
      parts[part] = { segment: new Segment(COMPARE[part]), cursor: null };
    }
    return parts;
  }

  /** Of the many that are finished, the engine finds by numbers only what is searched for, or needs a
   * person. */
  #order(part: Part, { attention }: TaskQuery): Order {
    if (part === "running") return "oldest_first";
    if (part === "next") return "next_first";
    return this.search.trim() !== "" || attention ? "newest_first" : "ended_last";
  }

  #change(work: () => void) {
    work();
    this.#changed();
  }

  #changed() {
    this.version += 1;
    // Only the beginning of the queue is in a list of everything, and is used up as tasks start.
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

  /** Puts a task where it belongs now, which may be nowhere here. */
  #place(task: Task) {
    const shown = this.get(task.id) !== undefined;
    this.#take(task.id);
    if (!found(task, this.search) || !belongs(this.filter, task, shown)) return;
    for (const news of this.#loads) news.set(task.id, task);
    this.#put(task);
  }

  /** Puts a task that belongs here into its part. */
  #put(task: Task) {
    const part = partOf(task);
    const paged = this.#parts[part];
    if (!paged) return;
    // What comes after the pages that are here comes with its own page.
    const { cursor, last, segment } = paged;
    const beyond = part !== "finished" && cursor && last && segment.compare(task, last) > 0;
    if (!beyond) segment.put(task);
  }

  #take(id: TaskId) {
    for (const news of this.#loads) news.set(id, undefined);
    for (const part of PARTS) this.#parts[part]?.segment.remove(id);
  }
}

function asApiError(error: unknown): ApiError {
  if (error instanceof Refused) return error.error;
  return { code: "internal", message: String(error) };
}

/** What runs now, in every filter: for the count of what needs a person. */
export const running = new TaskList("running");
