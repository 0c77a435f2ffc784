// Removing finished tasks, from the settings and from the palette.
import { backend } from "../app/backend";
import { confirm } from "../components/confirm.svelte";
import { toast, toastTrouble } from "../components/toast.svelte";
import { engine } from "../state/engine.svelte";
import { plural } from "../words/figures";

/** How many tasks have ended, as far as is known. */
export function finishedCount(): number {
  const counts = engine.queue?.counts;
  return counts ? counts.completed + counts.failed + counts.cancelled + counts.skipped : 0;
}

/** Removes all of them, after a question. */
export async function removeFinished(): Promise<void> {
  const sure = await confirm({
    title: `Remove ${plural(finishedCount(), "finished task")}?`,
    text: "They are removed with all their output and results. This cannot be undone.",
    verb: "Remove",
    danger: true,
  });
  if (!sure) return;
  try {
    const { removed } = await backend.clean({});
    toast(`Removed ${plural(removed, "task")}`);
  } catch (error) {
    toastTrouble(error);
  }
}
