import { expect, it } from "vitest";
import { AWAY_AFTER, back, parsePresence, present } from "./away";

const MINUTE = 60_000;

it("begins when no window was in front for 30 minutes", () => {
  const before = present(undefined, 1000);
  expect(before).toEqual({ inFront: 1000 });
  const almost = 1000 + AWAY_AFTER - 1;
  expect(present(before, almost)).toEqual({ inFront: almost });
  const late = 1000 + AWAY_AFTER;
  expect(present(before, late)).toEqual({ inFront: late, away: { from: 1000, until: late } });
});

it("counts from the first time away until everything was marked as seen", () => {
  const first = present({ inFront: 0 }, 40 * MINUTE);
  const still = present(first, 41 * MINUTE);
  expect(still.away).toEqual({ from: 0, until: 40 * MINUTE });
  const again = present(still, 90 * MINUTE);
  expect(again.away).toEqual({ from: 0, until: 90 * MINUTE });
  expect(back(again)).toEqual({ inFront: 90 * MINUTE });
});

it("is not begun by a clock that went back, nor by what cannot be read", () => {
  expect(present({ inFront: 90 * MINUTE }, 5)).toEqual({ inFront: 5 });
  for (const text of [null, "", "{", "3", '{"inFront":"x"}']) {
    expect(parsePresence(text)).toBeUndefined();
  }
  expect(parsePresence('{"inFront":5,"away":{"from":1}}')).toEqual({ inFront: 5 });
  const whole = { inFront: 5, away: { from: 1, until: 2 } };
  expect(parsePresence(JSON.stringify(whole))).toEqual(whole);
});
