import { describe, expect, it } from "vitest";
import { parseDuration, parseSize, showDuration, showSize, withUnits } from "./quantities";

describe("durations", () => {
  it.each([
    ["90s", 90_000],
    ["250ms", 250],
    ["1h30m", 5_400_000],
    ["1h 30 min", 5_400_000],
    ["2D", 172_800_000],
    ["0", 0],
  ])("reads %s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "7", "90", "m", "10x", "1m5", "-5s", "1.5h", "99999999999999999999s"])(
    "refuses %j",
    (text) => expect(parseDuration(text)).toBeUndefined(),
  );

  it("says how to write a number that has no unit", () => {
    expect(withUnits(" 7 ")).toBe("7 of what? Write 7d, 7h, 7m or 7s.");
    expect(withUnits("soon")).toBeUndefined();
  });

  it.each([0, 250, 90_000, 900_000, 5_400_000, 172_800_000, 90_061_001])(
    "shows %i so that it can be read again",
    (ms) => expect(parseDuration(showDuration(ms))).toBe(ms),
  );

  it("shows the usual ones shortly", () => {
    expect(showDuration(900_000)).toBe("15m");
    expect(showDuration(5_400_000)).toBe("1h30m");
  });
});

describe("sizes", () => {
  it.each([
    ["256MB", 256e6],
    ["256 mb", 256e6],
    ["1.5 GB", 1.5e9],
    ["500kB", 5e5],
    ["12", 12],
    ["12 B", 12],
    ["0", 0],
  ])("reads %s", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(["", "MB", "5 parsecs", "-1MB", "1e9", "9999999999 TB"])("refuses %j", (text) =>
    expect(parseSize(text)).toBeUndefined(),
  );

  it.each([0, 1, 999, 256e6, 1.5e9, 5e9, 123_456_789])("shows %i exactly", (bytes) =>
    expect(parseSize(showSize(bytes))).toBe(bytes),
  );
});
