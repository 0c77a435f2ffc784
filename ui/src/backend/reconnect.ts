// Keeping a connection: one attempt after the other, with growing pauses between those that fail.

/** Pauses between attempts, in milliseconds. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;

/** The pause before the next attempt, after so many that failed in a row. */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(10, failures - 1));
}

/**
 * Calls `attempt` again and again until `signal` is aborted. An attempt says by `alive()` that it
 * got through, which makes the pauses short again. A pause ends early when the window is looked at
 * again or the machine is online again.
 */
export async function keepTrying(
  attempt: (alive: () => void) => Promise<void>,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await attempt(() => {
        failures = 0;
      });
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      failed(error);
    }
    if (!signal.aborted) await pause(pauseAfter(Math.max(1, failures)), signal);
  }
}

function pause(length: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      document.removeEventListener("visibilitychange", end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, length);
    window.addEventListener("online", end);
    document.addEventListener("visibilitychange", end);
    signal.addEventListener("abort", end);
  });
}
