import { expect, test } from "vitest";

import { plain, spans } from "./ansi";

test("the sixteen colours are kept, and bold and the like", () => {
  expect(spans("\x1b[1;31mfailed\x1b[0m in \x1b[92m3\x1b[39m s")).toEqual([
    { text: "failed", colour: "red", bold: true },
    { text: " in " },
    { text: "3", colour: "bright-green" },
    { text: " s" },
  ]);
  expect(spans("\x1b[38;5;9mx\x1b[38;5;200my\x1b[38;2;1;2;3mz\x1b[48;5;3mw")).toEqual([
    { text: "x", colour: "bright-red" },
    { text: "yzw" },
  ]);
});

test("everything else that controls a terminal vanishes", () => {
  expect(
    plain("a\x1b[2J\x1b[10;5Hb\x1b]0;title\x07c\x1b]8;;http://x\x1b\\d\x1b(Be\x00f\x9bg"),
  ).toBe("abcdefg");
  expect(plain("\x1b[")).toBe("");
  expect(plain("cut off \x1b]0;never ended")).toBe("cut off ");
  expect(plain("a\u202eb\u2066c")).toBe("abc");
  expect(plain("tab\tand line\nstay")).toBe("tab\tand line\nstay");
});

test("of a line that is written over and over the last writing is left", () => {
  expect(plain("10 %\r50 %\r100 %\r\ndone\r")).toBe("100 %\ndone");
});

test("a megabyte of escapes takes no time", () => {
  const began = performance.now();
  spans("\x1b[".repeat(200_000) + "\x1b]".repeat(200_000) + "\x1b[1m".repeat(50_000));
  expect(performance.now() - began).toBeLessThan(4000);
});
