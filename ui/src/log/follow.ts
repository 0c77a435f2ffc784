// Reads one run's log for somebody who looks at it: opens at its end, follows it, and loads older
// parts on demand. What is held in memory is a window of bounded size, wherever in the log it is.
//
//   start ─ … ─ [ older pages │ window │ newer pages ] ─ … ─ end
//
// At the end of the log the window follows: a question waits at the engine for what comes next.
// When it grows too large it loses the end that is farther from the reader, and when that is the
// newer one, it no longer follows until the reader has come back there.
import {
  Refused,
  type ApiError,
  type LogEntry,
  type LogPage,
  type LogQuery,
  type RunId,
} from "../backend";
import { Backoff } from "../backend/reconnect";
import { delay } from "./delay";
import { keep, BlockList, type Block } from "./model";

/** How much is held at the most: entries, and characters of text in them. */
const BOUNDS = { entries: 2400, chars: 6_000_000 };
/** How many entries are asked for at once: first and older, and when following. */
const PAGE = 300;
const FOLLOW_PAGE = 1000;
/** How long the engine is let wait for something new, in milliseconds. */
const WAIT_MS = 25_000;
/** The shortest time between two answers while output pours in, in milliseconds. */
const PAUSE_MS = 30;

/** A part of the log that was read in one piece. */
interface Page {
  start: number;
  next: number;
  entries: LogEntry[];
  chars: number;
}

/** Which end of the list changed: what is at the other one keeps its place on screen. */
export type Edge = "older" | "newer" | "all";

/** What there is to see. */
export interface LogView {
  /** The run it is of; absent while the task has had none. */
  run?: RunId;
  blocks: readonly Block[];
  /** Whether the first answer has come. */
  loaded: boolean;
  /** Whether the log's beginning is loaded. */
  atStart: boolean;
  /** Whether the log's newest end is loaded. */
  atEnd: boolean;
  /** Whether the run is over, and its end is loaded. */
  over: boolean;
  /** Whether an older part is being read. */
  loadingOlder: boolean;
  /** When something that had just been printed came last, in milliseconds since the epoch. */
  heard?: number;
  /** Why it cannot be read; cleared by the next answer. */
  error?: ApiError;
}

export type ReadLog = (query: LogQuery, signal: AbortSignal) => Promise<LogPage>;

export class LogFollower {
  /** What there is to see now. A new object after each change. */
  view: LogView = {
    blocks: [],
    loaded: false,
    atStart: false,
    atEnd: true,
    over: false,
    loadingOlder: false,
  };
  /** Whether the reader is at the newest end: then the oldest part goes first. */
  readerAtEnd = true;

  readonly #bounds: typeof BOUNDS;
  readonly #read: ReadLog;
  readonly #changed: (view: LogView, edge: Edge) => void;
  #pages: Page[] = [];
  /** The blocks of the pages. */
  #blockList = new BlockList();
  /** Ends the reading that follows the end. */
  #following: AbortController | undefined;
  /** Ends everything. */
  readonly #life = new AbortController();
  #reading = false;
  /** The pauses after failures to load older or newer entries. */
  #backoff = new Backoff();
  /** The run the window is in. */
  #run: RunId | undefined;

  /**
   * `changed` is called after each change, with the one end of the list that changed. Without a
   * `run` it is the newest there is, or the first there will be.
   */
  constructor(
    read: ReadLog,
    changed: (view: LogView, edge: Edge) => void,
    run?: RunId,
    bounds = BOUNDS,
  ) {
    this.#bounds = bounds;
    this.#read = read;
    this.#changed = changed;
    this.#run = run;
  }

  /** Opens the log at its end and follows it. */
  start() {
    void this.#follow();
  }

  /** Ends all reading. */
  stop() {
    this.#life.abort();
    this.#following?.abort();
  }

  /** Back to the end of the log, from wherever the window is. */
  newest() {
    this.readerAtEnd = true;
    if (this.view.atEnd) return;
    this.#pages = [];
    void this.#follow();
  }

