// Which parts of a log are unfolded. It is kept beside the log, because what scrolls out of sight
// is taken off the page.
import { SvelteMap } from "svelte/reactivity";

export class Folds {
  #open = new SvelteMap<string, boolean>();

  /** Whether a part is unfolded: as a person has set it, else as it is of its own. */
  isOpen(key: string, byItself: boolean): boolean {
    return this.#open.get(key) ?? byItself;
  }

  set(key: string, open: boolean) {
    this.#open.set(key, open);
  }
}
