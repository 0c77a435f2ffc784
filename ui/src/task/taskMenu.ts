// The menu of a task's page.
import Copy from "@lucide/svelte/icons/copy";
import Bookmark from "@lucide/svelte/icons/bookmark-plus";
import CornerDownRight from "@lucide/svelte/icons/corner-down-right";
import FilePen from "@lucide/svelte/icons/file-pen";
import FileText from "@lucide/svelte/icons/file-text";
import FolderOpen from "@lucide/svelte/icons/folder-open";
import Trash from "@lucide/svelte/icons/trash-2";
import { backend } from "../backend/current";
import { go } from "../navigation/router.svelte";
import type { RunId, TaskDetail } from "../backend";
import { toast, toastTrouble } from "../components/toast.svelte";
import type { MenuItem } from "../components/types";
import { canFollowUp, remove } from "../queue/actions";
import { commandLine } from "./commandLine";
import { agents } from "../state/agents.svelte";
import { saveAsTemplate } from "../templates/editing.svelte";
import { templateOf } from "../templates/template";

/** The menu behind the three dots. `run` is the run whose log is on screen. */
export function menuOf(task: TaskDetail, run: RunId | undefined, followUp: () => void): MenuItem[] {
  const { desktop } = backend;
  const copy = (name: string, copied: string, text: string | undefined): MenuItem => ({
    name,
    icon: Copy,
    disabled: !text,
    run: () => void backend.copy(text ?? "").then(() => toast(copied), toastTrouble),
  });
  const items: MenuItem[] = [];
  if (canFollowUp(task)) {
    items.push({ name: "Follow up", icon: CornerDownRight, keys: "f", run: followUp });
  }
  items.push(
    { name: "New task like this", icon: FilePen, run: () => go({ page: "new", from: task.id }) },
    {
      name: "Save as template…",
      icon: Bookmark,
      run: () => saveAsTemplate({ ...templateOf(task.request), name: task.name }),
    },
    "separator",
    copy("Copy number", "Copied the number", String(task.id)),
    agents.can(task.agent, "command_line")
      ? copy("Copy command", "Copied the command", task.request.execution_prompt)
      : copy("Copy prompt", "Copied the prompt", task.request.execution_prompt),
    copy("Copy result", "Copied the result", task.result),
    copy("Copy command line", "Copied the command line", commandLine(task.request)),
    copy("Copy directory", "Copied the directory", task.working_directory),
  );
  if (desktop) {
    items.push(
      "separator",
      {
        name: "Open directory",
        icon: FolderOpen,
        keys: "o",
        run: () => void desktop.openDirectory(task.id).catch(toastTrouble),
      },
      {
        name: "Open raw log",
        icon: FileText,
        keys: "Shift+l",
        disabled: run === undefined,
        run: () => void desktop.openRawLog(task.id, run).catch(toastTrouble),
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
