// Loads the log of a task, all its runs as one: opens at its end, follows it and loads older parts on
// demand. A window of bounded size is held in memory, anywhere in the log.
//
//   start ─ … ─ [ older pages │ window │ newer pages ] ─ … ─ end
//
// At the end of the log the window follows by long polling. When it grows too large, it drops the end
// that is farther from the reader; without the newer end it stops following until the reader returns.
import { Refused, type ApiError, type LogQuery } from "../backend";
import { Backoff } from "../backend/reconnect";
import type { ConversationEntry, ConversationPage, ReadConversation } from "./conversation";
import { delay } from "./delay";
import { keep, liveBlocks, BlockList, type Block } from "./model";

/** The maximum size of the window: entries, and characters in them. */
const BOUNDS = { entries: 2400, chars: 6_000_000 };
/** Entries per request: at first and for older ones, and when following. */
const PAGE = 300;
const FOLLOW_PAGE = 1000;
/** The timeout of a long poll, in milliseconds. */
const WAIT_MS = 25_000;
/** The minimum time between two requests, in milliseconds. */
const PAUSE_MS = 16;

/** A part of the log, as one answer returned it. */
interface Page {
  start: number;
  next: number;
  entries: ConversationEntry[];
  chars: number;
}

/** The end of the list that changed; rows at the other end keep their position. */
export type Edge = "older" | "newer" | "all";

/** The loaded blocks and their state. */
export interface LogView {
  blocks: readonly Block[];
  /** What the agent is writing; the log has it when it is finished. */
  live: readonly Block[];
  /** Whether the first answer has arrived. */
  loaded: boolean;
  /** Whether the log's beginning is loaded. */
  atStart: boolean;
  /** Whether the log's newest end is loaded. */
  atEnd: boolean;
  /** Whether the run has ended and its end is loaded. */
  over: boolean;
  /** Whether an older part is loading. */
  loadingOlder: boolean;
  /** When new output last arrived, in milliseconds since the epoch. */
  heard?: number;
  /** The last error; cleared by the next answer. */
  error?: ApiError;
}

export class LogFollower {
  /** The current state; a new object after each change. */
  view: LogView = {
    blocks: [],
    live: [],
    loaded: false,
    atStart: false,
    atEnd: true,
    over: false,
    loadingOlder: false,
  };
  /** Whether the reader is at the end: then the oldest part is dropped first. */
  readerAtEnd = true;

  readonly #bounds: typeof BOUNDS;
  readonly #read: ReadConversation;
  readonly #changed: (view: LogView, edge: Edge) => void;
  #pages: Page[] = [];
  /** The blocks of the pages. */
  #blockList = new BlockList();
  /** Aborts following, or opening at a place. */
  #following: AbortController | undefined;
  /** A place in the log was asked for, and is not there yet. */
  #isOpening = false;
  /** Aborts all requests. */
  readonly #life = new AbortController();
  #reading = false;
  /** The version of {@link LogView.live}; 0 is nothing. */
  #liveVersion = 0;
  /** The pauses after failures to load older or newer entries. */
  #backoff = new Backoff();

  /** `changed` is called after each change, with the end of the list that changed. */
  constructor(
    read: ReadConversation,
    changed: (view: LogView, edge: Edge) => void,
    bounds = BOUNDS,
  ) {
    this.#bounds = bounds;
    this.#read = read;
    this.#changed = changed;
  }

