// Opens the welcome page automatically: once per browser profile, if there are no tasks yet or a check
// fails.
import { backend } from "../backend/current";
import { router } from "../navigation/router.svelte";
import type { Counts, Diagnosis } from "../backend";

const WELCOMED = "claude-worker.welcomed";

/** Whether the welcome page should open. Pure. */
export function wanted(counts: Counts, diagnosis: Diagnosis | undefined): boolean {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const bad = diagnosis?.checks.some(({ level }) => level === "bad") ?? false;
  return total === 0 || bad;
}

/** Records that the page was shown, so that it does not open automatically again. */
export function markWelcomed() {
  localStorage.setItem(WELCOMED, "yes");
}

/** Opens the welcome page if needed, unless the user has navigated already. */
export async function welcomeOnce(): Promise<void> {
  const atStart = () => router.route.page === "queue" && router.route.filter === "all";
  if (localStorage.getItem(WELCOMED) || !atStart()) return;
  try {
    const { queue } = await backend.engine();
    // The checks take seconds, and are not needed if there are no tasks.
    const found = wanted(queue.counts, undefined) ? undefined : await backend.doctor();
    if (wanted(queue.counts, found) && atStart()) router.go({ page: "welcome" }, "replace");
  } catch {
    // Without an engine the window shows that error instead.
  }
}
