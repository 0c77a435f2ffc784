// Fetches parts of the pages when they are needed.

/** The fetch in progress; resolved if there is none. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Fetches a module once, and never two at a time: WebKit may report a module as loaded while another
 * import is still evaluating it.
 */
export function part<T>(fetch: () => Promise<T>): () => Promise<T> {
  let part: Promise<T> | undefined;
  return () => {
    if (part) return part;
    const fetching = last.then(fetch);
    part = fetching;
    last = fetching.catch((error: unknown) => {
      // The next call tries again. A stylesheet is asked for only once, so without it the page stays away.
      if (!/preload CSS/.test(String(error))) part = undefined;
    });
    return fetching;
  };
}
