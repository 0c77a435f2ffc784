// Parsing and formatting of durations and sizes, in the notation of config.toml and the command line
// (`10m`, `1h30m`, `256MB`); spaces are allowed.
import { plain, withPoint } from "./numbers";

const UNITS_MS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds; undefined when the text is not a duration. Only 0 needs no unit. */
export function parseDuration(text: string): number | undefined {
  const typed = text.trim().toLowerCase();
  if (/^0+$/.test(typed)) return 0;
  const piece = /(\d+)\s*(ms|min|s|m|h|d)\s*/y;
  let total = 0;
  let at = 0;
  while (at < typed.length) {
    piece.lastIndex = at;
    const found = piece.exec(typed);
    const unit = found?.[2] === undefined ? undefined : UNITS_MS[found[2]];
    if (!found || unit === undefined) return undefined;
    total += Number(found[1]) * unit;
    at = piece.lastIndex;
  }
  return typed === "" ? undefined : within(total);
}

/** The ways to write what was typed as a bare number; undefined when it is something else. */
export function withUnits(text: string): string | undefined {
  const number = /^\d+$/.exec(text.trim())?.[0];
  return number && `${number} of what? Write ${number}d, ${number}h, ${number}m or ${number}s.`;
}

/** The shortest text that {@link parseDuration} reads as this many milliseconds. */
export function showDuration(ms: number): string {
  if (ms === 0) return "0";
  let rest = ms;
  let text = "";
  for (const [unit, size] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
    ["ms", 1],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

const UNITS_BYTES: Record<string, number> = { "": 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

/** Bytes; undefined when the text is not a size. A bare number is bytes. */
export function parseSize(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*([kmgt]?b)?$/i.exec(withPoint(text.trim()));
  const unit = found && UNITS_BYTES[(found[2] ?? "").toLowerCase()];
  return found && unit ? within(Math.round(Number(found[1]) * unit)) : undefined;
}

/** The shortest text that {@link parseSize} reads as exactly this many bytes. */
export function showSize(bytes: number): string {
  for (const [unit, size] of [
    ["TB", 1e12],
    ["GB", 1e9],
    ["MB", 1e6],
    ["kB", 1e3],
  ] as const) {
    const count = bytes / size;
    if (count >= 1 && Number.isInteger(count * 10)) return `${plain(count)} ${unit}`;
  }
  return bytes === 0 ? "0" : `${bytes} B`;
}

/** Whole numbers beyond this are not exact in JavaScript, so they are refused. */
function within(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}
