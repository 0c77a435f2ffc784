import { expect, test } from "vitest";

import { counts, diff } from "./diff";

const shown = (before: string, after: string) =>
  diff(before, after).map(({ sign, text }) => sign + text);

test("only what differs is taken away and put in", () => {
  expect(shown("a\nb\nc\n", "a\nx\nc\n")).toEqual([" a", "-b", "+x", " c"]);
  expect(shown("a\nb", "a\nb\nc")).toEqual([" a", " b", "+c"]);
  expect(shown("", "a\nb\n")).toEqual(["+a", "+b"]);
  expect(shown("a\r\nb", "")).toEqual(["-a", "-b"]);
  expect(shown("one\ntwo\nthree\nfour", "one\n2\nthree\n4")).toEqual([
    " one",
    "-two",
    "+2",
    " three",
    "-four",
    "+4",
  ]);
  expect(counts(diff("a\nb", "b\nc\nd"))).toEqual({ added: 2, removed: 1 });
});

test("both sides can be read back from a diff", () => {
  const letters = "abcab";
  for (let seed = 0; seed < 200; seed++) {
    const side = (salt: number) =>
      Array.from({ length: (seed * salt) % 9 }, (_, i) => letters[(seed * 7 + i * salt) % 5]);
    const [a, b] = [side(3), side(5)];
    const lines = diff(a.join("\n"), b.join("\n"));
    expect(lines.filter(({ sign }) => sign !== "+").map(({ text }) => text)).toEqual(a);
    expect(lines.filter(({ sign }) => sign !== "-").map(({ text }) => text)).toEqual(b);
  }
});

test("long texts are replaced as a whole", () => {
  const text = (word: string) => Array.from({ length: 5000 }, (_, i) => `${word} ${i}`).join("\n");
  expect(counts(diff(text("before"), text("after")))).toEqual({ added: 5000, removed: 5000 });
});
