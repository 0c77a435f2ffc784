/**
 * Makes a function that runs `work` soon after it is called, however often it is called, at most
 * once per `interval` milliseconds and never twice at the same time. The first call of a quiet
 * time runs at once.
 */
export function coalesce(interval: number, work: () => Promise<void> | void): () => void {
  let wanted = false;
  let busy = false;
  const step = async () => {
    busy = true;
    while (wanted) {
      wanted = false;
      const began = Date.now();
      try {
        await work();
      } catch {
        // `work` reports its own errors; the next call tries again.
      }
      await new Promise((resolve) => setTimeout(resolve, interval - (Date.now() - began)));
    }
    busy = false;
  };
  return () => {
    wanted = true;
    if (!busy) void step();
  };
}
