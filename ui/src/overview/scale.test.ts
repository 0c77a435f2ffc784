import { expect, it } from "vitest";
import { axisDollars } from "../words/numbers";
import { scale, share, timeScale } from "./scale";

it("has lines at round values up to the greatest one", () => {
  expect(scale(15.8).ticks).toEqual([5, 10, 15]);
  expect(scale(20).ticks).toEqual([5, 10, 15, 20]);
  expect(scale(9).ticks).toEqual([2, 4, 6, 8]);
  expect(scale(0)).toEqual({ top: 1, ticks: [] });
});

it("has labels that are the values of their lines", () => {
  const labels = (most: number) => {
    const { ticks } = scale(most);
    return ticks.map((tick) => axisDollars(tick, ticks[0]!));
  };
  expect(labels(15.8)).toEqual(["$5", "$10", "$15"]);
  expect(labels(0.9)).toEqual(["$0.20", "$0.40", "$0.60", "$0.80"]);
  expect(labels(2.3)).toEqual(["$0.50", "$1.00", "$1.50", "$2.00"]);
  expect(labels(0.09)).toEqual(["$0.02", "$0.04", "$0.06", "$0.08"]);
  expect(labels(0.018)).toEqual(["$0.005", "$0.010", "$0.015"]);
  for (let most = 0.0001; most < 10_000; most *= 1.07) {
    const { ticks } = scale(most);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    for (const [index, label] of labels(most).entries()) {
      const shown = Number(label.replace(/[$,]/g, ""));
      expect(shown).toBeCloseTo(ticks[index]!, 9);
    }
  }
});

it("has a line at a whole number of seconds, minutes or hours", () => {
  const [second, minute, hour] = [1000, 60_000, 3_600_000];
  expect(timeScale(29 * second).ticks).toEqual([20 * second]);
  expect(timeScale(95 * second).ticks).toEqual([minute]);
  expect(timeScale(59 * minute).ticks).toEqual([30 * minute]);
  expect(timeScale(7.4 * hour).ticks).toEqual([5 * hour]);
  expect(timeScale(60 * hour).ticks).toEqual([50 * hour]);
  expect(timeScale(400).ticks).toEqual([]);
});

it("shows what is small, and nothing of zero", () => {
  expect(share(0, 10)).toBe("0%");
  expect(share(5, 10)).toBe("50.00%");
  expect(share(0.001, 10)).toBe("1.50%");
  expect(share(12, 10)).toBe("100.00%");
  expect(share(5, 0)).toBe("0%");
});
