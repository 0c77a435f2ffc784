// The logs of all runs of a task as one log, so that everything that reads one can read them all.
//
//   run 1: [ divider │ bytes of its log ]   run 2: [ divider │ bytes of its log ]   …
//
// A run begins at a multiple of SPAN with one place for its divider; the bytes of its log follow.
import type { LogEntry, LogPage, LogQuery, Run, RunId, Usage } from "../backend";

export type ReadLog = (query: LogQuery, signal: AbortSignal) => Promise<LogPage>;
export type ReadConversation = (query: LogQuery, signal: AbortSignal) => Promise<ConversationPage>;

/** The room of one run: more than an output can have, and small enough for exact numbers. */
const SPAN = 2 ** 42;

/** The beginning of a run, among the entries of its log. */
export interface RunEntry {
  type: "run";
  offset: number;
  at?: undefined;
  /** The index of the run. */
  index: number;
  /** Whether it goes on in the session of the run before it. */
  goesOn: boolean;
}
export type ConversationEntry = LogEntry | RunEntry;
export type ConversationPage = Omit<LogPage, "entries"> & { entries: ConversationEntry[] };

/** Where a run begins. */
export const placeOf = (index: number): number => index * SPAN;
/** The index of the run that a place is in. */
export const indexAt = (place: number): number => Math.floor(place / SPAN);
/** The byte of its run's log that a place after the divider is. */
export const byteAt = (place: number): number => place - placeOf(indexAt(place)) - 1;

export class Conversation {
  readonly #read: ReadLog;
  /** All runs of the task, the oldest first. */
  runs: readonly Run[];

  constructor(read: ReadLog, runs: readonly Run[]) {
    this.#read = read;
    this.runs = runs;
  }

  /** Reads a part of the conversation; its places are those of {@link LogQuery}. */
  read: ReadConversation = async (query, signal) => {
    if (query.tail) return this.#tail(Math.max(0, this.runs.length - 1), query, signal);
    if (query.before !== undefined) return this.#before(query.before, query, signal);
    return this.#after(query.after ?? 0, query, signal);
  };

  /** The end of a run. */
  async #tail(index: number, query: LogQuery, signal: AbortSignal): Promise<ConversationPage> {
    const run = this.runs[index];
    if (run?.output_deleted) return this.#deleted(index);
    // A run has a divider at least, so that only the first one is waited for.
    const wait_ms = this.runs.length ? undefined : query.wait_ms;
    const asked = {
      ...query,
      tail: true,
      before: undefined,
      after: undefined,
      wait_ms,
      run: run?.id,
    };
    const page = await this.#read(clean(asked), signal);
    // There is no run yet: the page has no place in one.
    if (!page.run) return { ...page, entries: [] };
    return this.#placed(page, index);
  }

  async #before(place: number, query: LogQuery, signal: AbortSignal): Promise<ConversationPage> {
    const index = indexAt(place);
    const within = place - placeOf(index);
    if (within === 0) {
      if (index === 0) return { entries: [], start: 0, next: 0, end: false };
      return { ...(await this.#tail(index - 1, query, signal)), next: place };
    }
    if (within === 1) {
      return { entries: [this.#divider(index)], start: placeOf(index), next: place, end: false };
    }
    const asked = { ...query, before: within - 1, run: this.runs[index]?.id };
    return this.#placed(await this.#read(clean(asked), signal), index);
  }

  async #after(from: number, query: LogQuery, signal: AbortSignal): Promise<ConversationPage> {
    const limit = query.limit ?? 500;
    const entries: ConversationEntry[] = [];
    let place = from;
    for (;;) {
      const index = indexAt(place);
      const within = place - placeOf(index);
      const page = this.runs[index]?.output_deleted
        ? this.#deleted(index)
        : await this.#forwards(index, Math.max(0, within - 1), query, entries.length, signal);
      const isNew = ({ offset }: ConversationEntry) => offset >= place;
      entries.push(...page.entries.filter(isNew));
      const hasNext = index + 1 < this.runs.length;
      if (!page.end || !hasNext || entries.length >= limit) {
        const next = page.end && hasNext ? placeOf(index + 1) : page.next;
        return { ...page, entries, start: from, next, end: page.end && !hasNext };
      }
      // The run is over: its end is followed by the next one.
      place = placeOf(index + 1);
    }
  }

  async #forwards(
    index: number,
    after: number,
    query: LogQuery,
    found: number,
    signal: AbortSignal,
  ): Promise<ConversationPage> {
    const limit = query.limit === undefined ? undefined : Math.max(1, query.limit - found);
    // What was found already is not held back by a wait for more.
    const wait_ms = found > 0 ? 0 : query.wait_ms;
    const asked = { ...query, after, limit, wait_ms, run: this.runs[index]?.id };
    return this.#placed(await this.#read(clean(asked), signal), index);
  }

  /** A page of a run, at its place in the conversation. */
  #placed(page: LogPage, index: number): ConversationPage {
    const base = placeOf(index) + 1;
    const before = costBefore(this.runs, index);
    const entries: ConversationEntry[] = page.entries.map((entry) => {
      const placed = { ...entry, offset: entry.offset + base };
      if (placed.type === "result") placed.usage = without(placed.usage, before);
      return placed;
    });
    const isFirst = page.start === 0;
    if (isFirst) entries.unshift(this.#divider(index));
    const start = isFirst ? placeOf(index) : page.start + base;
    return { ...page, entries, start, next: page.next + base };
  }

  #divider(index: number): RunEntry {
    const goesOn = this.runs[index]?.follow_up !== undefined;
    return { type: "run", offset: placeOf(index), index, goesOn };
  }

  #deleted(index: number): ConversationPage {
    const offset = placeOf(index) + 1;
    const text = "The output of this run was deleted to save space";
    const entries: ConversationEntry[] = [this.#divider(index), { type: "note", offset, text }];
    return { run: this.runs[index]?.id, entries, start: placeOf(index), next: offset, end: true };
  }
}

/** Without fields that are undefined, which have no place in a query. */
function clean(query: LogQuery & { run?: RunId }): LogQuery {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

/** What the session of a run had cost before it: an agent reports the total of its session. */
export function costBefore(runs: readonly Run[], index: number): number {
  const run = runs[index];
  if (!run?.session_id) return 0;
  const costs = runs
    .slice(0, index)
    .filter(({ session_id }) => session_id === run.session_id)
    .map(({ usage }) => usage.cost_usd ?? 0);
  return Math.max(0, ...costs);
}

/** What a run used by itself. */
export function usageOf(runs: readonly Run[], index: number): Usage {
  return without(runs[index]?.usage ?? {}, costBefore(runs, index));
}

function without(usage: Usage, cost: number): Usage {
  if (usage.cost_usd === undefined || cost === 0) return usage;
  return { ...usage, cost_usd: Math.max(0, usage.cost_usd - cost) };
}
