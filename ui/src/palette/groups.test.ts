import { expect, it } from "vitest";
import type { Shortcut } from "../keyboard/shortcuts.svelte";
import { groups } from "./groups";

const shortcut = (group: string, name: string, keys: string): Shortcut => ({
  group,
  name,
  keys,
  run: () => {},
});

it("lists each name once, with every way to press it", () => {
  expect(
    groups([
      shortcut("Queue", "New task", "n"),
      shortcut("Task", "Retry", "r"),
      shortcut("Queue", "Next", "j ArrowDown"),
      shortcut("Queue", "New task", "n Mod+n"),
      shortcut("Queue", "Without a key", ""),
    ]),
  ).toEqual([
    {
      name: "Queue",
      shortcuts: [
        { name: "New task", ways: ["n", "Mod+n"] },
        { name: "Next", ways: ["j", "ArrowDown"] },
      ],
    },
    { name: "Task", shortcuts: [{ name: "Retry", ways: ["r"] }] },
  ]);
});

it("begins with what works everywhere", () => {
  const names = ["Log", "Elsewhere", "Queue", "Anywhere"];
  expect(groups(names.map((name) => shortcut(name, "x", "x"))).map(({ name }) => name)).toEqual([
    "Anywhere",
    "Queue",
    "Log",
    "Elsewhere",
  ]);
});
