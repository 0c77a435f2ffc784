// Axes of the charts. Pure.

/** The lines of an axis: where they are, and the value at the end of it. */
export interface Scale {
  top: number;
  ticks: number[];
}

const STEPS = [1, 2, 5, 10];
/** How many lines an axis of dollars has at most; always two or more. */
const LINES = 4;

/** An axis for values up to `most`, with its lines at 1, 2 or 5 and zeros. */
export function scale(most: number): Scale {
  if (!(most > 0)) return { top: 1, ticks: [] };
  const power = 10 ** Math.floor(Math.log10(most / LINES));
  const linesOf = (step: number) => Math.floor(most / (step * power) + 1e-9);
  const step = STEPS.find((step) => linesOf(step) <= LINES) ?? 10;
  const ticks = Array.from({ length: linesOf(step) }, (_, index) => (index + 1) * step * power);
  return { top: most, ticks };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Lengths of time in one unit, up to the hours. */
const TIMES = [SECOND, MINUTE].flatMap((unit) =>
  [1, 2, 5, 10, 20, 30].map((count) => count * unit),
);

/** An axis for times up to `most` milliseconds, with one line at a round number of one unit. */
export function timeScale(most: number): Scale {
  if (!(most > 0)) return { top: 1, ticks: [] };
  if (most < HOUR) return { top: most, ticks: TIMES.filter((time) => time <= most).slice(-1) };
  const power = 10 ** Math.floor(Math.log10(most / HOUR));
  const count = [5, 2, 1].find((count) => count * power * HOUR <= most) ?? 1;
  return { top: most, ticks: [count * power * HOUR] };
}

/** A part of a whole in percent, for a style: between 0 and 100, and visible where it is not zero. */
export function share(value: number, of: number, least = 1.5): string {
  if (!(value > 0) || !(of > 0)) return "0%";
  return `${Math.min(100, Math.max(least, (value / of) * 100)).toFixed(2)}%`;
}
