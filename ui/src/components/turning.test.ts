import { get } from "svelte/store";
import { afterEach, expect, it, vi } from "vitest";
import { STEP, STEPS, turn } from "./turning";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("turns all spinners by one timer, while there are any", () => {
  vi.useFakeTimers();
  const seen: number[][] = [[], []];
  const stops = seen.map((turns) => turn.subscribe((at) => turns.push(at)));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(STEP * STEPS);
  expect(seen[0]).toHaveLength(STEPS + 1);
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[0]!.at(-1)).toBe(0);
  stops.forEach((stop) => stop());
  expect(vi.getTimerCount()).toBe(0);
});

it("stands still while less motion is asked for", () => {
  vi.useFakeTimers();
  const less = Object.assign(new EventTarget(), { matches: true });
  vi.stubGlobal("matchMedia", () => less);
  const stop = turn.subscribe(() => undefined);
  expect(vi.getTimerCount()).toBe(0);
  less.matches = false;
  less.dispatchEvent(new Event("change"));
  vi.advanceTimersByTime(STEP);
  expect(get(turn)).toBe(1 / STEPS);
  less.matches = true;
  less.dispatchEvent(new Event("change"));
  expect(vi.getTimerCount()).toBe(0);
  stop();
});
