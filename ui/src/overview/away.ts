// When the user was away: no window was in front for a while. Pure.

/** Away begins after this time without a window in front, in milliseconds. */
export const AWAY_AFTER = 30 * 60_000;

/** What is remembered. Instants are in milliseconds since the epoch. */
export interface Presence {
  /** When a window was last in front. */
  inFront: number;
  /** The time away whose outcomes were not all marked as seen. */
  away?: { from: number; until: number };
}

/** What is remembered when a window is in front at `now`. */
export function present(before: Presence | undefined, now: number): Presence {
  if (!before || before.inFront > now) return { inFront: now };
  const wasAway = now - before.inFront >= AWAY_AFTER;
  if (!wasAway) return { ...before, inFront: now };
  // Of several times away the first counts, until everything was marked as seen.
  const from = before.away?.from ?? before.inFront;
  return { inFront: now, away: { from, until: now } };
}

/** After everything was marked as seen. */
export const back = ({ inFront }: Presence): Presence => ({ inFront });

/** What was stored; undefined if that cannot be read. */
export function parsePresence(text: string | null): Presence | undefined {
  try {
    const stored = JSON.parse(text ?? "null") as Partial<Presence> | null;
    if (typeof stored?.inFront !== "number") return undefined;
    const { inFront, away } = stored;
    const isAway = typeof away?.from === "number" && typeof away.until === "number";
    return isAway ? { inFront, away: { from: away.from, until: away.until } } : { inFront };
  } catch {
    return undefined;
  }
}
