// Terminal output as text with the sixteen basic colours; all other control sequences are removed. Pure.
// Own code, because every control sequence must be removed in linear time, unfinished ones included;
// libraries only promise to translate colours.

import { withoutBidi } from "../words/visibleText";

/** The eight colours of a terminal, and their bright forms. */
export const COLOURS = [
  "black",
  "red",
  "green",
  "yellow",
  "blue",
  "magenta",
  "cyan",
  "white",
  "bright-black",
  "bright-red",
  "bright-green",
  "bright-yellow",
  "bright-blue",
  "bright-magenta",
  "bright-cyan",
  "bright-white",
] as const;
export type Colour = (typeof COLOURS)[number];

/** A piece of text with one style. */
export interface Span {
  text: string;
  colour?: Colour;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
}

type Look = Omit<Span, "text">;

// A control sequence, an operating-system command, another escape, or a lone control character.
const CONTROL =
  /\x1b\[([0-9;:<=>?]{0,64})[ -/]{0,8}(?:([@-~])|$)|\x1b[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?|\x1b[ -/]{1,4}[0-~]?|\x1b[^[]?|\x1b\[|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]/g;

/** Whether {@link spans} would remove anything from a text. */
export function hasControls(text: string): boolean {
  return /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(text);
}

/** The text in pieces of one style each. */
export function spans(text: string): Span[] {
  const clean = overwritten(withoutBidi(text));
  const result: Span[] = [];
  let look: Look = {};
  let from = 0;
  const add = (until: number) => {
    if (until > from) {
      const piece = clean.slice(from, until);
      const last = result.at(-1);
      if (last && sameLook(last, look)) last.text += piece;
      else result.push({ text: piece, ...look });
    }
  };
  for (const match of clean.matchAll(CONTROL)) {
    add(match.index);
    from = match.index + match[0].length;
    if (match[2] === "m") look = changed(look, match[1] ?? "");
  }
  add(clean.length);
  return result;
}

/** The text without any control sequence. */
export function plain(text: string): string {
  return hasControls(text) ? overwritten(withoutBidi(text)).replace(CONTROL, "") : text;
}

/** Applies carriage returns: of overwritten lines, like progress bars, the last version remains. */
function overwritten(text: string): string {
  if (!text.includes("\r")) return text;
  return text
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => line.replace(/\r+$/, ""))
    .map((line) => line.slice(line.lastIndexOf("\r") + 1))
    .join("\n");
}

/** The style after one "select graphic rendition" sequence. */
function changed(look: Look, parameters: string): Look {
  const next = { ...look };
  const codes = parameters.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) for (const key of Object.keys(next)) delete next[key as keyof Look];
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 22) {
      delete next.bold;
      delete next.dim;
    } else if (code === 23) delete next.italic;
    else if (code === 24) delete next.underline;
    else if (code >= 30 && code <= 37) next.colour = COLOURS[code - 30];
    else if (code >= 90 && code <= 97) next.colour = COLOURS[code - 90 + 8];
    else if (code === 39) delete next.colour;
    else if (code === 38 || code === 48) {
      // A 256-colour or RGB value: only the first sixteen colours are supported.
      const kind = codes[i + 1];
      const index = codes[i + 2] ?? 0;
      if (code === 38) {
        if (kind === 5 && index < 16) next.colour = COLOURS[index];
        else delete next.colour;
      }
      i += kind === 5 ? 2 : kind === 2 ? 4 : 1;
    }
  }
  return next;
}

function sameLook(a: Look, b: Look): boolean {
  return (
    a.colour === b.colour &&
    a.bold === b.bold &&
    a.dim === b.dim &&
    a.italic === b.italic &&
    a.underline === b.underline
  );
}
