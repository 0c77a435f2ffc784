// Fuzzy matching for the palette: all characters of the query, in order, best where they begin
// words or stand together. Own code, because it ignores accents, bounds the time for very long names,
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
  for (let from = hay.indexOf(wanted.charAt(0)); from >= 0;) {
    const found = scattered(hay, wanted, from);
    if (!found) break;
    if (!best || found.score > best.score) best = found;
    from = hay.indexOf(wanted.charAt(0), from + 1);
  }
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

/** The characters from `from` on, each as near as possible, word beginnings preferred. */
function scattered(hay: string, wanted: string, from: number): Match | undefined {
  const at = [from];
  let score = beginsWord(hay, from) ? 30 : 0;
  for (let i = 1; i < wanted.length; i += 1) {
    const last = at[i - 1] ?? from;
    const c = wanted.charAt(i);
    let next = hay.indexOf(c, last + 1);
    if (next < 0) return undefined;
    if (next !== last + 1) {
      for (let other = next; other >= 0; other = hay.indexOf(c, other + 1)) {
        if (beginsWord(hay, other) && hasRest(hay, wanted, i + 1, other + 1)) {
          next = other;
          break;
        }
      }
    }
    score += next === last + 1 ? 15 : beginsWord(hay, next) ? 30 : -Math.min(next - last, 10);
    at.push(next);
  }
  return { score: score - Math.min(from, 50) / 10, at };
}

function hasRest(hay: string, wanted: string, i: number, from: number): boolean {
  for (let at = from; i < wanted.length; i += 1, at += 1) {
    at = hay.indexOf(wanted.charAt(i), at);
    if (at < 0) return false;
  }
  return true;
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
