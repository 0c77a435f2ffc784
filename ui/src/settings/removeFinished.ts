// Removes finished tasks; used by the settings page and the palette.
import { backend } from "../backend/current";
import { confirm } from "../components/confirm.svelte";
import { toast, toastTrouble } from "../components/toast.svelte";
import { engine } from "../state/engine.svelte";
import { plural } from "../words/numbers";

/** The number of finished tasks; 0 if unknown. */
export function finishedCount(): number {
  const counts = engine.queue?.counts;
  return counts ? counts.completed + counts.failed + counts.cancelled + counts.skipped : 0;
}

/** Removes the finished tasks that were seen, after confirmation; if there are none, the unseen ones. */
export async function removeFinished(): Promise<void> {
  try {
    const found = await backend.clean({ dry_run: true });
    const looked = found.would_remove ?? 0;
    const unseen = looked === 0 && found.kept_unseen > 0;
    const count = unseen ? found.kept_unseen : looked;
    if (count === 0) {
      toast("Nothing to remove");
      return;
    }
    const which = unseen ? " that you have not looked at" : "";
    const kept = unseen || found.kept_unseen === 0 ? "" : ` ${keeps(found.kept_unseen)}`;
    const sure = await confirm({
      title: `Remove ${plural(count, "finished task")}${which}?`,
      text: `They are removed with all their output and results. This cannot be undone.${kept}`,
      verb: "Remove",
      danger: true,
    });
    if (!sure) return;
    const { removed } = await backend.clean({ unseen });
    toast(`Removed ${plural(removed, "task")}`);
  } catch (error) {
    toastTrouble(error);
  }
}

function keeps(count: number): string {
  return count === 1
    ? "One that you have not looked at is kept."
    : `${count} that you have not looked at are kept.`;
}
