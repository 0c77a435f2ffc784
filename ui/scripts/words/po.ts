// Reads and writes catalogues: PO files, as gettext and editors for translators use them. Pure.

/** A text with its translations: one, or one for each plural form. */
export interface Entry {
  source: string;
  /** The English plural, if the text depends on a number. */
  plural?: string;
  /** Empty where a translation is missing. */
  translations: string[];
  /** The files that use it. */
  files: string[];
  /** Notes of the translator. */
  notes: string[];
}

/** The header's place among the entries: its text is empty. */
const isHeader = ({ source }: Entry) => source === "";

/** The entries of a catalogue, without its header. Throws on a line that it cannot read. */
export function entriesOf(catalogue: string): Entry[] {
  return allEntries(catalogue).filter((entry) => !isHeader(entry));
}

/** What a catalogue begins with, up to the first text: comments and header. */
export function headOf(catalogue: string): string {
  return catalogue.split(/\n\n/, 1)[0] ?? "";
}

/** The number of plural forms that a catalogue's header tells; 2 if it tells none. */
export function formsOf(catalogue: string): number {
  return Number(/nplurals=(\d)/.exec(headOf(catalogue))?.[1] ?? 2);
}

function allEntries(catalogue: string): Entry[] {
  const entries: Entry[] = [];
  for (const block of catalogue.split(/\n{2,}/)) {
    const entry: Entry = { source: "", translations: [], files: [], notes: [] };
    let add: ((text: string) => void) | undefined;
    for (const line of block.split("\n")) {
      if (line.startsWith("#: ")) entry.files.push(...line.slice(3).split(" "));
      else if (line.startsWith("# ")) entry.notes.push(line.slice(2));
      else if (line.startsWith("#") || line === "") continue;
      else {
        const found = /^(?:(msgid|msgid_plural|msgstr)(?:\[(\d)\])? )?(".*")$/.exec(line);
        if (!found) throw new Error(`This line of the catalogue cannot be read: ${line}`);
        const [, keyword, form = "0", quoted = ""] = found;
        if (keyword === "msgid") add = (text) => (entry.source += text);
        if (keyword === "msgid_plural")
          add = (text) => (entry.plural = (entry.plural ?? "") + text);
        if (keyword === "msgstr") {
          const index = Number(form);
          add = (text) => (entry.translations[index] = (entry.translations[index] ?? "") + text);
        }
        add?.(JSON.parse(quoted) as string);
      }
    }
    if (add) entries.push(entry);
  }
  return entries;
}

/** A catalogue with this head and these entries. */
export function written(head: string, entries: readonly Entry[]): string {
  return [head, ...entries.map(entryText)].join("\n\n") + "\n";
}

function entryText({ source, plural, translations, files, notes }: Entry): string {
  const lines = notes.map((note) => `# ${note}`);
  for (const file of files) lines.push(`#: ${file}`);
  lines.push(`msgid ${JSON.stringify(source)}`);
  if (plural === undefined) {
    lines.push(`msgstr ${JSON.stringify(translations[0] ?? "")}`);
  } else {
    lines.push(`msgid_plural ${JSON.stringify(plural)}`);
    translations.forEach((text, form) => lines.push(`msgstr[${form}] ${JSON.stringify(text)}`));
  }
  return lines.join("\n");
}
