// Formatting of numbers. Changing numbers are shown with tabular figures.
import type { Usage } from "../backend";

const DOLLARS = new Intl.NumberFormat("en", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

/** US dollars: `$0.84`; less than half a cent is `<$0.01`. */
export function dollars(usd: number): string {
  if (usd > 0 && usd < 0.005) return "<$0.01";
  return `$${DOLLARS.format(usd)}`;
}

/** Bytes: `512 B`, `4.2 kB`, `1.3 GB`. */
export function bytes(count: number): string {
  if (count < 1e3) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  if (count < 1e9) return `${(count / 1e6).toFixed(1)} MB`;
  return `${(count / 1e9).toFixed(1)} GB`;
}

/** A count that may be large: `840`, `12.3k`, `4.1M`. */
export function count(number: number): string {
  if (number < 1e3) return String(number);
  if (number < 1e6) return `${(number / 1e3).toFixed(1)}k`;
  return `${(number / 1e6).toFixed(1)}M`;
}

const GROUPED = new Intl.NumberFormat("en");

/** A whole number with separators between thousands: `12,345`. */
export function grouped(number: number): string {
  return GROUPED.format(number);
}

/** A number with its noun: `1 task`, `3,000 tasks`. */
export function plural(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** Tokens in and out, those of the cache counted as input; absent when none were reported. */
export function tokens(usage: Usage): { input: number; output: number } | undefined {
  const input = [usage.input_tokens, usage.cache_read_tokens, usage.cache_creation_tokens];
  const reported = [...input, usage.output_tokens].some((part) => part !== undefined);
  if (!reported) return undefined;
  const sum = input.reduce<number>((sum, part) => sum + (part ?? 0), 0);
  return { input: sum, output: usage.output_tokens ?? 0 };
}

/** What was used, in one line: `$0.84 · 12 turns · 20.1k tokens in, 3.0k out`; may be empty. */
export function usage(usage: Usage): string {
  const parts: string[] = [];
  if (usage.cost_usd !== undefined) parts.push(dollars(usage.cost_usd));
  if (usage.turns !== undefined) parts.push(plural(usage.turns, "turn"));
  const used = tokens(usage);
  if (used) parts.push(`${count(used.input)} tokens in, ${count(used.output)} out`);
  return parts.join(" · ");
}
