import { expect, it } from "vitest";
import type { FileDiff } from "../backend";
import { afterKey, diffRows, pairRows, splitLines, type DiffRow } from "./diffRows";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`);

function diff(before: string[], after: string[], changes: [number, number, number, number][]) {
  return {
    before: before.map((line) => `${line}\n`).join(""),
    after: after.map((line) => `${line}\n`).join(""),
    changes: changes.map(([old_start, old_lines, new_start, new_lines]) => ({
      old_start,
      old_lines,
      new_start,
      new_lines,
    })),
  } as FileDiff;
}

const shown = (rows: readonly DiffRow[]) =>
  rows.map((row) =>
    row.kind === "fold"
      ? `… ${row.count} ${row.within}`.trim()
      : `${row.sign}${row.old ?? ""}:${row.new ?? ""} ${row.text}`,
  );

it("folds what is unchanged and says in which function the next line is", () => {
  const before = ["fn first() {", ...lines(2, 20), "last"];
  const after = before.with(9, "ten");
  const rows = diffRows(diff(before, after, [[9, 1, 9, 1]]), new Set());
  expect(shown(rows)).toEqual([
    "… 6 fn first()",
    " 7:7 7",
    " 8:8 8",
    " 9:9 9",
    "-10: 10",
    "+:10 ten",
    " 11:11 11",
    " 12:12 12",
    " 13:13 13",
    "… 8",
  ]);
  const open = diffRows(diff(before, after, [[9, 1, 9, 1]]), new Set([0]));
  expect(shown(open).slice(0, 2)).toEqual([" 1:1 fn first() {", " 2:2 2"]);
  expect(shown(open).at(-1)).toBe("… 8");
});

it("numbers lines on both sides after lines were added or removed", () => {
  const rows = diffRows(
    diff(
      ["a", "b", "c"],
      ["x", "y", "a", "c"],
      [
        [0, 0, 0, 2],
        [1, 1, 3, 0],
      ],
    ),
    new Set(),
  );
  expect(shown(rows)).toEqual(["+:1 x", "+:2 y", " 1:3 a", "-2: b", " 3:4 c"]);
});

it("shows a new, a deleted and an unchanged file", () => {
  expect(shown(diffRows(diff([], ["a"], [[0, 0, 0, 1]]), new Set()))).toEqual(["+:1 a"]);
  expect(shown(diffRows(diff(["a"], [], [[0, 1, 0, 0]]), new Set()))).toEqual(["-1: a"]);
  expect(shown(diffRows(diff(["a"], ["a"], []), new Set()))).toEqual([" 1:1 a"]);
  expect(splitLines("a\r\n\nb")).toEqual(["a", "", "b"]);
});

it("puts a removed line beside the one that replaces it", () => {
  const rows = diffRows(diff(["a", "b", "c"], ["x", "c"], [[0, 2, 0, 1]]), new Set());
  const pairs = pairRows(rows).map((row) =>
    row.kind === "pair" ? [row.left?.text, row.right?.text] : row,
  );
  expect(pairs).toEqual([
    ["a", "x"],
    ["b", undefined],
    ["c", "c"],
  ]);
});

it("keys move by line and by screen, and stay within the diff", () => {
  const to = (key: string, current?: number) => afterKey(key, current, 100, 20);
  expect([to("ArrowDown"), to("ArrowDown", 5), to("ArrowDown", 99)]).toEqual([0, 6, 99]);
  expect([to("ArrowUp"), to("ArrowUp", 5), to("ArrowUp", 0)]).toEqual([0, 4, 0]);
  expect([to("PageDown", 5), to("PageUp", 5), to("Home", 5), to("End")]).toEqual([25, 0, 0, 99]);
  expect([to("j", 5), to("ArrowLeft", 5), to("toString", 5)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(afterKey("End", undefined, 0, 20)).toBeUndefined();
});
