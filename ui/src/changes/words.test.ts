import { expect, it } from "vitest";
import { changedWords } from "./words";

const marked = (text: string, other: string) =>
  changedWords(text, other).map(({ from, to }) => text.slice(from, to));

it("marks the words that are new in a line", () => {
  expect(marked("let ttl = 900;", "let ttl = 60;")).toEqual(["900"]);
  expect(marked("use auth::Policy;", "use crate::auth::Policy;")).toEqual([]);
  expect(marked("use crate::auth::Policy;", "use auth::Policy;")).toEqual(["crate::"]);
  expect(marked("let ttl = Duration::from_secs(900);", "let ttl = 60;")).toEqual([
    "Duration::from_secs(900)",
  ]);
  expect(marked("a new word here", "a word here")).toEqual(["new "]);
});

it("marks nothing in a line that was rewritten, is the same, or very long", () => {
  expect(marked("fn main() {", "import os")).toEqual([]);
  expect(marked("same", "same")).toEqual([]);
  expect(marked(`${"x".repeat(700)} a`, `${"x".repeat(700)} b`)).toEqual([]);
});
