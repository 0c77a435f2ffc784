import { expect, it } from "vitest";
import { scale, share } from "./scale";

it("has lines at round values up to the greatest one", () => {
  expect(scale(15.8, 3).ticks).toEqual([5, 10, 15]);
  expect(scale(20, 3).ticks).toEqual([10, 20]);
  expect(scale(0.9, 3).ticks.map((tick) => tick.toFixed(2))).toEqual(["0.25", "0.50", "0.75"]);
  expect(scale(7.4, 1).ticks).toEqual([5]);
  expect(scale(9.9, 1).ticks).toEqual([5]);
  expect(scale(0, 3)).toEqual({ top: 1, ticks: [] });
});

it("shows what is small, and nothing of zero", () => {
  expect(share(0, 10)).toBe("0%");
  expect(share(5, 10)).toBe("50.00%");
  expect(share(0.001, 10)).toBe("1.50%");
  expect(share(12, 10)).toBe("100.00%");
  expect(share(5, 0)).toBe("0%");
});
