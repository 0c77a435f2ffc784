// What a row shows of a place that a search has found. Pure.
import type { SearchPlace, SnippetPart } from "../backend";
import { uiText } from "../language/uiText";

/** Where words were found. */
export const PLACES: Record<SearchPlace, string> = {
  prompt: uiText("prompt"),
  result: uiText("result"),
  log: uiText("log"),
};

/** How much of the text stands before the first match, in characters: a row is narrow. */
const BEFORE = 18;

/** The parts of a snippet with less text before the first match, so that the row shows the match. */
export function aroundMatch(parts: readonly SnippetPart[]): readonly SnippetPart[] {
  const at = parts.findIndex(({ matched }) => matched);
  const before = [
    ...parts
      .slice(0, Math.max(0, at))
      .map(({ text }) => text)
      .join(""),
  ];
  if (before.length <= BEFORE) return parts;
  const kept = before.slice(-BEFORE).join("");
  return [{ text: `…${kept.slice(kept.indexOf(" ") + 1)}` }, ...parts.slice(at)];
}
