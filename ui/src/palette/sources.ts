// The palette's items: actions (shortcuts), pages and tasks.
import Bookmark from "@lucide/svelte/icons/bookmark";
import Braces from "@lucide/svelte/icons/braces";
import Trash from "@lucide/svelte/icons/trash-2";
import Bottom from "@lucide/svelte/icons/arrow-down-to-line";
import Eraser from "@lucide/svelte/icons/eraser";
import FilePen from "@lucide/svelte/icons/file-pen";
import FileText from "@lucide/svelte/icons/file-text";
import FolderOpen from "@lucide/svelte/icons/folder-open";
import FollowUp from "@lucide/svelte/icons/corner-down-right";
import Keyboard from "@lucide/svelte/icons/keyboard";
import ListFilter from "@lucide/svelte/icons/list-filter";
import Pause from "@lucide/svelte/icons/pause";
import Play from "@lucide/svelte/icons/play";
import RotateCcw from "@lucide/svelte/icons/rotate-ccw";
import SaveTemplate from "@lucide/svelte/icons/bookmark-plus";
import Search from "@lucide/svelte/icons/search";
import Action from "@lucide/svelte/icons/zap";
import Square from "@lucide/svelte/icons/square";
import Template from "@lucide/svelte/icons/layout-template";
import type { Component } from "svelte";
import type { Shortcut } from "../keyboard/shortcuts.svelte";
import { go, queueRoute } from "../navigation/router.svelte";
import { views } from "../queue/views.svelte";
import { templates } from "../templates/templates.svelte";
import { projects } from "../state/projects.svelte";
import type { ProjectId, Task } from "../backend";
import type { Item } from "./items";
import { idOf, PAGES } from "./pages";

/** Tasks that the engine found, and the query. */
export type Answer = { query: string; tasks: Task[] };

export type Entry = Item & {
  icon?: Component;
  task?: Task;
  project?: ProjectId;
  group?: string;
};

/** Enabled actions that are not pages. Of several with the same name the newest is used. */
export function actionItems(shortcuts: readonly Shortcut[]): Entry[] {
  const known = new Set([...POINTLESS, ...PAGES.map((page) => page.label)]);
  const items: Entry[] = [];
  for (const { name, group, keys, run, when } of shortcuts.toReversed()) {
    if (known.has(name) || (when && !when())) continue;
    known.add(name);
    items.push({
      id: `action:${name}`,
      label: name,
      words: `${group} ${WORDS.get(name) ?? ""}`,
      group,
      keys,
      run,
      icon: ICONS.get(name) ?? Action,
    });
  }
  return items.reverse();
}

/** Actions that make sense as a key only. */
const POINTLESS = [
  "Command palette",
  "Next task",
  "Previous task",
  "Select down",
  "Select up",
  "End the selection",
  "End the peek",
  "Next tab",
  "Previous tab",
  "Back",
];

/** The same icons as on buttons and in menus. By names as they are shown, in any language. */
const ICONS = new Map<string, Component>([
  ["Cancel", Square],
  ["Clean up finished tasks…", Eraser],
  ["Filter and sort", ListFilter],
  ["Find in log", Search],
  ["Follow up", FollowUp],
  ["Go to the newest entry", Bottom],
  ["Keyboard shortcuts", Keyboard],
  ["New task like this", FilePen],
  ["Open directory", FolderOpen],
  ["Open raw log", FileText],
  ["Pause queue", Pause],
  ["Remove", Trash],
  ["Resume queue", Play],
  ["Retry", RotateCcw],
  ["Save as template…", SaveTemplate],
  ["Save this view…", Bookmark],
  ["Search tasks", Search],
  ["Show raw output", Braces],
]);

/** Other words for actions. */
const WORDS = new Map<string, string>([
  ["Cancel", "stop abort kill"],
  ["Clean up finished tasks…", "clean remove delete done"],
  ["Filter and sort", "order project status"],
  ["Keyboard shortcuts", "keys help"],
  ["Open raw log", "raw output"],
  ["Pause queue", "stop hold"],
  ["Remove", "delete"],
  ["Resume queue", "start continue"],
  ["Retry", "again repeat rerun"],
]);

export function pageItems(shortcuts: readonly Shortcut[]): Entry[] {
  return PAGES.map((page) => ({
    id: `page:${idOf(page)}`,
    label: page.label,
    words: page.words,
    icon: page.icon,
    keys: shortcuts.findLast((shortcut) => shortcut.name === page.label)?.keys,
    run: () => go(page.route),
  }));
}

/** Projects: choosing one narrows the queue to it. */
export function projectItems(): Entry[] {
  return projects.all.map((project) => ({
    id: `project:${project.id}`,
    label: project.name,
    detail: "project",
    words: project.root,
    project: project.id,
    run: () => go(queueRoute("all", { project: project.name })),
  }));
}

/** Saved views. */
export function viewItems(): Entry[] {
  return views.all.map((view) => ({
    id: `view:${view.name}`,
    label: view.name,
    detail: "view",
    icon: Bookmark,
    run: () => views.open(view),
  }));
}

/** Templates: choosing one opens the form with it. */
export function templateItems(): Entry[] {
  return (templates.all ?? []).map((template) => ({
    id: `template:${template.name}`,
    label: `New from template: ${template.name}`,
    words: template.task.execution_prompt,
    icon: Template,
    run: () => go({ page: "new", template: template.name }),
  }));
}

/** Tasks shown at most. */
export const TASKS = 7;
/** Recent ones, before anything was typed. */
const RECENT = 4;

/**
 * Tasks for a query. Until the engine has answered, tasks of an earlier answer are shown only if they
 * match, so that Enter never opens a task that does not match.
 */
export function taskSection({ query, tasks }: Answer, typed: string) {
  const wanted = typed.trim();
  const answered = query === wanted;
  return {
    heading: wanted ? "Tasks" : "Recent tasks",
    // Everything would match nothing.
    items: answered || wanted ? taskItems(tasks) : [],
    searched: answered,
    limit: wanted ? TASKS : RECENT,
  };
}

export function taskItems(tasks: Task[]): Entry[] {
  return tasks.map((task) => ({
    id: `task:${task.id}`,
    label: task.name,
    detail: `#${task.id}`,
    words: task.working_directory,
    task,
    run: () => go({ page: "task", id: task.id }),
  }));
}
