// The palette's search results for a query. Pure.
import { match, mentions } from "./fuzzy";

/** An entry of the palette. */
export type Item = {
  /** Unique among all items. */
  id: string;
  label: string;
  /** Shown behind the label and searched, too. */
  detail?: string;
  /** Additional search terms. */
  words?: string;
  keys?: string;
  run: () => void | Promise<void>;
};

export type Section<T extends Item = Item> = { heading: string; items: T[] };

/** An item that matched, with the indexes of the matched characters of its label. */
export type Found<T extends Item = Item> = T & { at: number[] };

/** The sections with what matches the query, best first within each; empty ones are left out. The
 * section with the best match of all comes first. Sections that were searched by the engine
 * (`searched`) are kept as they are. */
export function arrange<T extends Item>(
  query: string,
  sections: (Section<T> & { searched?: boolean; limit?: number })[],
): Section<Found<T>>[] {
  const arranged = sections.map(({ heading, items, searched, limit = 8 }, order) => {
    const found = items.flatMap((item) => {
      const label = match(query, item.label);
      if (label) return [{ item: { ...item, at: label.at }, score: label.score }];
      const other = mentions(query, `${item.detail ?? ""} ${item.words ?? ""}`);
      if (other) return [{ item: { ...item, at: [] }, score: 500 }];
      return searched ? [{ item: { ...item, at: [] }, score: -1000 }] : [];
    });
    if (query.trim() !== "" && !searched) found.sort((a, b) => b.score - a.score);
    const kept = found.slice(0, limit);
    const best = Math.max(...kept.map(({ score }) => score));
    return { heading, items: kept.map(({ item }) => item), best, order };
  });
  if (query.trim() !== "") arranged.sort((a, b) => b.best - a.best || a.order - b.order);
  return arranged
    .filter(({ items }) => items.length > 0)
    .map(({ heading, items }) => ({ heading, items }));
}

/** A label in pieces, matched and not, for showing which characters matched. */
export function pieces(label: string, at: number[]): { text: string; matched: boolean }[] {
  const matched = new Set(at);
  const found: { text: string; matched: boolean }[] = [];
  let index = 0;
  for (const c of label) {
    const is = matched.has(index);
    const last = found.at(-1);
    if (last && last.matched === is) last.text += c;
    else found.push({ text: c, matched: is });
    index += c.length;
  }
  return found;
}
