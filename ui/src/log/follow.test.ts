import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Refused, type LiveText, type LogEntry, type LogPage, type LogQuery } from "../backend";
import { LogFollower, type Edge, type LogView } from "./follow";

/** A log of lines ten bytes each, that grows, answers as an engine does and can wait. */
class FakeLog {
  lines = 0;
  over = false;
  asked: LogQuery[] = [];
  failures: Error[] = [];
  /** What is being written. */
  live: LiveText = { version: 0, items: [] };
  #waiting: (() => void)[] = [];

  grow(lines: number) {
    this.lines += lines;
    this.#wake();
  }

  write(text: string) {
    this.live = { version: this.live.version + 1, items: text ? [{ type: "text", text }] : [] };
    this.#wake();
  }

  end() {
    this.over = true;
    this.#wake();
  }

  #wake() {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  read = async (query: LogQuery, signal: AbortSignal): Promise<LogPage> => {
    this.asked.push(query);
    const failure = this.failures.shift();
    if (failure) throw failure;
    const page = this.#page(query);
    if (page.entries.length || page.end || page.live || !query.wait_ms) return page;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, query.wait_ms);
      this.#waiting.push(() => (clearTimeout(timer), resolve()));
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(new DOMException("ended", "AbortError"));
      });
    });
    return this.#page(query);
  };

  #page({ tail, before, after = 0, limit = 500, live: known }: LogQuery): LogPage {
    let from = Math.ceil(after / 10);
    let to = Math.min(this.lines, from + limit);
    if (tail || before !== undefined) {
      to = before === undefined ? this.lines : before / 10;
      from = Math.max(0, to - limit);
    }
    const entries = Array.from({ length: Math.max(0, to - from) }, (_, i): LogEntry => ({
      offset: (from + i) * 10,
      type: "text",
      text: `line ${from + i}`,
    }));
    const end = this.over && to === this.lines;
    const isNew = known !== undefined && known !== this.live.version && !this.over;
    const live = isNew ? { live: this.live } : {};
    return { run: "1-1-00000000", entries, start: from * 10, next: to * 10, end, ...live };
  }
}

let log: FakeLog;
let follower: LogFollower;
let edges: Edge[];

