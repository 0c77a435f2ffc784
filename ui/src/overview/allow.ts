// Answers what a task asks from its row in the overview.
import { backend } from "../backend/current";
import type { Task } from "../backend";
import { toast, toastTrouble } from "../components/toast.svelte";
import { go } from "../navigation/router.svelte";
import { goOn, narrowest, openOf } from "../task/denials";
import { letGoOn } from "../task/letGoOn";

/** Allows the denied calls of a task that its row shows, and lets it go on. Opens it where it asks others. */
export async function allow(task: Task, shown: readonly string[]): Promise<void> {
  try {
    const detail = await backend.get(task.id);
    const denied = detail.status === "completed" ? (detail.denied_tools ?? []) : [];
    const { denials, plan } = openOf(denied, detail.request);
    const rules = narrowest(denials);
    // The task may have gone on, or forbid the call itself.
    if (!rules) return void toast(`#${task.id} asks nothing that can be allowed here`);
    if (!sameRules(rules, shown)) return go({ page: "task", id: task.id });
    await letGoOn(detail, goOn(rules, "", plan));
    toast(`Allowed, #${task.id} goes on`);
  } catch (error) {
    toastTrouble(error);
  }
}

function sameRules(rules: readonly string[], shown: readonly string[]): boolean {
  return rules.length === shown.length && rules.every((rule) => shown.includes(rule));
}

/** Leaves a call denied: the task stays as it ended, and asks no longer. */
export async function deny(task: Task): Promise<void> {
  try {
    await backend.seen({ ids: [task.id] });
    toast(`#${task.id} stays as it ended`);
  } catch (error) {
    toastTrouble(error);
  }
}
