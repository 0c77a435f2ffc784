import { expect, test } from "vitest";
import type { LogView } from "./follow";
import type { Block } from "./model";
import { spokenOf } from "./spoken";

const view = (...blocks: Block[]): LogView => ({
  blocks,
  live: [],
  loaded: true,
  atStart: true,
  atEnd: true,
  over: false,
  loadingOlder: false,
});
const text = (key: string, of: string) => ({ key, kind: "text", text: of }) as Block;

test("finished prose is said without its markup, and once", () => {
  const before = view();
  const next = view(text("1", "I **found** it.\n\n```\ncode\n```"));
  expect(spokenOf(before, next)).toBe("I found it.");
  expect(spokenOf(next, view(...next.blocks))).toBeUndefined();
});

test("nothing is said while the log is read in, or away from its end", () => {
  const next = view(text("1", "Words"));
  expect(spokenOf({ ...view(), loaded: false }, next)).toBeUndefined();
  expect(spokenOf(view(), { ...next, atEnd: false })).toBeUndefined();
});

test("a long text is said in part", () => {
  expect(spokenOf(view(), view(text("1", "word ".repeat(500))))?.length).toBe(300);
});