beforeEach(() => {
  vi.useFakeTimers();
  log = new FakeLog();
  edges = [];
  follower = new LogFollower(log.read, (_, edge) => edges.push(edge));
});
afterEach(() => {
  follower.stop();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(100);
const first = (view: LogView) => view.blocks.at(0)?.key;
const last = (view: LogView) => view.blocks.at(-1)?.key;

test("a long log opens at its end with one question", async () => {
  log.grow(100_000);
  follower.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(log.asked[0]).toMatchObject({ tail: true, limit: 300 });
  expect(follower.view).toMatchObject({ loaded: true, atStart: false, atEnd: true, over: false });
  expect(follower.view.blocks).toHaveLength(300);
  expect(last(follower.view)).toBe("999990.0");
});

test("a log that is to open at a place starts there and stays there", async () => {
  log.grow(100_000);
  void follower.openAt(5000);
  follower.start();
  await settle();
  expect(first(follower.view)).toBe("5000.0");
  expect(follower.view).toMatchObject({ loaded: true, atStart: false, atEnd: false });
});

test("a log opens at a place as soon as the engine answers", async () => {
  log.grow(1000);
  log.failures = [new Refused({ code: "unavailable", message: "The engine is away" })];
  void follower.openAt(5000);
  await vi.advanceTimersByTimeAsync(0);
  expect(follower.view).toMatchObject({ loaded: false });
  await vi.advanceTimersByTimeAsync(1000);
  expect(first(follower.view)).toBe("5000.0");
});

test("the place asked for last is shown", async () => {
  log.grow(100_000);
  void follower.openAt(5000);
  void follower.openAt(9000);
  await settle();
  expect(first(follower.view)).toBe("9000.0");
});

test("the end is shown if it is asked for while a place is on its way", async () => {
  log.grow(100_000);
  follower.start();
  await settle();
  void follower.openAt(5000);
  follower.newest();
  await settle();
  expect(last(follower.view)).toBe("999990.0");
  expect(follower.view.atEnd).toBe(true);
  log.grow(1);
  await settle();
  expect(last(follower.view)).toBe("1000000.0");
});

test("what is printed is there at once", async () => {
  log.grow(5);
  follower.start();
  await settle();
  expect(follower.view).toMatchObject({ atStart: true });
  log.grow(1);
  // Not a single timer has to pass.
  await vi.advanceTimersByTimeAsync(0);
  expect(last(follower.view)).toBe("50.0");
  expect(edges.at(-1)).toBe("newer");
});

test("what is being written is shown below the log until the log has it", async () => {
  const written = () =>
    follower.view.live.map((block) => (block.kind === "text" ? block.text : block.kind));
  log.grow(1);
  follower.start();
  await settle();
  const heard = follower.view.heard;
  log.write("Hel");
  await settle();
  log.write("Hello");
  await settle();
  expect(written()).toEqual(["Hello"]);
  expect(follower.view.blocks).toHaveLength(1);
  expect(follower.view.heard).not.toBe(heard);
  // The whole text arrives, and nothing is being written any more.
  log.write("");
  log.grow(1);
  await settle();
  expect(written()).toEqual([]);
  expect(follower.view.blocks).toHaveLength(2);
  log.write("Next");
  await settle();
  expect(written()).toEqual(["Next"]);
  log.end();
  await settle();
  expect(written()).toEqual([]);
});

test("when the run is over nothing is asked any more", async () => {
  log.grow(3);
  follower.start();
  await settle();
  log.end();
  await settle();
  expect(follower.view.over).toBe(true);
  const asked = log.asked.length;
  await vi.advanceTimersByTimeAsync(120_000);
  expect(log.asked.length).toBe(asked);
});

test("a log with nothing in it yet is waited for", async () => {
  follower.start();
  await settle();
  expect(follower.view.loaded).toBe(false);
  log.grow(1);
  await settle();
  expect(follower.view.blocks).toHaveLength(1);
});

test("older parts come in front, down to the beginning", async () => {
  log.grow(700);
  follower.start();
  await settle();
  await follower.older();
  expect(edges.at(-1)).not.toBe("all");
  expect(edges).toContain("older");
  expect(first(follower.view)).toBe("1000.0");
  await follower.older();
  expect(follower.view).toMatchObject({ atStart: true, atEnd: true, loadingOlder: false });
  expect(follower.view.blocks).toHaveLength(700);
  const asked = log.asked.length;
  await follower.older();
  expect(log.asked.length).toBe(asked);
});

test("memory is bounded while following, and while going back and forth", async () => {
  const bounds = { entries: 900, chars: 1_000_000 };
  follower = new LogFollower(log.read, (_, edge) => edges.push(edge), bounds);
  log.grow(5000);
  follower.start();
  await settle();
  for (let i = 0; i < 5; i++) {
    log.grow(400);
    await settle();
    expect(follower.view.blocks.length).toBeLessThanOrEqual(bounds.entries);
  }
  expect(last(follower.view)).toBe(`${log.lines * 10 - 10}.0`);

  follower.readerAtEnd = false;
  for (let i = 0; i < 10; i++) {
    await follower.older();
    expect(follower.view.blocks.length).toBeLessThanOrEqual(bounds.entries);
  }
  expect(follower.view).toMatchObject({ atEnd: false, over: false });
  // What is printed meanwhile is not read.
  const oldest = first(follower.view);
  log.grow(10);
  await settle();
  expect(first(follower.view)).toBe(oldest);

  for (let i = 0; i < 30 && !follower.view.atEnd; i++) await follower.newer();
  await settle();
  expect(follower.view.atEnd).toBe(true);
  expect(last(follower.view)).toBe(`${log.lines * 10 - 10}.0`);
  log.grow(1);
  await settle();
  expect(last(follower.view)).toBe(`${log.lines * 10 - 10}.0`);
});

test("few but huge entries are bounded, too", async () => {
  const bounds = { entries: 900, chars: 5000 };
  follower = new LogFollower(log.read, (_, edge) => edges.push(edge), bounds);
  log.grow(5000);
  follower.start();
  await settle();
  follower.readerAtEnd = false;
  for (let i = 0; i < 3; i++) await follower.older();
  expect(follower.view.blocks.length).toBeLessThanOrEqual(600);
});

test("new output does not move a reader who is far from the end", async () => {
  log.grow(1000);
  follower.start();
  await settle();
  follower.readerAtEnd = false;
  const oldest = first(follower.view);
  for (let i = 0; i < 10; i++) {
    log.grow(900);
    await settle();
  }
  expect(first(follower.view)).toBe(oldest);
  expect(follower.view.atEnd).toBe(false);
  follower.newest();
  await settle();
  expect(follower.view.atEnd).toBe(true);
  expect(last(follower.view)).toBe(`${log.lines * 10 - 10}.0`);
});

test("a flood is not read line by line", async () => {
  log.grow(10);
  follower.start();
  await settle();
  log.grow(1_000_000);
  await vi.advanceTimersByTimeAsync(1000);
  expect(last(follower.view)).toBe(`${log.lines * 10 - 10}.0`);
  expect(log.asked.length).toBeLessThan(10);
});

test("an engine that is away is asked again, and nothing is missing", async () => {
  log.grow(2);
  follower.start();
  await settle();
  log.failures = Array.from(
    { length: 3 },
    () => new Refused({ code: "unavailable", message: "No engine answers" }),
  );
  log.grow(1);
  await settle();
  log.grow(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(follower.view.error).toBeUndefined();
  expect(follower.view.blocks).toHaveLength(4);
});

test("older parts are not asked for without pause while the engine is away", async () => {
  log.grow(700);
  let away = true;
  let asked = 0;
  const read = (query: LogQuery, signal: AbortSignal) => {
    if (query.before === undefined) return log.read(query, signal);
    asked += 1;
    // Without a pause it would go on for ever here.
    if (!away || asked > 100) return log.read(query, signal);
    return Promise.reject(new Refused({ code: "unavailable", message: "No engine answers" }));
  };
  // As the page does it: near the beginning it asks with every change.
  follower = new LogFollower(read, () => void follower.older());
  follower.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toBeLessThan(8);
  expect(follower.view).toMatchObject({ atStart: false });
  away = false;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(follower.view).toMatchObject({ atStart: true, loadingOlder: false });
});

/** Reads the log upwards until its newest part is dropped. */
async function leaveTheEnd(changed: () => void = () => undefined) {
  const bounds = { entries: 900, chars: 1_000_000 };
  log.grow(5000);
  follower = new LogFollower(log.read, changed, bounds);
  follower.start();
  await settle();
  follower.readerAtEnd = false;
  for (let i = 0; i < 4; i++) await follower.older();
  expect(follower.view.atEnd).toBe(false);
  log.asked = [];
}

test("newer parts are asked for again until the engine is back, and not without pause", async () => {
  let atBottom = false;
  // As the page does it: near the bottom it asks after every change.
  await leaveTheEnd(() => {
    if (atBottom) queueMicrotask(() => void follower.newer());
  });
  // Without a pause it would go on for ever here.
  const away = new Refused({ code: "unavailable", message: "No engine answers" });
  log.failures = Array.from({ length: 1000 }, () => away);
  atBottom = true;
  void follower.newer();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(log.asked.length).toBeGreaterThan(1);
  expect(log.asked.length).toBeLessThan(8);
  log.failures = [];
  await vi.advanceTimersByTimeAsync(10_000);
  expect(follower.view.atEnd).toBe(true);
  expect(last(follower.view)).toBe(`${log.lines * 10 - 10}.0`);
});

test("newer parts that were deleted are not asked for again by themselves", async () => {
  let atBottom = false;
  await leaveTheEnd(() => {
    if (atBottom) queueMicrotask(() => void follower.newer());
  });
  const error = { code: "not_found", message: "The output of run 1 was deleted" } as const;
  log.failures = [new Refused(error)];
  atBottom = true;
  void follower.newer();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(follower.view.error).toEqual(error);
  expect(log.asked).toHaveLength(1);
});

test("newer parts are not asked for without pause when they cannot be read", async () => {
  await leaveTheEnd();
  log.failures = Array.from({ length: 100 }, () => new Error("broken"));
  for (let i = 0; i < 100; i++) {
    void follower.newer();
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(log.asked.length).toBeLessThan(4);
});

test("what is printed while it is looked at is heard, what it opens with is not", async () => {
  log.grow(5);
  follower.start();
  await settle();
  expect(follower.view.heard).toBeUndefined();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(follower.view.heard).toBeUndefined();
  log.grow(1);
  await vi.advanceTimersByTimeAsync(0);
  expect(follower.view.heard).toBe(Date.now());
});

test("output that was deleted is said, and not asked for again", async () => {
  const error = { code: "not_found", message: "The output of run 1 was deleted" } as const;
  log.failures = [new Refused(error)];
  follower.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(follower.view.error).toEqual(error);
  expect(log.asked).toHaveLength(1);
});

test("a follower that was stopped says nothing any more", async () => {
  log.grow(2);
  follower.start();
  await settle();
  const said = edges.length;
  follower.stop();
  log.grow(5);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(edges.length).toBe(said);
  expect(vi.getTimerCount()).toBe(0);
});
