import { expect, it } from "vitest";
import { match, mentions } from "./fuzzy";

const names = [
  "New task",
  "Open settings",
  "Pause queue",
  "Go to needs you",
  "Upgrade the payment client to v5",
  "Split the auth middleware into its own crate",
];

const best = (query: string) =>
  names
    .map((name) => ({ name, score: match(query, name)?.score ?? -Infinity }))
    .filter(({ score }) => score > -Infinity)
    .sort((a, b) => b.score - a.score)[0]?.name;

it.each([
  ["new", "New task"],
  ["nt", "New task"],
  ["pq", "Pause queue"],
  ["pause", "Pause queue"],
  ["sett", "Open settings"],
  ["ny", "Go to needs you"],
  ["auth crate", "Split the auth middleware into its own crate"],
  ["PAY", "Upgrade the payment client to v5"],
])("%s finds %s first", (query, name) => expect(best(query)).toBe(name));

it("does not match what is not there, in that order", () => {
  expect(match("xyz", "New task")).toBeUndefined();
  expect(match("tn", "New task")).toBeUndefined();
  for (const query of ["docs", "sort", "bod"]) {
    expect(match(query, "Keyboard shortcuts"), query).toBeUndefined();
  }
  expect(match("keysho", "Keyboard shortcuts")?.at).toEqual([0, 1, 2, 9, 10, 11]);
});

it("says where it matched", () => {
  expect(match("nt", "New task")?.at).toEqual([0, 4]);
  expect(match("task", "New task")?.at).toEqual([4, 5, 6, 7]);
});

it("ignores accents without shifting the places", () => {
  expect(match("ueber", "Über")).toBeUndefined();
  expect(match("uber", "Über uns")?.at).toEqual([0, 1, 2, 3]);
  expect(match("uns", "İş uns")?.at).toEqual([3, 4, 5]);
});

it("looks at the beginning of a monstrous text only", () => {
  expect(match("end", `${"x ".repeat(300)}end`)).toBeUndefined();
  expect(match("end", `${"x ".repeat(100)}end`)).toBeDefined();
});

it.each([
  ["pref", true],
  ["limits wor", true],
  ["por", false],
  ["options nothing", false],
  ["", false],
])("words that are not shown mention %j: %j", (query, expected) => {
  expect(mentions(query, "preferences options workers limits")).toBe(expected);
});
