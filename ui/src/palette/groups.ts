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

/** A heading takes as much room as so many shortcuts. */
const HEADING = 1.5;
const height = (groups: readonly Group[]) =>
  groups.reduce((sum, { shortcuts }) => sum + shortcuts.length + HEADING, 0);

/** The groups in two columns, in order, as equally high as they can be. A long group goes on in the second. */
export function columns(groups: readonly Group[]): [Group[], Group[]] {
  const half = height(groups) / 2;
  const at = groups.findIndex((_, index) => height(groups.slice(0, index + 1)) >= half);
  if (at < 0) return [[...groups], []];
  const [before, group, after] = [groups.slice(0, at), groups[at]!, groups.slice(at + 1)];
  // Where it is cut, or before or behind it if that leaves a few on one side only.
  const first = Math.round(half - height(before) - HEADING / 2);
  const last = group.shortcuts.length - first;
  if (last < FEW) return [[...before, group], after];
  if (first < FEW) return [before, [group, ...after]];
  const part = (from: number, to?: number) => ({
    ...group,
    shortcuts: group.shortcuts.slice(from, to),
  });
  return [
    [...before, part(0, first)],
    [part(first), ...after],
  ];
}

/** Fewer shortcuts than this do not stand apart from their group. */
const FEW = 3;
