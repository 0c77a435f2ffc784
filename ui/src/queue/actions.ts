// Actions on a task in the queue, for its menu and shortcuts.
import ArrowUpToLine from "@lucide/svelte/icons/arrow-up-to-line";
import Copy from "@lucide/svelte/icons/copy";
import CornerDownRight from "@lucide/svelte/icons/corner-down-right";
import Eye from "@lucide/svelte/icons/eye";
import FilePen from "@lucide/svelte/icons/file-pen";
import FileText from "@lucide/svelte/icons/file-text";
import FolderOpen from "@lucide/svelte/icons/folder-open";
import PanelRight from "@lucide/svelte/icons/panel-right";
import RotateCcw from "@lucide/svelte/icons/rotate-ccw";
import Square from "@lucide/svelte/icons/square";
import SquareCheck from "@lucide/svelte/icons/square-check";
import Trash from "@lucide/svelte/icons/trash-2";
import { backend } from "../backend/current";
import { go } from "../navigation/router.svelte";
import type { Task } from "../backend";
import { toast, toastTrouble } from "../components/toast.svelte";
import type { MenuItem } from "../components/types";
import { agents } from "../state/agents.svelte";
import { isQueued, runNext } from "./moving";
import { FITS, isFinished } from "./outcome";
import { perform } from "./perform";

export { isFinished } from "./outcome";
export const canCancel = FITS.cancel;
/** A run can fail before the agent begins a session; then there is nothing to continue. */
export const canFollowUp = (task: Task): boolean =>
  isFinished(task) && agents.can(task.agent, "sessions") && task.has_session === true;

export const cancel = (task: Task): Promise<void> => perform("cancel", [task]);
export const retry = (task: Task): Promise<void> => perform("retry", [task]);
export const remove = (task: Task): Promise<void> => perform("remove", [task]);

export function followUp(task: Task) {
  go({ page: "task", id: task.id, follow: true });
}

async function copy(text: string, copied: string) {
  try {
    await backend.copy(text);
    toast(copied);
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

/** The menu of a row, with the names and keys of the task's page. */
export function menuOf(task: Task, select: (task: Task) => void): MenuItem[] {
  const { desktop } = backend;
  const items: MenuItem[] = [
    { name: "Open", icon: PanelRight, keys: "Enter", run: () => go({ page: "task", id: task.id }) },
  ];
  if (canCancel(task)) {
    items.push({ name: "Cancel", icon: Square, keys: "c", run: () => void cancel(task) });
  }
  if (isFinished(task)) {
    items.push({ name: "Retry", icon: RotateCcw, keys: "r", run: () => void retry(task) });
  }
  if (canFollowUp(task)) {
    items.push({ name: "Follow up", icon: CornerDownRight, keys: "f", run: () => followUp(task) });
  }
  if (isQueued(task)) {
    const run = () => void runNext([task]);
    items.push({ name: "Run next", icon: ArrowUpToLine, keys: "Shift+n", run });
  }
  items.push({ name: "Select", icon: SquareCheck, keys: "x", run: () => select(task) });
  items.push({
    name: "New task like this",
    icon: FilePen,
    run: () => go({ page: "new", from: task.id }),
  });
  if (task.unseen) {
    const see = () => void perform("seen", [task]);
    items.push({ name: "Mark as seen", icon: Eye, keys: "s", run: see });
  }
  items.push("separator");
  items.push(
    { name: "Copy number", icon: Copy, run: () => void copy(String(task.id), "Copied the number") },
    { name: "Copy name", icon: Copy, run: () => void copy(task.name, "Copied the name") },
    {
      name: "Copy directory",
      icon: Copy,
      run: () => void copy(task.working_directory, "Copied the directory"),
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
