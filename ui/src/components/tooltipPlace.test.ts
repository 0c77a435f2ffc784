import { expect, it } from "vitest";
import { tooltipPlace } from "./tooltipPlace";

const page = { width: 400, height: 300 };
const size = { width: 60, height: 24 };
const at = { left: 100, top: 100, right: 132, bottom: 132 };
const topOf = (avoid: Parameters<typeof tooltipPlace>[3], of = at) =>
  tooltipPlace(of, size, page, avoid).top;

it("stands below its element, in the middle and inside of the window", () => {
  expect(tooltipPlace(at, size, page, [])).toEqual({ left: 86, top: 138 });
  const edge = { left: 380, top: 100, right: 400, bottom: 120 };
  expect(tooltipPlace(edge, size, page, []).left).toBe(334);
});

it("stands above where there is no room below", () => {
  expect(topOf([], { ...at, top: 260, bottom: 292 })).toBe(230);
});

it("covers no error", () => {
  const below = { left: 90, top: 135, right: 390, bottom: 155 };
  expect(topOf([below])).toBe(70);
  expect(topOf([{ ...below, left: 200 }])).toBe(138);
  // An alert without a text has no size.
  expect(topOf([{ left: 90, top: 140, right: 90, bottom: 140 }])).toBe(138);
  // Neither place is free: below, as ever.
  expect(topOf([below, { ...below, top: 60, bottom: 98 }])).toBe(138);
});
