// A line cut where its colour or its mark changes. Pure.
import type { Colour, Token } from "./language";
import type { Span } from "./words";

/** A part of a line that looks the same. */
export interface Piece {
  text: string;
  colour: Colour | undefined;
  /** Whether it differs from the line in whose place it stands. */
  marked: boolean;
  /** Whether it is of the indent and the first word: no line may break between the two. */
  first: boolean;
}

/** The pieces of a line. Tokens of another text than the line's are left out. */
export function pieces(text: string, tokens: readonly Token[] | undefined, spans: readonly Span[]) {
  const all: Piece[] = [];
  const first = /^\s+\S+/.exec(text)?.[0].length ?? 0;
  const add = (from: number, to: number, colour: Colour | undefined, marked: boolean) => {
    const cut = Math.min(Math.max(first, from), to);
    if (cut > from) all.push({ text: text.slice(from, cut), colour, marked, first: true });
    if (to > cut) all.push({ text: text.slice(cut, to), colour, marked, first: false });
  };
  const fits = tokens?.map((token) => token.text).join("") === text;
  let at = 0;
  for (const token of fits && tokens ? tokens : [{ text, colour: undefined }]) {
    const end = at + token.text.length;
    let from = at;
    for (const span of spans) {
      const [begin, stop] = [Math.max(span.from, from), Math.min(span.to, end)];
      if (begin >= stop) continue;
      if (begin > from) add(from, begin, token.colour, false);
      add(begin, stop, token.colour, true);
      from = stop;
    }
    if (from < end) add(from, end, token.colour, false);
    at = end;
  }
  return all;
}
