import { expect, it } from "vitest";
import type { OutputQuery } from "../backend";
import { RawFollower, visible, type RawView } from "./raw";

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

it("what would steer a terminal or deceive the eye is shown", () => {
  expect(visible("\u001b[31mred\u0007\r\n\tend")).toBe("␛[31mred␇\n\tend");
  expect(visible("a\u202egnp.exe\u0085\u007f")).toBe("a⟨U+202E⟩gnp.exe⟨U+0085⟩␡");
});
