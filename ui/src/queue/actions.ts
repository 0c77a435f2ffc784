// Actions on a task in the queue, for its menu and shortcuts.
import Ban from "@lucide/svelte/icons/ban";
import Copy from "@lucide/svelte/icons/copy";
import CornerDownRight from "@lucide/svelte/icons/corner-down-right";
import Eye from "@lucide/svelte/icons/eye";
import FilePen from "@lucide/svelte/icons/file-pen";
import FileText from "@lucide/svelte/icons/file-text";
import FolderOpen from "@lucide/svelte/icons/folder-open";
import PanelRight from "@lucide/svelte/icons/panel-right";
import RotateCcw from "@lucide/svelte/icons/rotate-ccw";
import Trash from "@lucide/svelte/icons/trash-2";
import { backend } from "../backend/current";
import { go, queueRoute, router } from "../navigation/router.svelte";
import type { Task, TaskId } from "../backend";
import { confirm } from "../components/confirm.svelte";
import { toast, toastTrouble } from "../components/toast.svelte";
import type { MenuItem } from "../components/types";
import { rows } from "../state/rows";
import { forgetWarnings } from "../state/warnings.svelte";
import { agents } from "../state/agents.svelte";

export const isFinished = (task: Task): boolean => "ended_at" in task;
export const canCancel = (task: Task): boolean =>
  !isFinished(task) && !(task.status === "running" && task.stopping);
/** A run can fail before the agent begins a session; then there is nothing to continue. */
export const canFollowUp = (task: Task): boolean =>
  isFinished(task) && agents.can(task.agent, "sessions") && task.has_session === true;

/** Calls an action and shows its answer at once, or its error. */
async function act(id: TaskId, work: () => Promise<Task>): Promise<boolean> {
  try {
    await rows.act(id, work);
    return true;
  } catch (error) {
    toastTrouble(error);
    return false;
  }
}

export async function cancel(task: Task) {
  if (await act(task.id, () => backend.cancel(task.id))) toast(`Stopping #${task.id}`);
}

export async function retry(task: Task) {
  if (await act(task.id, () => backend.retry(task.id))) toast(`#${task.id} is in the queue again`);
}

export function followUp(task: Task) {
  go({ page: "task", id: task.id, follow: true });
}

export async function remove(task: Task) {
  const running = task.status === "running";
  const yes = await confirm({
    title: `Remove task ${task.id}?`,
    text: `${running ? "It is stopped first. " : ""}Its log, its result and its runs are deleted. The files it worked on stay.`,
    verb: "Remove",
    danger: true,
  });
  if (!yes) return;
  try {
    await backend.remove(task.id);
    forgetWarnings(task.id);
    toast(`Removed #${task.id}`);
    const { route } = router;
    if (route.page === "task" && route.id === task.id) go(queueRoute());
  } catch (error) {
    toastTrouble(error);
  }
}

async function copy(text: string, what: string) {
  try {
    await backend.copy(text);
    toast(`Copied ${what}`);
  } catch (error) {
    toastTrouble(error);
  }
}

async function quietly(work: Promise<unknown> | undefined) {
  try {
    await work;
  } catch (error) {
    toastTrouble(error);
  }
}

/** The menu of a task, with the names and keys of its page. */
export function menuOf(task: Task): MenuItem[] {
  const { desktop } = backend;
  const items: MenuItem[] = [
    { name: "Open", icon: PanelRight, keys: "Enter", run: () => go({ page: "task", id: task.id }) },
  ];
  if (canCancel(task)) {
    items.push({ name: "Cancel", icon: Ban, keys: "c", run: () => void cancel(task) });
  }
  if (isFinished(task)) {
    items.push({ name: "Retry", icon: RotateCcw, keys: "r", run: () => void retry(task) });
  }
  if (canFollowUp(task)) {
    items.push({ name: "Follow up", icon: CornerDownRight, keys: "f", run: () => followUp(task) });
  }
  items.push({
    name: "New task like this",
    icon: FilePen,
    run: () => go({ page: "new", from: task.id }),
  });
  if (task.unseen) {
    const see = () => void quietly(backend.seen({ ids: [task.id] }));
    items.push({ name: "Mark as seen", icon: Eye, run: see });
  }
  items.push("separator");
  items.push(
    { name: "Copy number", icon: Copy, run: () => void copy(String(task.id), "the number") },
    { name: "Copy name", icon: Copy, run: () => void copy(task.name, "the name") },
    {
      name: "Copy directory",
      icon: Copy,
      run: () => void copy(task.working_directory, "the directory"),
    },
  );
  if (desktop) {
    items.push(
      {
        name: "Open directory",
        icon: FolderOpen,
        run: () => void quietly(desktop.openDirectory(task.id)),
      },
      {
        name: "Open raw log",
        icon: FileText,
        disabled: task.runs === 0,
        run: () => void quietly(desktop.openRawLog(task.id)),
      },
    );
  }
  items.push("separator", {
    name: "Remove",
    icon: Trash,
    keys: "Delete",
    danger: true,
    run: () => void remove(task),
  });
  return items;
}
