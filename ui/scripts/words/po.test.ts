import { expect, it } from "vitest";

import { entriesOf, formsOf, headOf, written } from "./po";

const CATALOGUE = `# German
msgid ""
msgstr ""
"Plural-Forms: nplurals=3; plural=(n != 1);\\n"

# Only in the menu.
#: app/App.svelte
#: queue/keys.ts
msgid "Say “\\"hello\\"”"
msgstr "Sag „\\"hallo\\"“"

#: queue/outcome.ts
msgid "{0} task"
msgid_plural "{0} tasks"
msgstr[0] "{0} Auftrag"
msgstr[1] ""
`;

it("a catalogue is read and written as it was", () => {
  const entries = entriesOf(CATALOGUE);
  expect(entries).toEqual([
    {
      source: 'Say “"hello"”',
      translations: ['Sag „"hallo"“'],
      files: ["app/App.svelte", "queue/keys.ts"],
      notes: ["Only in the menu."],
    },
    {
      source: "{0} task",
      plural: "{0} tasks",
      translations: ["{0} Auftrag", ""],
      files: ["queue/outcome.ts"],
      notes: [],
    },
  ]);
  expect(written(headOf(CATALOGUE), entries)).toBe(CATALOGUE);
  expect(formsOf(CATALOGUE)).toBe(3);
});

it("texts over several lines, as editors write them, are joined", () => {
  const [entry] = entriesOf('msgid ""\n"One "\n"two"\nmsgstr "Eins"\n" zwei"\n');
  expect([entry?.source, entry?.translations]).toEqual(["One two", ["Eins zwei"]]);
});

it("a line that is none of a catalogue is named", () => {
  expect(() => entriesOf('msgid "a"\nmsgstr oops')).toThrow("cannot be read: msgstr oops");
});
