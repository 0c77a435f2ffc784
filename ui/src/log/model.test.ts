import { describe, expect, test } from "vitest";

import type { LogEntry, LogItem } from "../backend";
import { fold, keep, type Block } from "./model";
import transcript from "./samples/transcript.json";

/** Entries, ten bytes apart. */
function entries(...items: LogItem[]): LogEntry[] {
  return items.map((item, i) => ({ offset: i * 10, ...item }));
}

const kinds = (blocks: readonly Block[]) => blocks.map(({ kind }) => kind);
const call = (id: string): LogItem => ({
  type: "tool_call",
  id,
  tool: "Bash",
  summary: "make",
  input: "{}",
});
const answer = (id: string): LogItem => ({ type: "tool_result", id, outcome: "ok", text: id });
const line = (text: string): LogItem => ({ type: "output", text });

test("calls are joined with their results, in whatever order those come", () => {
  const blocks = fold(entries(call("a"), call("b"), answer("b"), answer("a")));
  expect(blocks).toMatchObject([
    { kind: "tool", result: { text: "a" } },
    { kind: "tool", result: { text: "b" } },
  ]);
});

test("images of a result are named by their entry and number", () => {
  const blocks = fold(entries(call("a"), { ...answer("a"), images: [1, 2] } as LogItem));
  const images = [
    { offset: 10, number: 1 },
    { offset: 10, number: 2 },
  ];
  expect(blocks).toMatchObject([{ kind: "tool", result: { images } }]);
  expect(fold(entries(call("a"), answer("a")))[0]).not.toHaveProperty("result.images");
});

test("a result whose call is not loaded waits for it", () => {
  expect(fold(entries(answer("a"), { type: "text", text: "hi" }))).toHaveLength(1);
});

test("the final answer is not said twice", () => {
  const result: LogItem = { type: "result", is_error: false, text: "All done.", usage: {} };
  const said = fold(entries({ type: "text", text: "All done.\n" }, result));
  expect(said).toMatchObject([{ kind: "text" }, { kind: "end", text: "" }]);
  expect(fold(entries({ type: "text", text: "Other." }, result))).toMatchObject([
    { kind: "text" },
    { kind: "end", text: "All done." },
  ]);
});

test("retries of one trouble are one note that counts on", () => {
  const retry = (attempt: number, reason: string): LogItem => ({
    type: "retry",
    attempt,
    max_attempts: 10,
    delay_ms: 500,
    reason,
  });
  const blocks = fold(entries(retry(1, "529"), retry(2, "529"), retry(1, "529"), retry(2, "401")));
  expect(blocks).toMatchObject([
    { kind: "retry", attempt: 2, parts: 2 },
    { kind: "retry", attempt: 1 },
    { kind: "retry", attempt: 2, reason: "401" },
  ]);
});

test("lines of output are put together, but not with errors, and not without end", () => {
  const blocks = fold([
    ...entries(line("a"), line("b"), { type: "output", text: "oh", stderr: true }),
    { offset: 4090, ...line("c") },
    { offset: 4100, ...line("d") },
  ]);
  expect(blocks.map((block) => (block.kind === "output" ? block.text : ""))).toEqual([
    "a\nb",
    "oh",
    "c",
    "d",
  ]);
});

test("several entries of one line have names of their own", () => {
  const one: LogEntry[] = [
    { offset: 7, type: "text", text: "a" },
    { offset: 7, type: "text", text: "b" },
  ];
  expect(fold(one).map(({ key }) => key)).toEqual(["7.0", "7.1"]);
});

describe("what is on screen stays as it is", () => {
  test("only blocks that changed are new", () => {
    const all = entries({ type: "text", text: "a" }, call("x"), { type: "text", text: "b" });
    const before = fold(all);
    const after = keep(before, fold([...all, { offset: 99, ...answer("x") }]));
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(after[2]).toBe(before[2]);
  });

  test("a real log makes the same blocks in whatever pieces it is read", () => {
    const all = transcript as LogEntry[];
    const whole = fold(all);
    expect(new Set(whole.map(({ key }) => key)).size).toBe(whole.length);
    for (const step of [1, 3, 7]) {
      let forward: Block[] = [];
      for (let end = step; end < all.length + step; end += step) {
        forward = keep(forward, fold(all.slice(0, end)));
      }
      expect(forward).toEqual(whole);
      let backward: Block[] = [];
      for (let begin = all.length - 1; begin > -step; begin -= step) {
        backward = keep(backward, fold(all.slice(Math.max(0, begin))));
      }
      expect(backward).toEqual(whole);
    }
  });
});

test("many lines make blocks that can be drawn", () => {
  const lines = Array.from({ length: 20_000 }, (_, i): LogEntry => ({
    offset: i * 40,
    ...line("x".repeat(39)),
  }));
  const sizes = fold(lines).map(({ parts }) => parts);
  expect(Math.max(...sizes)).toBeLessThan(110);
  expect(sizes.reduce((sum, parts) => sum + parts, 0)).toBe(20_000);
});

test("kinds of a real log", () => {
  expect(new Set(kinds(fold(transcript as LogEntry[])))).toEqual(
    new Set(["started", "text", "tool", "retry", "note", "end", "output"]),
  );
});
