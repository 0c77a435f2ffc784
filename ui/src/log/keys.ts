// The shortcuts of a log.
import { shortcuts } from "../keyboard/shortcuts.svelte";

interface Actions {
  find: () => void;
  /** Goes to the next (1) or previous match. */
  again: (by: 1 | -1) => void;
  newest: () => void;
}

/** Adds the shortcuts; returns what removes them. */
export function logKeys({ find, again, newest }: Actions): () => void {
  const group = "Log";
  const whileTyping = true;
  const removers = [
    shortcuts.add({ keys: "Mod+f", name: "Find in log", group, whileTyping, run: find }),
    shortcuts.add({ keys: "F3", name: "Next match", group, whileTyping, run: () => again(1) }),
    shortcuts.add({
      keys: "Shift+F3",
      name: "Previous match",
      group,
      whileTyping,
      run: () => again(-1),
    }),
    shortcuts.add({ keys: "g", name: "Go to the newest entry", group, run: newest }),
  ];
  return () => removers.forEach((remove) => remove());
}
