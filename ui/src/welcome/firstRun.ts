// Whether the welcome page is shown by itself: once, to those who have not been here before or whose
// tasks cannot run.
import { backend } from "../backend/current";
import { router } from "../navigation/router.svelte";
import type { Counts, Diagnosis } from "../backend";

const WELCOMED = "claude-worker.welcomed";

/** Whether there is a reason to show it. Pure. */
export function wanted(counts: Counts, diagnosis: Diagnosis | undefined): boolean {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const bad = diagnosis?.checks.some(({ level }) => level === "bad") ?? false;
  return total === 0 || bad;
}

/** It was shown, and is not shown by itself again. */
export function markWelcomed() {
  localStorage.setItem(WELCOMED, "yes");
}

/** Goes to the welcome page when there is a reason to, unless a person is already on their way. */
export async function welcomeOnce(): Promise<void> {
  const atStart = () => router.route.page === "queue" && router.route.filter === "all";
  if (localStorage.getItem(WELCOMED) || !atStart()) return;
  try {
    const { queue } = await backend.engine();
    // The examination takes seconds, and is not needed where nothing has been done yet.
    const found = wanted(queue.counts, undefined) ? undefined : await backend.doctor();
    if (wanted(queue.counts, found) && atStart()) router.go({ page: "welcome" }, "replace");
  } catch {
    // Without an engine there is nothing to welcome to; the window says so.
  }
}
