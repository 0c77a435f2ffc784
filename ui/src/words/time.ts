// Formatting of instants and durations. All durations are in milliseconds.
import { readable, type Readable } from "svelte/store";

import type { Timestamp } from "../backend";
import { language, locale } from "../language/current";
import { uiText } from "../language/uiText";
import { grouped, plural, tenths } from "./numbers";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * The current time in milliseconds since the epoch. Ticks every second, at the same moment for all
 * subscribers, and only while there are any.
 */
export const now: Readable<number> = readable(Date.now(), (set) => {
  set(Date.now());
  let timer: ReturnType<typeof setTimeout>;
  const tick = () => {
    timer = setTimeout(
      () => {
        set(Date.now());
        tick();
      },
      SECOND - (Date.now() % SECOND),
    );
  };
  tick();
  return () => clearTimeout(timer);
});

/** Milliseconds since the epoch; `undefined` for what is absent or no instant. */
export function millis(at: Timestamp | undefined): number | undefined {
  if (at === undefined) return undefined;
  const parsed = Date.parse(at);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** Milliseconds from an instant until now, never negative; zero when the instant is unknown. */
export function since(at: Timestamp | undefined, now: number): number {
  const from = millis(at);
  return from === undefined ? 0 : Math.max(0, now - from);
}

/** A running clock: `0:07`, `4:12`, `1:04:12`. */
export function clock(length: number): string {
  const seconds = Math.floor(length / SECOND);
  const two = (number: number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** How long something took: `<0.1 s`, `0.4 s`, `38 s`, then like {@link clock}. */
export function took(length: number): string {
  if (length < 100) return `<${tenths(0.1)} s`;
  if (length < 10 * SECOND) return `${tenths(Math.floor(length / 100) / 10)} s`;
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`;
  return clock(length);
}

/** A length of time in one unit: `45 s`, `14 min`, `3 h`, `2 d`. */
export function short(length: number): string {
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`;
  if (length < HOUR) return `${Math.floor(length / MINUTE)} min`;
  if (length < DAY) return `${Math.floor(length / HOUR)} h`;
  return uiText(`${Math.floor(length / DAY)} d`);
}

/** How long ago: `just now`, `2 min ago`. */
export function ago(length: number): string {
  return length < 5 * SECOND ? "just now" : `${short(length)} ago`;
}

/** A duration in the words of a sentence, as the engine says it: `45 seconds`, `2 h 5 min`. */
export function duration(length: number): string {
  const seconds = Math.floor(length / SECOND);
  if (seconds === 0) return `${length} ms`;
  if (seconds < 120) return plural(seconds, "second");
  if (seconds < 7200) return plural(Math.floor(seconds / 60), "minute");
  if (seconds % 3600 < 60) return plural(Math.floor(seconds / 3600), "hour");
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** How long work took, to the minute: `<1 min`, `12 min`, `6 h 12 min`. */
export function workTime(length: number): string {
  const minutes = Math.round(length / MINUTE);
  if (length > 0 && minutes === 0) return "<1 min";
  if (minutes < 60) return `${minutes} min`;
  const hours = grouped(Math.floor(minutes / 60));
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The date in words. A format is made once: that takes longer than its use in all rows of a list. */
function inWords(date: Date, parts: Intl.DateTimeFormatOptions): string {
  // The system's time zone may change.
  const key = `${date.getTimezoneOffset()} ${JSON.stringify(parts)}`;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(locale, parts)));
  return format.format(date);
}

/** The time of day, with the day when it is not today: `14:05`, `Tue 02:00`, `3 Nov, 14:05`. */
export function timeOfDay(at: Timestamp, now: number): string {
  const then = millis(at);
  if (then === undefined) return "";
  const date = new Date(then);
  const time = `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
  if (date.toDateString() === new Date(now).toDateString()) return time;
  if (Math.abs(then - now) < 6 * DAY) {
    return `${inWords(date, { weekday: "short" })} ${time}`;
  }
  return `${inWords(date, { day: "numeric", month: "short" })}, ${time}`;
}

/** A day with its weekday: `Thu 26 Nov`; written out: `Thursday 26 November`. */
export function dayName(at: Timestamp, style: "short" | "long" = "short"): string {
  const parts = { weekday: style, day: "numeric", month: style } as const;
  const name = inWords(new Date(at), parts);
  // Whether there is a comma in English depends on the length and the release of its library.
  return language === "en" ? name.replace(",", "") : name;
}

/** The days that have room for two letters each below a chart. */
const ROOMY = 14;

/** A day below a chart of `count` days: its first letter, or two where they are its usual short name (`Mo`). */
export function dayLetter(at: Timestamp, count: number): string {
  const date = new Date(at);
  const name = inWords(date, { weekday: "short" });
  if (name.length === 2 && count <= ROOMY) return name;
  return inWords(date, { weekday: "narrow" });
}

/** The exact instant in the reader's own time, for tooltips. */
export function exact(at: Timestamp | undefined): string {
  const then = millis(at);
  if (then === undefined) return "";
  return inWords(new Date(then), { dateStyle: "medium", timeStyle: "medium" });
}
