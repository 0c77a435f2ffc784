// The catalogues in src/locales have all texts of the interface. To update them:
// CLAUDE_WORKER_UPDATE=1 npx vitest run scripts/words
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

import { LANGUAGES } from "../../src/language/languages";
import { mistakes, updated } from "./catalogue";
import { entriesOf, formsOf, headOf, written } from "./po";
import { allTexts } from "./sources";

const DIRECTORY = join(import.meta.dirname, "../../src/locales");
const languages = readdirSync(DIRECTORY)
  .filter((name) => name.endsWith(".po"))
  .map((name) => name.slice(0, -".po".length));
const texts = allTexts();

it("each language has a catalogue and a name", () => {
  expect(["en", ...languages].sort()).toEqual(Object.keys(LANGUAGES).sort());
});

it.each(languages)("%s.po has all texts, and nothing else", (language) => {
  const file = join(DIRECTORY, `${language}.po`);
  const catalogue = readFileSync(file, "utf8");
  const entries = updated(entriesOf(catalogue), texts, formsOf(catalogue));
  const wanted = written(headOf(catalogue), entries);
  if (process.env["CLAUDE_WORKER_UPDATE"]) writeFileSync(file, wanted);
  else {
    const known = new Set(entriesOf(catalogue).map(({ source }) => source));
    const missing = entries.filter(({ source }) => !known.has(source));
    expect(missing.map(({ source, files }) => `${files.join(", ")}: ${source}`)).toEqual([]);
    expect(catalogue, `${language}.po is out of date`).toBe(wanted);
  }
  expect(mistakes(entries)).toEqual([]);
});

it.each(languages)("%s.po has as many plural forms as the language", (language) => {
  const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
  const catalogue = readFileSync(join(DIRECTORY, `${language}.po`), "utf8");
  expect(formsOf(catalogue)).toBe(pluralCategories.length);
});
