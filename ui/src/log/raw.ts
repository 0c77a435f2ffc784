// Loads one stream of a run's raw output: opens at its end, follows it and loads older parts on demand.
// The memory is bounded, as for the log.
import { Refused, type ApiError, type OutputQuery, type OutputText, type RunId } from "../backend";
import { Backoff } from "../backend/reconnect";
import { delay } from "./delay";

/** Bytes per request. */
const PART = 64 * 1024;
/** The maximum number of loaded parts. */
const MOST_PARTS = 10;
/** The timeout of a long poll, in milliseconds. */
const WAIT_MS = 25_000;
/** The minimum time between two requests, in milliseconds. */
const PAUSE_MS = 50;
/** An offset beyond every output: the engine continues at the end. */
const END = Number.MAX_SAFE_INTEGER;

/** A part of the output. */
export interface RawPart {
  /** Its byte range. */
  start: number;
  next: number;
  /** The displayed text: see {@link visible}. */
  text: string;
}

/** The loaded parts and their state. */
export interface RawView {
  parts: readonly RawPart[];
  loaded: boolean;
  /** Whether the end is loaded and followed. */
  atEnd: boolean;
  /** Whether the run has ended and its end is loaded. */
  over: boolean;
  error?: ApiError;
}

export type ReadOutput = (query: OutputQuery, signal: AbortSignal) => Promise<OutputText>;

export class RawFollower {
  /** The current state; a new object after each change. */
  view: RawView = { parts: [], loaded: false, atEnd: true, over: false };
  /** Whether the reader is at the end: then the oldest part is dropped first. */
  readerAtEnd = true;
  readonly #life = new AbortController();
  #following: AbortController | undefined;
  #reading = false;
  readonly #backoff = new Backoff();

  /** `changed` is called after each change. */
  constructor(
    readonly read: ReadOutput,
    readonly changed: (view: RawView) => void,
    readonly run?: RunId,
  ) {}

  /** Opens the output at its end and follows it. */
  start() {
    void this.#follow();
  }

  stop() {
    this.#life.abort();
    this.#following?.abort();
  }

  /** Returns to the end. */
  newest() {
    this.readerAtEnd = true;
    if (this.view.atEnd) return;
    this.view = { ...this.view, parts: [] };
    void this.#follow();
  }

  /** Loads the previous part. */
  async older() {
    const first = this.view.parts[0];
    if (!first || first.start === 0) return;
    await this.#page(async () => {
      const start = Math.max(0, first.start - PART);
      const page = await this.#ask({ offset: start, limit: first.start - start });
      // Meanwhile the reader went to the end, or the first part was dropped.
      if (this.view.parts[0]?.start !== first.start) return;
      const parts = [{ start, next: first.start, text: visible(page.text) }, ...this.view.parts];
      const dropped = parts.length > MOST_PARTS;
      if (dropped) this.#following?.abort();
      const kept = dropped ? { parts: parts.slice(0, MOST_PARTS), atEnd: false } : { parts };
      this.#show(kept);
    });
  }

  /** Loads the next part, if the end is not loaded. */
  async newer() {
    const last = this.view.parts.at(-1);
    if (!last || this.view.atEnd) return;
    await this.#page(async () => {
      const page = await this.#ask({ offset: last.next, limit: PART });
      if (this.view.parts.at(-1)?.next !== last.next) return;
      this.#append(last.next, page);
      if (page.next - last.next < PART) {
        this.#show({ atEnd: true, over: page.end });
        void this.#follow(page);
      }
    });
  }

  async #page(work: () => Promise<void>) {
    if (this.#reading) return;
    let again = false;
    this.#reading = true;
    try {
      await work();
      this.#backoff.succeeded();
    } catch (error) {
      again = this.#fail(error);
      // At an edge every change requests it again: the pause keeps that from being a busy loop.
      await this.#backoff.failed(this.#life.signal);
    } finally {
      this.#reading = false;
    }
    // At an edge nothing scrolls any more: only a change makes the component request it again.
    if (again && !this.#life.signal.aborted) this.changed(this.view);
  }

  async #follow(from?: OutputText) {
    this.#following?.abort();
    const following = new AbortController();
    this.#following = following;
    const { signal } = following;
    const backoff = new Backoff();
    let page = from;
    while (!signal.aborted && !this.#life.signal.aborted && !page?.end) {
      const asked = Date.now();
      try {
        if (page === undefined) {
          page = await this.#open(signal);
        } else {
          const offset: number = page.next;
          const query = { offset, limit: PART, wait_ms: WAIT_MS };
          const answer: OutputText = await this.#ask(query, signal);
          if (signal.aborted) return;
          page = answer;
          this.#append(offset, answer);
          if (!this.view.atEnd) return;
        }
        backoff.succeeded();
        await delay(PAUSE_MS - (Date.now() - asked), signal);
      } catch (error) {
        if (signal.aborted || !this.#fail(error)) return;
        await backoff.failed(signal);
      }
    }
  }

  /** Reads the last part. */
  async #open(signal: AbortSignal): Promise<OutputText> {
    const { next: length } = await this.#ask({ offset: END, limit: 1 }, signal);
    const start = Math.max(0, length - PART);
    // One byte more than there is, so that the answer reports the end.
    const page = await this.#ask({ offset: start, limit: PART + 1 }, signal);
    const parts = page.text === "" ? [] : [{ start, next: page.next, text: visible(page.text) }];
    this.#show({ parts, loaded: true, atEnd: true, over: page.end });
    return page;
  }

  #append(start: number, page: OutputText) {
    const text = visible(page.text);
    const parts = [...this.view.parts];
    const last = parts.at(-1);
    if (last && last.next === start && page.next - last.start <= PART) {
      // Join small answers into one part.
      parts[parts.length - 1] = { start: last.start, next: page.next, text: last.text + text };
    } else if (text !== "") {
      parts.push({ start, next: page.next, text });
    }
    if (parts.length <= MOST_PARTS) return this.#show({ parts, over: page.end });
    if (this.readerAtEnd || !this.view.atEnd) {
      this.#show({ parts: parts.slice(-MOST_PARTS), over: page.end });
    } else {
      // The reader is further up: keep those parts and load the rest on demand.
      this.#show({ atEnd: false });
    }
  }

  #ask(query: OutputQuery, signal = this.#life.signal): Promise<OutputText> {
    return this.read(this.run ? { ...query, run: this.run } : query, signal);
  }

  #show(change: Partial<RawView>) {
    if (this.#life.signal.aborted) return;
    this.view = { ...this.view, error: undefined, ...change };
    this.changed(this.view);
  }

  /** Records a failure; true if a retry makes sense. */
  #fail(error: unknown): boolean {
    if (this.#life.signal.aborted) return false;
    if (error instanceof DOMException && error.name === "AbortError") return false;
    const said: ApiError =
      error instanceof Refused
        ? error.error
        : { code: "internal", message: "The output cannot be read", hint: "Reload the window" };
    if (said.code === "unavailable") return true;
    this.view = { ...this.view, error: said, loaded: true };
    this.changed(this.view);
    return said.code !== "not_found" && said.code !== "forbidden";
  }
}

/**
 * Makes every character visible: control characters become their Unicode pictures, and bidirectional
 * control characters their code points.
 */
export function visible(text: string): string {
  return text
    .replace(/\r\n/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (sign) =>
      String.fromCharCode(0x2400 + sign.charCodeAt(0)),
    )
    .replace(/\u007f/g, "␡")
    .replace(
      /[\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
      (sign) => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
    );
}
