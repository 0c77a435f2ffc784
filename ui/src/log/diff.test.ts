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

test("few changes in long texts are found wherever they are", () => {
  const text = (word: string) =>
    Array.from({ length: 5000 }, (_, i) => (i % 2000 === 999 ? `${word} ${i}` : `same ${i}`));
  const changes = diff(text("before").join("\n"), text("after").join("\n"));
  expect(counts(changes)).toEqual({ added: 3, removed: 3 });
  expect(changes).toHaveLength(5003);
});

test("long texts that differ everywhere are replaced as a whole", () => {
  const text = (word: string) => Array.from({ length: 5000 }, (_, i) => `${word} ${i}`).join("\n");
  expect(counts(diff(text("before"), text("after")))).toEqual({ added: 5000, removed: 5000 });
  // Every second line is the same, but there are too many changes to look for them.
  const mixed = (word: string) =>
    Array.from({ length: 5000 }, (_, i) => `${i % 2 ? "same" : word} ${i}`).join("\n");
  expect(counts(diff(mixed("before"), mixed("after")))).toEqual({ added: 5000, removed: 5000 });
});
