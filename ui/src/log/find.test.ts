import { expect, test } from "vitest";
import { findIn, matchAt, nextPlace, placeOf } from "./find";
import type { Block } from "./model";

const text = (key: string, text: string): Block => ({ key, parts: 1, kind: "text", text });
const bash = (command: string, result: string): Block => ({
  key: "b",
  parts: 2,
  kind: "tool",
  tool: "Bash",
  summary: command,
  input: JSON.stringify({ command }),
  result: { outcome: "ok", text: result },
});

test("every match counts, not every block", () => {
  const found = findIn([text("a", "One one ONE"), text("b", "two"), text("c", "one")], "one");
  expect(found.total).toBe(4);
  expect(matchAt(found, 3)).toEqual({ index: 0, nth: 2 });
  expect(matchAt(found, 4)).toEqual({ index: 2, nth: 0 });
  expect(placeOf(found, { index: 2, nth: 0 })).toBe(4);
  expect(placeOf(found, { index: 1, nth: 0 })).toBe(0);
  expect(findIn([text("a", "x")], "").total).toBe(0);
});

test("a command counts once although the arguments repeat it", () => {
  expect(findIn([bash("echo needle", "needle\nneedle")], "needle").total).toBe(3);
});

test("the search begins at the newest match and goes round", () => {
  const found = findIn([text("a", "x x"), text("b", "x")], "x");
  expect(nextPlace(found, 0, 1)).toBe(3);
  expect(nextPlace(found, 0, -1)).toBe(3);
  expect(nextPlace(found, 3, 1)).toBe(1);
  expect(nextPlace(found, 1, -1)).toBe(3);
  expect(nextPlace(found, 2, -1)).toBe(1);
});
