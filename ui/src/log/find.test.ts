import { expect, test } from "vitest";
import { findIn, matchAt, nearest, nextPlace, placeOf } from "./find";

test("every match counts, not every block", () => {
  const found = findIn(["One one ONE", "two", "one"], "one");
  expect(found.total).toBe(4);
  expect(matchAt(found, 3)).toEqual({ index: 0, nth: 2 });
  expect(matchAt(found, 4)).toEqual({ index: 2, nth: 0 });
  expect(placeOf(found, { index: 2, nth: 0 })).toBe(4);
  expect(placeOf(found, { index: 1, nth: 0 })).toBe(0);
  expect(findIn(["x"], "").total).toBe(0);
});

test("the search begins at the nearest match and goes round", () => {
  const found = findIn(["x x", "", "x", ""], "x");
  expect(nearest(found, 0)).toEqual({ index: 0, nth: 0 });
  expect(nearest(found, 1)).toEqual({ index: 2, nth: 0 });
  expect(nearest(found, 3)).toEqual({ index: 2, nth: 0 });
  expect(nearest(findIn(["a"], "x"), 0)).toBeUndefined();
  expect(nextPlace(found, 3, 1)).toBe(1);
  expect(nextPlace(found, 1, -1)).toBe(3);
  expect(nextPlace(found, 2, -1)).toBe(1);
});
