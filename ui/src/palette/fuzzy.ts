// Fuzzy matching for the palette: the query as it is, or pieces of it that begin words, in order. Letters
// from the middle of words would find everything. Own code, because it ignores accents, bounds the time for very long names,
// and is smaller than a library.

export type Match = { score: number; /** Indexes of the matched characters. */ at: number[] };

/** Only this many characters of a text are matched, so that long names stay quick. */
const LOOKED_AT = 400;

/** How well a text matches, higher is better; undefined when it does not. Case and accents do not
 * count. An empty query matches everything equally. */
export function match(query: string, text: string): Match | undefined {
  const wanted = plain(query).replace(/\s+/g, "");
  if (wanted === "") return { score: 0, at: [] };
  const hay = plain(text.slice(0, LOOKED_AT));
  const phrase = plain(query).trim();
  const whole = stretch(hay, phrase);
  if (whole >= 0 && beginsWord(hay, whole)) {
    return { score: 1000 - Math.min(whole, 200), at: places(whole, phrase) };
  }
  let best: Match | undefined =
    whole < 0 ? undefined : { score: 15 * (phrase.length - 1), at: places(whole, phrase) };
  const found = begun(hay, wanted);
  if (found && (!best || found.score > best.score)) best = found;
  return best;
}

/** Whether each word of the query begins a word of the text: for words that are not shown, where
 * matches of scattered characters would be inexplicable. */
export function mentions(query: string, text: string): boolean {
  const words = plain(text).split(/[^\p{L}\p{N}]+/u);
  const wanted = plain(query)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  return wanted.length > 0 && wanted.every((part) => words.some((word) => word.startsWith(part)));
}

function places(from: number, phrase: string): number[] {
  return Array.from({ length: phrase.length }, (_, i) => from + i);
}

/** The position of the whole phrase, preferably at the beginning of a word. */
function stretch(hay: string, phrase: string): number {
  const first = hay.indexOf(phrase);
  for (let at = first; at >= 0; at = hay.indexOf(phrase, at + 1)) {
    if (beginsWord(hay, at)) return at;
  }
  return first;
}

/** All characters of the query, in order, each beginning a word or following the one before it. */
function begun(hay: string, wanted: string): Match | undefined {
  const starts = [...hay.matchAll(/(?<![\p{L}\p{N}])[\p{L}\p{N}]/gu)].map(({ index }) => index);
  /** Ends of beginnings that lead nowhere, so that no text takes long. */
  const dead = new Set<number>();
  const rest = (i: number, last: number): number[] | undefined => {
    if (i === wanted.length) return [];
    const key = last * wanted.length + i;
    if (dead.has(key)) return undefined;
    const next = [...(i > 0 ? [last + 1] : []), ...starts.filter((at) => at > last + 1 || i === 0)];
    for (const at of next) {
      const found = hay.charAt(at) === wanted.charAt(i) && rest(i + 1, at);
      if (found) return [at, ...found];
    }
    dead.add(key);
    return undefined;
  };
  const at = rest(0, -1);
  if (!at) return undefined;
  const score = at.reduce((sum, place, i) => sum + (place === at[i - 1]! + 1 ? 15 : 30), 0);
  return { score: score - Math.min(at[0]!, 50) / 10, at };
}

function beginsWord(text: string, at: number): boolean {
  return at === 0 || !/[\p{L}\p{N}]/u.test(text.charAt(at - 1));
}

/** Lower case without accents, with as many characters as before, so that indexes stay true. */
function plain(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charAt(i);
    const base = c.normalize("NFD").charAt(0).toLowerCase();
    out += base.length === 1 ? base : c;
  }
  return out;
}
