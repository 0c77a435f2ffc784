// A line cut where its colour or its mark changes. Pure.
import type { Colour, Token } from "./language";
import type { Span } from "./words";

/** A part of a line that looks the same. */
export interface Piece {
  text: string;
  colour: Colour | undefined;
  /** Whether it differs from the line in whose place it stands. */
  marked: boolean;
}

/** The pieces of a line. Tokens of another text than the line's are left out. */
export function pieces(text: string, tokens: readonly Token[] | undefined, spans: readonly Span[]) {
  const all: Piece[] = [];
  const fits = tokens?.map((token) => token.text).join("") === text;
  let at = 0;
  for (const token of fits && tokens ? tokens : [{ text, colour: undefined }]) {
    const end = at + token.text.length;
    let from = at;
    for (const span of spans) {
      const [begin, stop] = [Math.max(span.from, from), Math.min(span.to, end)];
      if (begin >= stop) continue;
      if (begin > from) all.push(piece(text, from, begin, token.colour, false));
      all.push(piece(text, begin, stop, token.colour, true));
      from = stop;
    }
    if (from < end) all.push(piece(text, from, end, token.colour, false));
    at = end;
  }
  return all;
}

function piece(
  text: string,
  from: number,
  to: number,
  colour: Colour | undefined,
  marked: boolean,
) {
  return { text: text.slice(from, to), colour, marked };
}
