// Which parts of a log are expanded. Kept outside of the components, because blocks that are scrolled
// out of view are removed from the page.
import { SvelteMap } from "svelte/reactivity";

export class ExpandedParts {
  #open = new SvelteMap<string, boolean>();

  /** Whether a part is expanded: as the user set it, else `byDefault`. */
  isOpen(key: string, byDefault: boolean): boolean {
    return this.#open.get(key) ?? byDefault;
  }

  set(key: string, open: boolean) {
    this.#open.set(key, open);
  }
}
