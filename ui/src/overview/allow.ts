// Answers what a task asks from its row in the overview.
import { backend } from "../backend/current";
import type { Task } from "../backend";
import { toast, toastTrouble } from "../components/toast.svelte";
import { goOn, narrowest, openOf } from "../task/denials";
import { letGoOn } from "../task/letGoOn";

/** Allows the denied call of a task, and lets it go on. */
export async function allow(task: Task): Promise<void> {
  try {
    const detail = await backend.get(task.id);
    const denied = detail.status === "completed" ? (detail.denied_tools ?? []) : [];
    const { denials, plan } = openOf(denied, detail.request);
    const rules = narrowest(denials);
    // The task may have gone on, or forbid the call itself.
    if (!rules) return void toast(`#${task.id} asks nothing that can be allowed here`);
    await letGoOn(detail, goOn(rules, "", plan));
    toast(`Allowed, #${task.id} goes on`);
  } catch (error) {
    toastTrouble(error);
  }
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
