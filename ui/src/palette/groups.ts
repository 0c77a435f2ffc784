// The shortcuts grouped for the list of shortcuts (`?`). Pure.
import type { Shortcut } from "../keyboard/shortcuts.svelte";

export type Group = { name: string; shortcuts: { name: string; ways: string[] }[] };

/** From what works everywhere to what works on one page; others come last. */
const ORDER = ["Anywhere", "Go to", "Overview", "Queue", "Task", "Log"];

/** By group, and in it in the order in which shortcuts were added; each name once, with every way to
 * press it. Those without a key are in the palette only. */
export function groups(shortcuts: readonly Shortcut[]): Group[] {
  const found = new Map<string, Map<string, Set<string>>>();
  for (const { group, name, keys } of shortcuts) {
    if (keys.trim() === "") continue;
    const names = found.get(group) ?? new Map<string, Set<string>>();
    found.set(group, names);
    const ways = names.get(name) ?? new Set<string>();
    names.set(name, ways);
    for (const way of keys.split(" ")) ways.add(way);
  }
  const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return [...found]
    .sort(([a], [b]) => place(a) - place(b))
    .map(([name, names]) => ({
      name,
      shortcuts: [...names].map(([name, ways]) => ({ name, ways: [...ways] })),
    }));
}
