// Which words of a line differ from the line in whose place it stands. Pure.
import { diffArrays } from "diff/lib/diff/array.js";

/** A part of a line, from one place to another. */
export interface Span {
  from: number;
  to: number;
}

/** Lines longer than this are not compared, in characters. */
const LONGEST = 600;
/** Lines that share less than this of the shorter one were rewritten: nothing is marked. */
const LEAST_SHARED = 0.3;

/** The parts of `text` that are not in `other`; none where the lines have little in common. */
export function changedWords(text: string, other: string): Span[] {
  if (text.length > LONGEST || other.length > LONGEST || text === other) return [];
  const words = (line: string) => line.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];
  const spans: Span[] = [];
  let at = 0;
  let shared = 0;
  for (const { added, removed, value } of diffArrays(words(other), words(text))) {
    if (removed) continue;
    const part = value.join("");
    if (added) spans.push({ from: at, to: at + part.length });
    else shared += part.trim().length;
    at += part.length;
  }
  const shorter = Math.max(1, Math.min(text.trim().length, other.trim().length));
  return shared / shorter < LEAST_SHARED ? [] : joined(spans, text);
}

/** Spans with only white space between them become one. */
function joined(spans: readonly Span[], text: string): Span[] {
  const all: Span[] = [];
  for (const span of spans) {
    const last = all.at(-1);
    if (last && text.slice(last.to, span.from).trim() === "") last.to = span.to;
    else all.push({ ...span });
  }
  return all;
}
