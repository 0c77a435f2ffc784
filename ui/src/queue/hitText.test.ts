import { expect, test } from "vitest";
import { aroundMatch } from "./hitText";

const match = { text: "approval", matched: true };

test("a long text before the match is cut at a word", () => {
  const parts = [{ text: "…with backoff\"'}  This command requires " }, match, { text: " now" }];
  expect(aroundMatch(parts)).toEqual([{ text: "…command requires " }, match, { text: " now" }]);
});

test("a text without spaces is cut, but no character is torn apart", () => {
  const cut = aroundMatch([{ text: "🚀".repeat(40) }, match]);
  expect(cut[0]).toEqual({ text: `…${"🚀".repeat(18)}` });
});

test("a short text, and a snippet without a match, stay as they are", () => {
  const short = [{ text: "needs " }, match];
  expect(aroundMatch(short)).toEqual(short);
  expect(aroundMatch([{ text: "x".repeat(80) }])).toEqual([{ text: "x".repeat(80) }]);
});
