import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { Refused, type OutputQuery, type OutputText } from "../backend";
import { RawFollower, visible, type RawView } from "./raw";

const engine = vi.hoisted(() => ({
  read: undefined as unknown as (query: OutputQuery) => Promise<Partial<OutputText>>,
}));
vi.mock("../backend/current", () => ({
  backend: { output: (_task: number, query: OutputQuery) => engine.read(query) },
}));
const { default: Raw } = await import("./Raw.svelte");

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const PART = 64 * 1024;

/** An engine with this output, which may grow. */
function output(text: string, over = true) {
  const state = { text, over, wake: () => undefined as void };
  const read = async ({ offset = 0, limit = 1, wait_ms }: OutputQuery) => {
    const from = Math.min(offset, state.text.length);
    if (wait_ms && from === state.text.length && !state.over) {
      await new Promise<void>((resolve) => (state.wake = resolve));
    }
    const part = state.text.slice(from, from + limit);
    const next = from + part.length;
    return { run: "r", text: part, next, end: state.over && part.length < limit };
  };
  const grow = (more: string, over = false) => {
    state.text += more;
    state.over = over;
    state.wake();
  };
  return { read, grow };
}

const shown = (view: RawView) => view.parts.map(({ text }) => text).join("");

/** Opens an output, and gives what waits until something is to be seen. */
function open(read: ReturnType<typeof output>["read"]) {
  let look = () => undefined as void;
  const follower = new RawFollower(read, () => look());
  follower.start();
  const until = (wanted: (view: RawView) => boolean) =>
    new Promise<RawView>((resolve) => {
      look = () => {
        if (wanted(follower.view)) resolve(follower.view);
      };
      look();
    });
  return { follower, until };
}

it("opens at the end, whatever the size, and goes back to the beginning", async () => {
  const text = Array.from({ length: 60_000 }, (_, line) => `line ${line}\n`).join("");
  const { follower, until } = open(output(text).read);
  const view = await until(({ loaded }) => loaded);
  expect(view.over).toBe(true);
  expect(shown(view)).toBe(text.slice(-PART));
  while (follower.view.parts[0]!.start > 0) await follower.older();
  expect(shown(follower.view)).toBe(text);
});

it("follows what is printed until the run is over", async () => {
  const { read, grow } = output("one\n", false);
  const { until } = open(read);
  await until((view) => shown(view) === "one\n");
  grow("two\n");
  await until((view) => shown(view) === "one\ntwo\n");
  grow("three\n", true);
  expect((await until(({ over }) => over)).parts).toHaveLength(1);
});

it("holds a bounded part, and comes back to the end", async () => {
  const text = "x".repeat(PART * 40);
  const { follower, until } = open(output(text).read);
  await until(({ loaded }) => loaded);
  while (follower.view.parts[0]!.start > 0) {
    await follower.older();
    expect(follower.view.parts.length).toBeLessThanOrEqual(10);
  }
  expect(follower.view.atEnd).toBe(false);
  await follower.newer();
  expect(follower.view.parts.length).toBeLessThanOrEqual(10);
  follower.newest();
  const view = await until(({ atEnd, over }) => atEnd && over);
  expect(view.parts.at(-1)!.next).toBe(text.length);
});

it("does not put an older part before the end, when the reader went there meanwhile", async () => {
  const { read } = output("x".repeat(PART * 40));
  let hold: Promise<void> | undefined;
  const { follower, until } = open(async (query) => {
    const [page] = await Promise.all([read(query), hold]);
    return page;
  });
  await until(({ loaded }) => loaded);
  while (follower.view.atEnd) await follower.older();
  let go!: () => void;
  hold = new Promise((resolve) => (go = resolve));
  const older = follower.older();
  hold = undefined;
  follower.newest();
  await until(({ atEnd, parts }) => atEnd && parts.length === 1);
  go();
  await older;
  expect(follower.view.parts).toHaveLength(1);
});

it("asks an engine that is away again, after a pause, until the part is there", async () => {
  vi.useFakeTimers();
  const { read } = output("x".repeat(PART * 40));
  let [away, atBottom, asked] = [false, false, 0];
  // As the page does it: near the bottom it asks with every change.
  const follower = new RawFollower(
    (query) => {
      asked += 1;
      // Without a pause it would go on for ever here.
      if (!away || asked > 100) return read(query);
      return Promise.reject(new Refused({ code: "unavailable", message: "No engine answers" }));
    },
    () => {
      if (atBottom) void follower.newer();
    },
  );
  follower.start();
  await vi.advanceTimersByTimeAsync(0);
  while (follower.view.atEnd) await follower.older();
  [away, atBottom, asked] = [true, true, 0];
  const end = follower.view.parts.at(-1)!.next;
  void follower.newer();
  await vi.advanceTimersByTimeAsync(5500);
  // At 0, 250, 750, 1750 and 3750 ms.
  expect(asked).toBe(5);
  away = false;
  await vi.advanceTimersByTimeAsync(2500);
  expect(follower.view.parts.at(-1)!.next).toBeGreaterThan(end);
  follower.stop();
  expect(vi.getTimerCount()).toBe(0);
});

it("loads what is about to be seen when the engine is back, though nothing scrolls", async () => {
  vi.useFakeTimers();
  const { read } = output(`the beginning${"x".repeat(PART)}`);
  let away = true;
  engine.read = (query) => {
    // The end is there, what is before it is not.
    if (!away || query.offset !== 0) return read(query);
    return Promise.reject(new Refused({ code: "unavailable", message: "No engine answers" }));
  };
  render(Raw, { task: 1, run: "r", stream: "stdout" });
  const begins = () => screen.getByRole("log").textContent.trim().slice(0, 5);
  await vi.advanceTimersByTimeAsync(5000);
  // Nothing has a height here: the top is always near.
  expect(begins()).toBe("xxxxx");
  away = false;
  await vi.advanceTimersByTimeAsync(5000);
  expect(begins()).toBe("the b");
});

it("what would steer a terminal or deceive the eye is shown", () => {
  expect(visible("\u001b[31mred\u0007\r\n\tend")).toBe("␛[31mred␇\n\tend");
  expect(visible("a\u202egnp.exe\u0085\u007f")).toBe("a⟨U+202E⟩gnp.exe⟨U+0085⟩␡");
});