  /** Loads the part before the window. */
  async older() {
    const first = this.#pages[0];
    if (!first || first.start === 0 || this.#reading) return;
    this.#reading = true;
    this.#showLoadingOlder(true);
    try {
      let page = await this.#ask({ before: first.start, limit: PAGE });
      // A stretch may have nothing to show: on to the one before it.
      while (page.entries.length === 0 && page.start > 0) {
        page = await this.#ask({ before: page.start, limit: PAGE });
      }
      if (this.#pages[0] !== first) return;
      // What is between the two has nothing to show.
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

  /** Loads the part after the window, when that no longer reaches the end. */
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
      // Nothing more at the moment: from here on it is followed.
      if (page.end || page.entries.length < PAGE) void this.#follow(page);
    } catch (error) {
      again = await this.#failReading(error);
    } finally {
      this.#reading = false;
    }
    // At the bottom nothing scrolls any more: only a change makes the reader's page ask again.
    if (again) this.#changed(this.view, "newer");
  }

  /** Follows the end, beginning after `from` or by opening the log at its end. */
  async #follow(from?: LogPage) {
    this.#following?.abort();
    const following = new AbortController();
    this.#following = following;
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
        const answer: LogPage = await this.#ask(
          opening
            ? { tail: true, limit: PAGE, wait_ms: WAIT_MS }
            : { after: page?.next, limit: FOLLOW_PAGE, wait_ms: WAIT_MS },
          signal,
        );
        if (stopped()) return;
        backoff.succeeded();
        full = !opening && answer.entries.length >= FOLLOW_PAGE ? full + 1 : 0;
        // What it opens with may have been printed long ago.
        const heard = !opening && page && answer.next > page.next ? Date.now() : this.view.heard;
        page = answer;
        if (opening) {
          this.#pages = [pageOf(answer)];
          this.#retell();
          this.#show(ending(answer, { atEnd: true }), "all");
        } else {
          this.#append(answer, { heard });
          if (!this.#bound()) return;
        }
        if (full >= 2 && this.readerAtEnd) {
          // It is printed faster than it can be shown: go to where it is now.
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

  /** Keeps the window bounded while it grows at its end. False when it no longer follows. */
  #bound(): boolean {
    if (!this.#tooMuch()) return true;
    if (this.readerAtEnd) {
      this.#dropOldest();
      return true;
    }
    this.#show({ atEnd: false }, "newer");
    return false;
  }

  #append(page: LogPage, change: Partial<LogView> = {}) {
    this.#blockList.add(page.entries);
    const last = this.#pages.at(-1);
    if (last && last.entries.length + page.entries.length <= PAGE) {
      // Many small answers make one page.
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
    this.#show({ atEnd: false, over: false }, "newer");
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

  async #ask(query: LogQuery, signal = this.#life.signal): Promise<LogPage> {
    const page = await this.#read(this.#run ? { ...query, run: this.#run } : query, signal);
    this.#run ??= page.run;
    return page;
  }

  #show(change: Partial<LogView>, edge: Edge) {
    if (this.#life.signal.aborted) return;
    this.view = {
      ...this.view,
      error: undefined,
      ...change,
      run: this.#run,
      blocks: [...this.#blockList.blocks],
      atStart: this.#pages[0]?.start === 0,
    };
    this.#changed(this.view, edge);
  }

  /** The pages are others than before: their blocks are made anew. */
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

  /** Notes a failure; says whether it is worth while to try again. */
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
    // The connection has a place of its own to say that the engine is away.
    if (said.code === "unavailable") return true;
    this.view = { ...this.view, error: said, loaded: true };
    this.#changed(this.view, "newer");
    return said.code !== "not_found" && said.code !== "forbidden";
  }
}

function ending(page: LogPage, change: Partial<LogView>): Partial<LogView> {
  return { ...change, loaded: true, over: page.end };
}

function pageOf({ start, next, entries }: LogPage): Page {
  return { start, next, entries: [...entries], chars: charsOf(entries) };
}

function charsOf(entries: readonly LogEntry[]): number {
  let chars = 0;
  for (const entry of entries) {
    if ("text" in entry) chars += entry.text.length;
    if ("input" in entry) chars += entry.input.length;
  }
  return chars;
}
