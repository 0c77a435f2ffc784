// The days of the overview, in the window's time zone. Pure.
import type { Timestamp } from "../backend";
import { startOfDay } from "../state/days";

/** How many days can be looked at. */
export const SPANS = [7, 14, 30] as const;
export type Span = (typeof SPANS)[number];

/** When the last `count` days began, today's last. Some days have 23 or 25 hours. */
export function dayStarts(now: Date, count: number): Timestamp[] {
  return Array.from({ length: count }, (_, index) => startOfDay(now, index - count + 1));
}
