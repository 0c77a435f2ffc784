// Axes of the charts. Pure.

/** The lines of an axis: where they are, and the value at the end of it. */
export interface Scale {
  top: number;
  ticks: number[];
}

const STEPS = [1, 2, 2.5, 5, 10, 20];

/** An axis for values up to `most`, with at most `lines` lines at round values above zero. */
export function scale(most: number, lines: number): Scale {
  if (!(most > 0)) return { top: 1, ticks: [] };
  const power = 10 ** Math.floor(Math.log10(most / lines));
  const linesOf = (step: number) => Math.floor(most / (step * power) + 1e-9);
  const step = STEPS.find((step) => linesOf(step) <= lines) ?? 20;
  const ticks = Array.from({ length: linesOf(step) }, (_, index) => (index + 1) * step * power);
  return { top: most, ticks };
}

/** A part of a whole in percent, for a style: between 0 and 100, and visible where it is not zero. */
export function share(value: number, of: number, least = 1.5): string {
  if (!(value > 0) || !(of > 0)) return "0%";
  return `${Math.min(100, Math.max(least, (value / of) * 100)).toFixed(2)}%`;
}
