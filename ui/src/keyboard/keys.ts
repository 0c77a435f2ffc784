// Notation and matching of key bindings. Pure.
//
// A binding is written like "n", "/", "?", "Mod+k", "Shift+j", "Escape" or "Enter"; "Mod" is
// Command on a Mac and Control elsewhere. Alternatives are separated by a space.

import { uiText } from "../language/uiText";

/** The fields of a keyboard event that are compared. */
export type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** Whether a key press matches one of the alternatives in `keys`. */
export function matches(keys: string, press: Press, mac: boolean): boolean {
  return keys.split(" ").some((one) => matchesOne(one, press, mac));
}

function matchesOne(keys: string, press: Press, mac: boolean): boolean {
  // The key is the last part and may be "+" itself.
  const parts = keys.endsWith("+") ? [...keys.slice(0, -1).split("+"), "+"] : keys.split("+");
  const key = parts.pop() ?? "";
  const wants = (name: string) => parts.includes(name);
  const mod = mac ? press.metaKey : press.ctrlKey;
  const otherMod = mac ? press.ctrlKey : press.metaKey;
  if (wants("Mod") !== mod || otherMod || wants("Alt") !== press.altKey) return false;
  // Whether "?" needs Shift depends on the keyboard layout.
  const sign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  if (!sign && wants("Shift") !== press.shiftKey) return false;
  return press.key.toLowerCase() === (key === "Space" ? " " : key.toLowerCase());
}

/** The keys of the first alternative, as they are labelled on the keyboard. */
export function printed(keys: string, mac: boolean): string[] {
  const first = keys.split(" ")[0] ?? "";
  const parts = first.endsWith("+") ? [...first.slice(0, -1).split("+"), "+"] : first.split("+");
  return parts.filter(Boolean).map((part) => {
    switch (part) {
      case "Mod":
        return mac ? "⌘" : "Ctrl";
      case "Shift":
        return mac ? "⇧" : "Shift";
      case "Alt":
        return mac ? "⌥" : "Alt";
      case "Enter":
        return "↵";
      case "Escape":
        return "Esc";
      case "Space":
        return uiText("Space");
      case "ArrowUp":
        return "↑";
      case "ArrowDown":
        return "↓";
      case "Delete":
        return "Del";
      default:
        return part.length === 1 ? part.toUpperCase() : part;
    }
  });
}
