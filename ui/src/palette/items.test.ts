import { expect, it } from "vitest";
import { arrange, pieces, type Item } from "./items";

const item = (label: string, more: Partial<Item> = {}): Item => ({
  id: label,
  label,
  run: () => {},
  ...more,
});

const sections = [
  { heading: "Actions", items: [item("New task"), item("Pause queue", { words: "stop hold" })] },
  { heading: "Places", items: [item("Settings"), item("Needs you")] },
  { heading: "Tasks", searched: true, items: [item("Pay the bills", { detail: "#12" })] },
];

const shown = (query: string) =>
  arrange(query, sections).map(({ heading, items }) => [heading, ...items.map((i) => i.label)]);

it("shows everything in order when nothing was typed", () => {
  expect(shown("")).toEqual([
    ["Actions", "New task", "Pause queue"],
    ["Places", "Settings", "Needs you"],
    ["Tasks", "Pay the bills"],
  ]);
});

it("puts the section with the best match first, and leaves empty ones out", () => {
  expect(shown("settings")[0]).toEqual(["Places", "Settings"]);
  expect(shown("pay")[0]).toEqual(["Tasks", "Pay the bills"]);
});

it("finds by further words, after what is found by name", () => {
  expect(shown("hold")[0]).toEqual(["Actions", "Pause queue"]);
});

it("trusts what the engine searched, even where it cannot see why", () => {
  expect(shown("zzz")).toEqual([["Tasks", "Pay the bills"]]);
});

it("keeps a section short", () => {
  const items = Array.from({ length: 50 }, (_, i) => item(`Task ${i}`));
  expect(arrange("task", [{ heading: "x", items, limit: 5 }])[0]?.items).toHaveLength(5);
});

it("cuts a label where matching begins and ends, never through a character", () => {
  expect(pieces("New task", [0, 4, 5])).toEqual([
    { text: "N", matched: true },
    { text: "ew ", matched: false },
    { text: "ta", matched: true },
    { text: "sk", matched: false },
  ]);
  expect(pieces("🦀a", [2])).toEqual([
    { text: "🦀", matched: false },
    { text: "a", matched: true },
  ]);
});
