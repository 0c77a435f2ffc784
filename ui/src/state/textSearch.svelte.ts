// Tasks in whose prompts, results and logs words were found. Names are searched by the lists.
import { backend } from "../backend/current";
import type { SearchHit, Task, TaskId } from "../backend";
import type { Narrow } from "../navigation/narrow";
import type { QueueFilter } from "../navigation/routes";
import { queriesOf } from "./filters";
import { narrowQuery } from "./narrowed";
import { rows } from "./rows";
import { newestFirst, Segment } from "./segment";

/** Tasks shown at most: more words find fewer. */
const MOST = 50;
/** A single letter finds nearly everything. */
const SHORTEST = 2;

class TextSearch {
  /** Incremented with every change of the tasks. */
  version = $state(0);
  /** Whether an answer is on its way. */
  loading = $state(false);
  /** What was found, and for which words. */
  #hits = new Map<TaskId, SearchHit>();
  #words = "";
  #segment = new Segment(newestFirst);
  /** The newest question; answers to older ones are dropped. */
  #question = 0;

  constructor() {
    rows.listen({
      rows: (tasks) => tasks.forEach((task) => this.#renew(task)),
      gone: (ids) => this.#change(() => ids.forEach((id) => this.#segment.remove(id))),
      patch: (id, change) => {
        const task = this.#segment.get(id);
        if (task) this.#renew(change(task));
      },
      allSeen: () => undefined,
      reload: () => undefined,
    });
  }

  /** Searches; nothing is found for too short a text. */
  async ask(filter: QueueFilter, search: string, narrow: Narrow) {
    const question = ++this.#question;
    const words = search.trim();
    const queries = Object.values(queriesOf(filter, narrow));
    // Whether a task needs a person the index does not know.
    const isKnown = queries.length > 0 && !queries.some(({ attention }) => attention);
    if (words.length < SHORTEST || !isKnown) return this.#show("", []);
    const status = queries.flatMap(({ status }) => status ?? []);
    this.loading = true;
    try {
      const { hits } = await backend.search({
        words,
        ...narrowQuery(narrow),
        status: filter === "all" && !narrow.status ? undefined : status,
        limit: MOST,
      });
      if (question === this.#question) this.#show(words, hits);
    } catch {
      // The list says that the engine is away.
      if (question === this.#question) this.#show(words, []);
    }
  }

  /** What was found for these words; nothing while the answer is on its way. */
  found(search: string, without: (id: TaskId) => boolean): Segment | undefined {
    void this.version;
    if (search.trim() !== this.#words || this.#words === "") return undefined;
    const found = new Segment(newestFirst);
    for (const task of this.#segment.tasks) if (!without(task.id)) found.put(task);
    return found;
  }

  get(id: TaskId): Task | undefined {
    return this.#segment.get(id);
  }

  hit(id: TaskId): SearchHit | undefined {
    void this.version;
    return this.#hits.get(id);
  }

  #show(words: string, hits: SearchHit[]) {
    this.loading = false;
    this.#change(() => {
      this.#words = words;
      this.#hits = new Map(hits.map((hit) => [hit.task.id, hit]));
      this.#segment = new Segment(newestFirst);
      for (const { task } of hits) this.#segment.put(task);
    });
  }

  #renew(task: Task) {
    if (this.#segment.get(task.id)) this.#change(() => this.#segment.put(task));
  }

  #change(work: () => void) {
    work();
    this.version += 1;
  }
}

export const textSearch = new TextSearch();
