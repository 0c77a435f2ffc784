// Search in the loaded part of a log.
import { textOf, type Block } from "./model";

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

/** Finds the words in the blocks, ignoring case. */
export function findIn(blocks: readonly Block[], words: string): Found {
  const needle = words.toLowerCase();
  const found: Found = { blocks: [], total: 0 };
  if (needle === "") return found;
  blocks.forEach((block, index) => {
    const count = countIn(searchText(block).toLowerCase(), needle);
    if (count === 0) return;
    found.blocks.push({ index, count, before: found.total });
    found.total += count;
  });
  return found;
}

/** The text of a block that its card shows: a command is not in its arguments once more. */
function searchText(block: Block): string {
  if (block.kind !== "tool" || block.summary === "") return textOf(block);
  const isRepeated = block.input.includes(JSON.stringify(block.summary));
  return isRepeated
    ? [block.tool, block.summary, block.result?.text ?? ""].join("\n")
    : textOf(block);
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

/** The number of the match after or before one, around the ends; the newest if there is none yet. */
export function nextPlace(found: Found, place: number, by: 1 | -1): number {
  if (place === 0) return found.total;
  return ((place - 1 + by + found.total) % found.total) + 1;
}

const ALL = "log-found";
const CURRENT = "log-found-current";
/** The maximum number of highlighted matches. */
const MOST_MARKS = 2000;

/**
 * Highlights the words inside an element; empty words remove the highlights. The match number `nth` inside of
 * `row` is highlighted as the current one, which is returned.
 */
export function mark(
  inside: HTMLElement,
  words: string,
  current?: { row: Element | null; nth: number },
): Range | undefined {
  // Older browsers have no highlights.
  if (!("highlights" in CSS)) return undefined;
  CSS.highlights.delete(CURRENT);
  const needle = words.toLowerCase();
  if (needle === "") {
    CSS.highlights.delete(ALL);
    return undefined;
  }
  const ranges = rangesIn(inside, needle);
  CSS.highlights.set(ALL, new Highlight(...ranges));
  const ofRow = ranges.filter((range) => current?.row?.contains(range.startContainer));
  const chosen = ofRow[Math.min(current?.nth ?? 0, ofRow.length - 1)];
  if (chosen) {
    const highlight = new Highlight(chosen);
    highlight.priority = 1;
    CSS.highlights.set(CURRENT, highlight);
  }
  return chosen;
}

function rangesIn(inside: HTMLElement, needle: string): Range[] {
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(inside, NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && ranges.length < MOST_MARKS) {
    const node = walker.currentNode;
    // What only a screen reader hears cannot be seen.
    if (node.parentElement?.closest(".spoken")) continue;
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
