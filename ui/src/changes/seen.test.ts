import { beforeEach, expect, it } from "vitest";
import type { ChangedFile } from "../backend";
import { isSeen, mark, marksOf } from "./seen";

const file = (path: string, revision: string) => ({ path, revision }) as ChangedFile;

beforeEach(() => localStorage.clear());

it("keeps marks per task until the file changes", () => {
  mark(1, file("a", "r1"), true);
  mark(2, file("b", "r1"), true);
  expect(isSeen(marksOf(1), file("a", "r1"))).toBe(true);
  expect(isSeen(marksOf(1), file("a", "r2"))).toBe(false);
  expect(isSeen(marksOf(1), file("b", "r1"))).toBe(false);
  mark(1, file("a", "r1"), false);
  expect(isSeen(marksOf(1), file("a", "r1"))).toBe(false);
});

it("forgets the oldest tasks, and survives damaged storage", () => {
  for (let task = 1; task <= 201; task++) mark(task, file("a", "r"), true);
  expect(marksOf(1)).toEqual({});
  expect(marksOf(2)).toEqual({ a: "r" });
  localStorage.setItem("claude-worker.seen-changes", "{nonsense");
  expect(marksOf(2)).toEqual({});
});
