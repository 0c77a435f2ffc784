// Where the palette's items come from: the shortcuts, the pages, the tasks.
import Action from "@lucide/svelte/icons/corner-down-right";
import type { Component } from "svelte";
import type { Shortcut } from "../app/keys.svelte";
import { go } from "../app/router.svelte";
import type { Task } from "../backend";
import type { Item } from "./items";
import { idOf, PAGES } from "./places";

export type Entry = Item & { icon?: Component; task?: Task; group?: string };

/** What can be done now and is not one of the pages. The newest shortcut of a name counts. */
export function actionItems(shortcuts: readonly Shortcut[]): Entry[] {
  const known = new Set([...POINTLESS, ...PAGES.map((page) => page.label)]);
  const items: Entry[] = [];
  for (const { name, group, keys, run, when } of shortcuts.toReversed()) {
    if (known.has(name) || (when && !when())) continue;
    known.add(name);
    items.push({ id: `action:${name}`, label: name, words: group, group, keys, run, icon: Action });
  }
  return items.reverse();
}

/** What only makes sense as a key. */
const POINTLESS = ["Command palette", "Next task", "Previous task", "Back"];

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
