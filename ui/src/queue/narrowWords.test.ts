import { expect, it } from "vitest";
import { chips } from "./narrowWords";

it("says what a list is narrowed to and sorted by", () => {
  const all = chips({
    project: "webshop",
    status: ["failed", "of_tomorrow"],
    agent: ["shell"],
    model: ["opus", "sonnet"],
    since: "7d",
    sort: "cost",
  });
  expect(all.map(({ condition, words }) => [condition, words])).toEqual([
    ["project", "webshop"],
    ["status", "Failed, of_tomorrow"],
    ["agent", "Shell command"],
    ["model", "opus, sonnet"],
    ["since", "Last 7 days"],
    ["sort", "Most expensive first"],
  ]);
  expect(all.map(({ shown }) => shown).slice(2, 5)).toEqual([
    "Agent: Shell command",
    "Model: opus, sonnet",
    "Last 7 days",
  ]);
  expect(chips({})).toEqual([]);
  expect(chips({ project: "" })).toEqual([]);
});
