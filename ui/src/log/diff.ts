// The lines that an edit removes and adds. Pure.

import { diffArrays } from "diff/lib/diff/array.js";

/** One line of a diff. */
export interface DiffLine {
  sign: "+" | "-" | " ";
  text: string;
}

/** Texts that differ in more lines than this are shown as one replacement: comparing them would
 * block the window. */
const MAX_CHANGED_LINES = 1200;

/** The lines that differ between two texts, and the unchanged lines around them. */
export function diff(before: string, after: string): DiffLine[] {
  const [a, b] = [lines(before), lines(after)];
  const parts = diffArrays(a, b, { maxEditLength: MAX_CHANGED_LINES });
  if (!parts) return [...a.map(signed("-")), ...b.map(signed("+"))];
  return parts.flatMap(({ added, removed, value }) =>
    value.map(signed(removed ? "-" : added ? "+" : " ")),
  );
}

/** How many lines were added and removed. */
export function counts(lines: readonly DiffLine[]): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  for (const { sign } of lines) {
    if (sign === "+") added++;
    if (sign === "-") removed++;
  }
  return { added, removed };
}

/** The lines of a text; the end of the last line makes no further, empty one. */
export function lines(text: string): string[] {
  if (text === "") return [];
  const all = text.split(/\r?\n/);
  if (all.at(-1) === "") all.pop();
  return all;
}

function signed(sign: DiffLine["sign"]): (text: string) => DiffLine {
  return (text) => ({ sign, text });
}
