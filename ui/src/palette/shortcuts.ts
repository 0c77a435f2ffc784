// The keys of the dialogs here. They are known before the dialogs are loaded: a dialog that is asked for
// meanwhile opens as soon as it is there.
import { shortcuts } from "../keyboard/shortcuts.svelte";
import { sheets } from "./palette.svelte";

/** Adds the shortcuts; each of the results removes one. */
export function addSheetShortcuts(): (() => void)[] {
  const group = "Anywhere";
  return [
    shortcuts.add({
      keys: "Mod+k",
      name: "Command palette",
      group,
      whileTyping: true,
      run: () => {
        if (sheets.open === "palette") sheets.close("palette");
        else sheets.show("palette");
      },
    }),
    shortcuts.add({
      keys: "?",
      name: "Keyboard shortcuts",
      group,
      run: () => sheets.show("shortcuts"),
    }),
  ];
}
