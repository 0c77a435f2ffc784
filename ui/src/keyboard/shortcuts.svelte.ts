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
  /** Why it does nothing now although what it acts on is on screen; shown to the user. */
  refusal?: () => string | undefined;
  /** Is pressed many times in a row, like "j": a held key repeats it, and a key without effect before it
   * does not stop it. */
  repeats?: boolean;
}

/** After a letter without effect, letters that follow within this time, in milliseconds, do nothing: a
 * person who types a text in the wrong place must not cancel a task by it. */
const STRAY = 900;

export const isMac = /^(Mac|iP)/.test(navigator.platform);

class Shortcuts {
  /** All of them, the newest last. */
  all = $state.raw<readonly Shortcut[]>([]);
  /** Whether none works now, because the pages are not usable. */
  suspended = false;
  /** Shows why a key did nothing. */
  onrefused: (why: string) => void = () => undefined;
  /** Until when letters do nothing, in the time of events. */
  #strayUntil = 0;

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
    const aside = isTyping(event.target) || covered();
    let refusal: string | undefined;
    for (const shortcut of this.all.toReversed()) {
      if (!shortcut.keys || !matches(shortcut.keys, event, isMac)) continue;
      if (aside && !shortcut.whileTyping) continue;
      if (shortcut.when && !shortcut.when()) {
        refusal ??= shortcut.refusal?.();
        continue;
      }
      event.preventDefault();
      if (!shortcut.repeats && isLetter(event)) {
        if (event.repeat) return;
        if (this.#isStray(event)) return this.#ignore(event);
      }
      void shortcut.run();
      return;
    }
    if (aside || !isLetter(event)) return;
    // The key did nothing.
    this.#strayUntil = event.timeStamp + STRAY;
    if (refusal === undefined) return;
    event.preventDefault();
    this.onrefused(refusal);
  }

  #isStray(event: KeyboardEvent): boolean {
    return event.timeStamp < this.#strayUntil;
  }

  #ignore(event: KeyboardEvent) {
    this.#strayUntil = event.timeStamp + STRAY;
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    this.onrefused(`${key} came right after a key without effect and did nothing. Press it again.`);
  }
}

/** Whether a press is a letter or Delete, without a modifier other than Shift. */
function isLetter({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey) return false;
  return key === "Delete" || (key.length === 1 && key.toLowerCase() !== key.toUpperCase());
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
