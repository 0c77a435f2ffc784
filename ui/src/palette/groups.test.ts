import { expect, it } from "vitest";
import type { Shortcut } from "../keyboard/shortcuts.svelte";
import { columns, groups, type Group } from "./groups";

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

it("fills two columns equally, and cuts a long group", () => {
  const group = (name: string, count: number): Group => ({
    name,
    shortcuts: Array.from({ length: count }, (_, at) => ({ name: `${name} ${at}`, ways: ["x"] })),
  });
  const shape = (...all: Group[]) =>
    columns(all).map((column) => column.map(({ name, shortcuts }) => [name, shortcuts.length]));
  expect(shape(group("A", 4), group("B", 4))).toEqual([[["A", 4]], [["B", 4]]]);
  expect(shape(group("A", 4), group("B", 20), group("C", 4))).toEqual([
    [
      ["A", 4],
      ["B", 10],
    ],
    [
      ["B", 10],
      ["C", 4],
    ],
  ]);
  expect(shape(group("A", 1))).toEqual([[], [["A", 1]]].toReversed());
  expect(columns([])).toEqual([[], []]);
});