  /** Opens the log at its end and follows it, unless a place was asked for before. */
  start() {
    if (!this.#following) void this.#follow();
  }

  /** Stops all requests. */
  stop() {
    this.#life.abort();
    this.#following?.abort();
  }

  /** Returns to the end of the log. */
  newest() {
    this.readerAtEnd = true;
    if (this.view.atEnd && !this.#isOpening) return;
    this.#pages = [];
    void this.#follow();
  }

  /** The log may go on: another run has begun. */
  resume() {
    const last = this.#pages.at(-1);
    if (!this.view.over || !this.view.atEnd || !last) return;
    void this.#follow({ entries: [], start: last.next, next: last.next, end: false, run: "" });
  }

  /** Opens the log at a place in it. */
  async openAt(place: number) {
    this.#following?.abort();
    const opening = new AbortController();
    this.#following = opening;
    this.#isOpening = true;
    this.readerAtEnd = false;
    const { signal } = opening;
    const stopped = () => signal.aborted || this.#life.signal.aborted;
    const backoff = new Backoff();
    while (!stopped()) {
      try {
        const page = await this.#ask({ after: place, limit: PAGE }, signal);
        if (stopped()) return;
        this.#isOpening = false;
        this.#pages = [pageOf({ ...page, start: place })];
        this.#retell();
        this.#show({ loaded: true, atEnd: false, over: false, live: [] }, "all");
        if (page.end || page.entries.length < PAGE) void this.#follow(page);
        return;
      } catch (error) {
        if (stopped() || !this.#fail(error)) return;
        await backoff.failed(signal);
      }
    }
  }

  /** Loads the part before the window. */
  async older() {
    const first = this.#pages[0];
    if (!first || first.start === 0 || this.#reading) return;
    this.#reading = true;
    this.#showLoadingOlder(true);
    try {
      let page = await this.#ask({ before: first.start, limit: PAGE });
      // An answer may contain no entries: continue with the part before it.
      while (page.entries.length === 0 && page.start > 0) {
        page = await this.#ask({ before: page.start, limit: PAGE });
      }
      if (this.#pages[0] !== first) return;
      // The gap between the two contains no entries.
      this.#pages.unshift(pageOf({ ...page, next: first.start }));
      this.#retell();
      this.#show({}, "older");
      this.#dropNewest();
      this.#backoff.succeeded();
    } catch (error) {
      await this.#failReading(error);
    } finally {
      this.#reading = false;
      this.#showLoadingOlder(false);
    }
  }

  /** Loads the part after the window, if the end is not loaded. */
  async newer() {
    const last = this.#pages.at(-1);
    if (!last || this.view.atEnd || this.#reading) return;
    let again = false;
    this.#reading = true;
    try {
      const page = await this.#ask({ after: last.next, limit: PAGE });
      if (this.#pages.at(-1) !== last) return;
      this.#append(page);
      this.#dropOldest();
      this.#backoff.succeeded();
      // The end is reached: follow from here.
      if (page.end || page.entries.length < PAGE) void this.#follow(page);
    } catch (error) {
      again = await this.#failReading(error);
    } finally {
      this.#reading = false;
    }
    // At the bottom nothing scrolls any more: only a change makes the component request it again.
    if (again) this.#changed(this.view, "newer");
  }

  /** Follows the log after `from`, or opens it at its end. */
  async #follow(from?: ConversationPage) {
    this.#following?.abort();
    const following = new AbortController();
    this.#following = following;
    this.#isOpening = false;
    const { signal } = following;
    const stopped = () => signal.aborted || this.#life.signal.aborted;
    let page = from;
    let full = 0;
    const backoff = new Backoff();
    if (page) this.#show({ atEnd: true, over: page.end }, "newer");
    while (!stopped() && !page?.end) {
      const asked = Date.now();
      try {
        const opening: boolean = page === undefined || page.run === undefined;
        const answer: ConversationPage = await this.#ask(
          opening
            ? { tail: true, limit: PAGE, wait_ms: WAIT_MS }
            : {
                after: page?.next,
                limit: FOLLOW_PAGE,
                wait_ms: WAIT_MS,
                live: this.#liveVersion,
              },
          signal,
        );
        if (stopped()) return;
        backoff.succeeded();
        full = !opening && answer.entries.length >= FOLLOW_PAGE ? full + 1 : 0;
        // The first answer may contain old output.
        const isNew = !opening && page && (answer.next > page.next || answer.live);
        const heard = isNew ? Date.now() : this.view.heard;
        page = answer;
        if (opening) {
          this.#pages = [pageOf(answer)];
          this.#retell();
          this.#show(ending(answer, { atEnd: true }), "all");
        } else {
          this.#append(answer, { heard, ...this.#liveOf(answer) });
          if (!this.#bound()) return;
        }
        if (full >= 2 && this.readerAtEnd) {
          // Output arrives faster than it can be shown: jump to the end.
          page = undefined;
          full = 0;
        }
        await delay(PAUSE_MS - (Date.now() - asked), signal);
      } catch (error) {
        if (stopped()) return;
        if (!this.#fail(error)) return;
        await backoff.failed(signal);
      }
    }
  }

  /** What is being written after this answer. */
  #liveOf({ live, entries, end }: ConversationPage): Partial<LogView> {
    if (live && !end) {
      this.#liveVersion = live.version;
      return { live: liveBlocks(live.items) };
    }
    // The log has now as a whole what was being written; the next answer has what is written since.
    const isWhole = entries.some(({ type }) => WRITTEN.has(type));
    if (!isWhole && !end) return {};
    this.#liveVersion = 0;
    return this.view.live.length ? { live: [] } : {};
  }

  /** Bounds the window while it grows at its end. False if it stops following. */
  #bound(): boolean {
    if (!this.#tooMuch()) return true;
    if (this.readerAtEnd) {
      this.#dropOldest();
      return true;
    }
    this.#show({ atEnd: false, live: [] }, "newer");
    return false;
  }

  #append(page: ConversationPage, change: Partial<LogView> = {}) {
    this.#blockList.add(page.entries);
    const last = this.#pages.at(-1);
    if (last && last.entries.length + page.entries.length <= PAGE) {
      // Join small answers into one page.
      last.entries.push(...page.entries);
      last.next = page.next;
      last.chars += charsOf(page.entries);
    } else {
      this.#pages.push(pageOf(page));
    }
    this.#show(ending(page, change), "newer");
  }

  #dropOldest() {
    let dropped = false;
    while (this.#tooMuch() && this.#pages.length > 1) {
      this.#pages.shift();
      dropped = true;
    }
    if (!dropped) return;
    this.#retell();
    this.#show({}, "older");
  }

  #dropNewest() {
    let dropped = false;
    while (this.#tooMuch() && this.#pages.length > 1) {
      this.#pages.pop();
      dropped = true;
    }
    if (!dropped) return;
    this.#following?.abort();
    this.#retell();
    this.#show({ atEnd: false, over: false, live: [] }, "newer");
  }

  #tooMuch(): boolean {
    let entries = 0;
    let chars = 0;
    for (const page of this.#pages) {
      entries += page.entries.length;
      chars += page.chars;
    }
    return entries > this.#bounds.entries || chars > this.#bounds.chars;
  }

  #ask(query: LogQuery, signal = this.#life.signal): Promise<ConversationPage> {
    return this.#read(query, signal);
  }

  #show(change: Partial<LogView>, edge: Edge) {
    if (this.#life.signal.aborted) return;
    this.view = {
      ...this.view,
      error: undefined,
      ...change,
      blocks: [...this.#blockList.blocks],
      atStart: this.#pages[0]?.start === 0,
    };
    this.#changed(this.view, edge);
  }

  /** Rebuilds the blocks after the pages have changed. */
  #retell() {
    this.#blockList = new BlockList();
    for (const page of this.#pages) this.#blockList.add(page.entries);
    this.#blockList.blocks = keep(this.view.blocks, this.#blockList.blocks);
  }

  #showLoadingOlder(loadingOlder: boolean) {
    if (this.#life.signal.aborted || this.view.loadingOlder === loadingOlder) return;
    this.view = { ...this.view, loadingOlder };
    this.#changed(this.view, "newer");
  }

  /**
   * Records a failure to load older or newer entries and waits. Meanwhile `#reading` blocks further
   * requests, which come with every change near an edge of the window. True if a retry makes sense.
   */
  async #failReading(error: unknown): Promise<boolean> {
    const again = this.#fail(error);
    await this.#backoff.failed(this.#life.signal);
    return again && !this.#life.signal.aborted;
  }

  /** Records a failure; true if a retry makes sense. */
  #fail(error: unknown): boolean {
    if (
      this.#life.signal.aborted ||
      (error instanceof DOMException && error.name === "AbortError")
    ) {
      return false;
    }
    const said: ApiError =
      error instanceof Refused
        ? error.error
        : { code: "internal", message: "The log cannot be read", hint: "Reload the window" };
    // The banner of the window shows that the engine is away.
    if (said.code === "unavailable") return true;
    this.view = { ...this.view, error: said, loaded: true };
    this.#changed(this.view, "newer");
    return said.code !== "not_found" && said.code !== "forbidden";
  }
}

/** The entries that are written bit by bit. */
const WRITTEN = new Set<ConversationEntry["type"]>([
  "text",
  "thinking",
  "tool_call",
  "result",
  "run",
]);

function ending(page: ConversationPage, change: Partial<LogView>): Partial<LogView> {
  return { ...change, loaded: true, over: page.end };
}

function pageOf({ start, next, entries }: ConversationPage): Page {
  return { start, next, entries: [...entries], chars: charsOf(entries) };
}

function charsOf(entries: readonly ConversationEntry[]): number {
  let chars = 0;
  for (const entry of entries) {
    if ("text" in entry) chars += entry.text.length;
    if ("input" in entry) chars += entry.input.length;
  }
  return chars;
}
