// Search in the loaded part of a log.
import { textOf, type Block } from "./model";

/** The indexes of the blocks that contain the words, ignoring case. */
export function matchingBlocks(blocks: readonly Block[], words: string): number[] {
  const needle = words.toLowerCase();
  if (needle === "") return [];
  return blocks.flatMap((block, index) =>
    textOf(block).toLowerCase().includes(needle) ? [index] : [],
  );
}

const NAME = "log-found";
/** The maximum number of highlighted matches. */
const MOST_MARKS = 2000;

/** Highlights the words inside an element; empty words remove the highlights. */
export function mark(inside: HTMLElement, words: string) {
  // Older browsers have no highlights.
  if (!("highlights" in CSS)) return;
  const needle = words.toLowerCase();
  if (needle === "") {
    CSS.highlights.delete(NAME);
    return;
  }
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(inside, NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && ranges.length < MOST_MARKS) {
    const node = walker.currentNode;
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
  CSS.highlights.set(NAME, new Highlight(...ranges));
}
