// Calendar days in the window's time zone. Instants are RFC 3339 strings in UTC with milliseconds, as
// the API has them: sorted as text they are sorted by time.
import type { Timestamp } from "../backend";

/** The start of the day of `date`, shifted by whole days. */
export function startOfDay(date: Date, shift = 0): Timestamp {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + shift).toISOString();
}
