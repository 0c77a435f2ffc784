// Compares a catalogue with the texts of the program. Pure.
import type { Entry } from "./po.ts";
import type { Text } from "./texts.ts";

/** The entries that a catalogue should have: all texts, with the translations that it has. */
export function updated(
  entries: readonly Entry[],
  texts: readonly { text: Text; file: string }[],
  forms: number,
): Entry[] {
  const known = new Map(entries.map((entry) => [entry.source, entry]));
  const found = new Map<string, Entry>();
  for (const { text, file } of texts) {
    const entry: Entry = found.get(text.source) ?? {
      source: text.source,
      translations: [],
      files: [],
      notes: known.get(text.source)?.notes ?? [],
    };
    if (text.plural !== undefined) entry.plural = text.plural;
    if (!entry.files.includes(file)) entry.files.push(file);
    const translations = known.get(text.source)?.translations ?? [];
    entry.translations =
      entry.plural === undefined
        ? [translations[0] ?? ""]
        : Array.from({ length: forms }, (_, form) => translations[form] ?? "");
    found.set(text.source, entry);
  }
  return [...found.values()];
}

/** What is wrong with the translations of a catalogue that has all texts, one line for each. */
export function mistakes(entries: readonly Entry[]): string[] {
  return entries.flatMap((entry) => {
    const { source, translations, files } = entry;
    const name = `${JSON.stringify(source)} (${files.join(", ")})`;
    if (translations.some((text) => text === "")) return [`No translation of ${name}`];
    return translations.flatMap((text) => {
      if (!isFilledAlike(entry, text)) return [`Other placeholders in the translation of ${name}`];
      const same = edges(source) === edges(text);
      return same ? [] : [`Other spaces at an end of the translation of ${name}`];
    });
  });
}

const placeholders = (text: string) => new Set(text.match(/\{\d+\}/g) ?? []);

/** Whether a translation has the same placeholders. One that holds for one number need not show it. */
function isFilledAlike({ source, plural }: Entry, text: string): boolean {
  const [wanted, has] = [placeholders(source), placeholders(text)];
  if (plural !== undefined) has.add("{0}");
  return wanted.size === has.size && [...wanted].every((one) => has.has(one));
}

/** The spaces at both ends, which join a text with others. */
const edges = (text: string) => `${/^\s*/.exec(text)?.[0]}|${/\s*$/.exec(text)?.[0]}`;
