// Search in the loaded part of a log.

/** How often the words are in the blocks. */
export interface Found {
  /** The blocks that have them, and how many matches are before each. */
  blocks: { index: number; count: number; before: number }[];
  total: number;
}

/** A match: the index of its block, and which one of its matches. */
export interface Match {
  index: number;
  nth: number;
}

/** Finds the words in the texts of the blocks, ignoring case. */
export function findIn(texts: readonly string[], words: string): Found {
  const needle = words.toLowerCase();
  const found: Found = { blocks: [], total: 0 };
  if (needle === "") return found;
  texts.forEach((text, index) => {
    const count = countIn(text.toLowerCase(), needle);
    if (count === 0) return;
    found.blocks.push({ index, count, before: found.total });
    found.total += count;
  });
  return found;
}

function countIn(text: string, needle: string): number {
  let count = 0;
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
    count += 1;
  }
  return count;
}

/** The number of a match among all, from 1 on; 0 if there is none in that block. */
export function placeOf(found: Found, match: Match | undefined): number {
  const block = found.blocks.find(({ index }) => index === match?.index);
  if (!match || !block) return 0;
  return block.before + Math.min(match.nth, block.count - 1) + 1;
}

/** The match with this number. */
export function matchAt(found: Found, place: number): Match | undefined {
  const block = found.blocks.findLast(({ before }) => before < place);
  return block && { index: block.index, nth: place - block.before - 1 };
}

/** The number of the match after or before one, around the ends. */
export function nextPlace(found: Found, place: number, by: 1 | -1): number {
  if (place === 0) return by === 1 ? 1 : found.total;
  return ((place - 1 + by + found.total) % found.total) + 1;
}

/** The first match in a block from this index on; the last one where there is none. */
export function nearest(found: Found, from: number): Match | undefined {
  const block = found.blocks.find(({ index }) => index >= from);
  return block ? { index: block.index, nth: 0 } : matchAt(found, found.total);
}

const ALL = "log-found";
const CURRENT = "log-found-current";
/** The maximum number of highlighted matches. */
const MOST_MARKS = 2000;

/** The highlighted matches inside an element; none where the browser has no highlights. */
export function rangesOf(inside: HTMLElement, words: string): Range[] {
  const needle = words.toLowerCase();
  return needle === "" || !("highlights" in CSS) ? [] : rangesIn(inside, needle);
}

/** Highlights matches, and the current one of them otherwise. */
export function mark(ranges: readonly Range[], current?: Range) {
  if (!("highlights" in CSS)) return;
  for (const name of [ALL, CURRENT]) {
    // WebKit goes on painting what merely leaves the registry.
    CSS.highlights.get(name)?.clear();
    CSS.highlights.delete(name);
  }
  if (ranges.length === 0) return;
  CSS.highlights.set(ALL, new Highlight(...ranges));
  if (!current) return;
  const highlight = new Highlight(current);
  highlight.priority = 1;
  CSS.highlights.set(CURRENT, highlight);
}

/** What is no text of the log: signs of its cards, and what only a screen reader hears. */
const UNSEARCHED = ".spoken, [data-unsearched]";

function rangesIn(inside: HTMLElement, needle: string): Range[] {
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(inside, NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && ranges.length < MOST_MARKS) {
    const node = walker.currentNode;
    if (node.parentElement?.closest(UNSEARCHED)) continue;
    const text = node.nodeValue?.toLowerCase() ?? "";
    let at = text.indexOf(needle);
    while (
      at >= 0 &&
      ranges.length < MOST_MARKS &&
      at + needle.length <= (node.nodeValue ?? "").length
    ) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + needle.length);
      ranges.push(range);
      at = text.indexOf(needle, at + needle.length);
    }
  }
  return ranges;
}
