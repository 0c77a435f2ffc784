// Days as a person counts them, in the time zone of the window. Instants are the wire's RFC 3339
// strings in UTC with milliseconds, whose order as text is their order in time.
import type { Timestamp } from "../backend";

/** The instant at which the day of `date`, shifted by whole days, begins. */
export function startOfDay(date: Date, shift = 0): Timestamp {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + shift).toISOString();
}
