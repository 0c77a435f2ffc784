import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ago, clock, duration, now, short, since, timeOfDay, took, workTime } from "./time";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("lengths of time as people read them", () => {
  expect(clock(7_900)).toBe("0:07");
  expect(clock(252_000)).toBe("4:12");
  expect(clock(3_852_000)).toBe("1:04:12");
  expect(took(99)).toBe("<0.1 s");
  expect(took(450)).toBe("0.4 s");
  expect(took(9_999)).toBe("9.9 s");
  expect(took(38_200)).toBe("38 s");
  expect(took(60_000)).toBe("1:00");
  expect(short(45_000)).toBe("45 s");
  expect(ago(4_999)).toBe("just now");
  expect(ago(120_000)).toBe("2 min ago");
  expect(ago(7_200_000)).toBe("2 h ago");
  expect(ago(200_000_000)).toBe("2 d ago");
});

test("work is counted in hours and minutes", () => {
  expect(workTime(0)).toBe("0 min");
  expect(workTime(29_000)).toBe("<1 min");
  expect(workTime(31_000)).toBe("1 min");
  expect(workTime(59.6 * 60_000)).toBe("1 h");
  expect(workTime(372 * 60_000)).toBe("6 h 12 min");
  expect(workTime(75_000 * 60_000)).toBe("1,250 h");
});

test("durations are said as the engine says them", () => {
  expect(duration(250)).toBe("250 ms");
  expect(duration(1000)).toBe("1 second");
  expect(duration(90_000)).toBe("90 seconds");
  expect(duration(600_000)).toBe("10 minutes");
  expect(duration(7_200_000)).toBe("2 hours");
  expect(duration(7_500_000)).toBe("2 h 5 min");
});

test("a clock that went backwards and an instant that is none are no time at all", () => {
  expect(since("2026-11-23T12:00:01.000Z", Date.parse("2026-11-23T12:00:00.000Z"))).toBe(0);
  expect(since(undefined, 5)).toBe(0);
  expect(since("soon", 5)).toBe(0);
});

test("the time of day names the day when it is another", () => {
  const noon = new Date(2026, 10, 23, 12, 0).getTime();
  const at = (...date: [number, number, number, number, number]) => new Date(...date).toISOString();
  expect(timeOfDay(at(2026, 10, 23, 9, 5), noon)).toBe("09:05");
  expect(timeOfDay(at(2026, 10, 24, 2, 0), noon)).toBe("Tue 02:00");
  expect(timeOfDay(at(2026, 10, 3, 14, 5), noon)).toBe("3 Nov, 14:05");
});

test("the clock ticks with the second, and only while it has subscribers", () => {
  vi.setSystemTime(10_400);
  const seen: number[] = [];
  const stop = now.subscribe((at) => seen.push(at));
  vi.advanceTimersByTime(600);
  expect(seen.at(-1)).toBe(11_000);
  vi.advanceTimersByTime(1000);
  expect(seen.at(-1)).toBe(12_000);
  stop();
  expect(vi.getTimerCount()).toBe(0);
});
