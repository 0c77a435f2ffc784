// The retry policy of the window: every repeated request waits by these rules. Exponential backoff,
// ended early when the window becomes visible or the machine is online again.

/** Pauses between attempts, in milliseconds. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;

/** The pause after this many failures in a row, in milliseconds. */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(10, failures - 1));
}

/**
 * Calls `attempt` again and again until `signal` is aborted. An attempt calls `alive()` when it is
 * connected, which makes the next pause short again.
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

/** The pauses between the failed attempts of one repeated request. */
export class Backoff {
  #failures = 0;

  /** An attempt succeeded: the next pause is short again. */
  succeeded() {
    this.#failures = 0;
  }

  /** An attempt failed: waits before the next one, or until `signal` is aborted. */
  async failed(signal: AbortSignal): Promise<void> {
    this.#failures += 1;
    await pause(pauseAfter(this.#failures), signal);
  }
}

/** The ends of all pauses that there are now. */
const pauses = new Set<() => void>();

/** Ends every pause: the next attempt may succeed. */
export function tryNow(): void {
  for (const end of [...pauses]) end();
}

function pause(length: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      pauses.delete(end);
      window.removeEventListener("online", end);
      document.removeEventListener("visibilitychange", end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, length);
    pauses.add(end);
    window.addEventListener("online", end);
    document.addEventListener("visibilitychange", end);
    signal.addEventListener("abort", end);
  });
}
