import { expect, it } from "vitest";
import { done, sample } from "../state/sample";
import { endedLast, Segment } from "../state/segment";
import { Layout } from "./layout";
import { Selection, statesOf } from "./selection.svelte";

const segment = new Segment(endedLast);
for (let id = 1; id <= 9; id++) segment.put(done(id, id));
const layout = new Layout([
  { key: "today", title: "Today", note: "", segment, from: 0, to: 4 },
  { key: "earlier", title: "Earlier", note: "", segment, from: 4, to: 9 },
]);

it("extends and shrinks a range from where it began, across sections", () => {
  const selection = new Selection();
  selection.toggle(2);
  selection.toggle(7);
  // From 7, the third row, down to 4 and back to 6.
  selection.extend(layout, 7, 4);
  expect([...selection.ids].sort()).toEqual([2, 4, 5, 6, 7]);
  selection.extend(layout, 4, 6);
  expect([...selection.ids].sort()).toEqual([2, 6, 7]);
  selection.extend(layout, 6, 9);
  expect([...selection.ids].sort()).toEqual([2, 7, 8, 9]);
});

it("begins a range at the row of the keyboard", () => {
  const selection = new Selection();
  selection.extend(layout, 9, 8);
  expect([...selection.ids].sort()).toEqual([8, 9]);
});

it("selects all, and none when all are selected", () => {
  const selection = new Selection();
  selection.toggle(1);
  selection.toggleAll([1, 2, 3]);
  expect([...selection.ids].sort()).toEqual([1, 2, 3]);
  selection.toggleAll([1, 2, 3]);
  expect(selection.active).toBe(false);
});

it("names the states", () => {
  expect(statesOf([sample(1), done(2, 0), done(3, 0)])).toBe("1 waiting, 2 done");
});
