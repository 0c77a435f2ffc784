import { expect, it } from "vitest";

import { mistakes, updated } from "./catalogue";
import type { Entry } from "./po";

const entry = (source: string, ...translations: string[]): Entry => ({
  source,
  translations,
  files: ["a.ts"],
  notes: [],
});
const text = (source: string, file = "a.ts", plural?: string) => ({
  text: { source, line: 1, plural },
  file,
});

it("a catalogue gets new texts, loses old ones and keeps its translations", () => {
  const texts = [
    text("New"),
    text("Kept", "b.ts"),
    text("Kept", "c.ts"),
    text("{0} a", "a.ts", "{0} as"),
  ];
  expect(updated([entry("Kept", "Bleibt"), entry("Old", "Alt")], texts, 3)).toEqual([
    entry("New", ""),
    { ...entry("Kept", "Bleibt"), files: ["b.ts", "c.ts"] },
    { ...entry("{0} a", "", "", ""), plural: "{0} as" },
  ]);
});

it("a missing translation is named, and one with other placeholders or spaces", () => {
  expect(mistakes([entry("Done", "Fertig"), entry("{0} of {1}", "{1}: {0}")])).toEqual([]);
  expect(mistakes([entry("Done", "")])).toEqual(['No translation of "Done" (a.ts)']);
  expect(mistakes([entry("Copied {0}", "{1} kopiert")])).toHaveLength(1);
  expect(mistakes([entry(" (twice)", "(zweimal)")])).toHaveLength(1);
  const one = { ...entry("{0} task", "Ein Auftrag", "{0} Aufträge"), plural: "{0} tasks" };
  expect(mistakes([one])).toEqual([]);
});
