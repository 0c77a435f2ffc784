// The registry of keyboard shortcuts. The list of shortcuts (`?`) and the command palette read it.
import { untrack } from "svelte";
import { matches } from "./keys";

export interface Shortcut {
  /** Like "n" or "Mod+k"; see keys.ts. Empty: in the palette only. */
  keys: string;
  /** A verb and what it acts on: "New task". */
  name: string;
  /** The heading it is listed under. */
  group: string;
  run: () => void | Promise<void>;
  /** Whether it is enabled now. Called when needed; may read reactive state. */
  when?: () => boolean;
  /** Works while typing too. Only for presses with a modifier, and Escape. */
  whileTyping?: boolean;
}

export const isMac = /^(Mac|iP)/.test(navigator.platform);

class Shortcuts {
  /** All of them, the newest last. */
  all = $state.raw<readonly Shortcut[]>([]);
  /** Whether none works now, because the pages are not usable. */
  suspended = false;

  constructor() {
    window.addEventListener("keydown", (event) => this.#press(event));
  }

  /** Adds a shortcut; call the result to remove it. If several match, the newest enabled one runs. */
  add(shortcut: Shortcut): () => void {
    // Untracked, so that an effect that adds a shortcut does not trigger itself.
    this.all = [...untrack(() => this.all), shortcut];
    return () => {
      this.all = untrack(() => this.all).filter((other) => other !== shortcut);
    };
  }

  #press(event: KeyboardEvent) {
    if (this.suspended || event.defaultPrevented || event.isComposing) return;
    const typing = isTyping(event.target);
    for (const shortcut of this.all.toReversed()) {
      if (!shortcut.keys || !matches(shortcut.keys, event, isMac)) continue;
      if ((typing || covered()) && !shortcut.whileTyping) continue;
      if (shortcut.when && !shortcut.when()) continue;
      event.preventDefault();
      void shortcut.run();
      return;
    }
  }
}

/** Whether a dialog is open above the page: it has its own keys. */
export function covered(): boolean {
  const above = "dialog[open]:modal, [role=menu], [role=listbox][data-state=open]";
  return document.querySelector(above) !== null;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLSelectElement) return true;
  const quiet = ["button", "checkbox", "radio", "submit", "reset", "range", "color", "file"];
  return target instanceof HTMLInputElement && !quiet.includes(target.type);
}

export const shortcuts = new Shortcuts();
