// Formatting of numbers, as the language of the page writes them. Changing numbers are shown with tabular
// figures. The examples are in English.
import type { Usage } from "../backend";
import { locale } from "../language/current";
import { filled, translatedPlural } from "../language/translated";

const DOLLARS = new Intl.NumberFormat(locale, {
  style: "currency",
  currency: "USD",
  currencyDisplay: "narrowSymbol",
});

/** US dollars: `$0.84`; less than half a cent is `<$0.01`. */
export function dollars(usd: number): string {
  if (usd > 0 && usd < 0.005) return `<${DOLLARS.format(0.01)}`;
  return DOLLARS.format(usd);
}

/** An amount on an axis, with the digits that a step between two lines has: `$5`, `$0.50`, `$0.005`. */
export function axisDollars(usd: number, step: number): string {
  const digits = step >= 1 ? 0 : Math.max(2, -Math.floor(Math.log10(step) + 1e-9));
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(usd);
}

const GROUPED = new Intl.NumberFormat(locale);
const TENTHS = new Intl.NumberFormat(locale, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
/** What stands before the fraction of a number: `.` or `,`. */
const POINT = TENTHS.formatToParts(0.5).find(({ type }) => type === "decimal")?.value ?? ".";

/** A whole number with separators between thousands: `12,345`. */
export function grouped(number: number): string {
  return GROUPED.format(number);
}

/** A number with one digit after the point: `4.2`. */
export function tenths(number: number): string {
  return TENTHS.format(number);
}

/** A number as people type it, in the notation of programs: `1.5` for `1,5`, where that is how it is written. */
export function withPoint(typed: string): string {
  return POINT === "," ? typed.replace(",", ".") : typed;
}

/** A number with as many digits as it has, without separators: `1.5`. {@link withPoint} reads it again. */
export function plain(number: number): string {
  return String(number).replace(".", POINT);
}

/** Bytes: `512 B`, `4.2 kB`, `1.3 GB`. */
export function bytes(count: number): string {
  if (count < 1e3) return `${count} B`;
  if (count < 1e6) return `${tenths(count / 1e3)} kB`;
  if (count < 1e9) return `${tenths(count / 1e6)} MB`;
  return `${tenths(count / 1e9)} GB`;
}

/** A count that may be large: `840`, `12.3k`, `4.1M`. */
export function count(number: number): string {
  if (number < 1e3) return String(number);
  if (number < 1e6) return `${tenths(number / 1e3)}k`;
  return `${tenths(number / 1e6)}M`;
}

/** A number with its noun, which has a plural with -s: `1 task`, `3,000 tasks`. */
export function plural(number: number, noun: string): string {
  return counted(number, `{0} ${noun}`, `{0} ${noun}s`);
}

/** A text that depends on a number, which stands in it as `{0}`, for one and for many. */
export function counted(number: number, one: string, many: string): string {
  const shown = grouped(number);
  const found = translatedPlural(one, number, shown);
  return found ?? filled(number === 1 ? one : many, [shown]);
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
