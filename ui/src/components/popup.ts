// What menus and lists of choices have in common: they open above everything, beside an anchor, and
// close when something else is pressed or the window changes.
import type { Attachment } from "svelte/attachments";
import { place, type Box } from "./place";

interface Options {
  anchor: () => Box;
  align: "start" | "end";
  /** Pressing this does not close it: it has its own say. */
  owner?: () => Element | null | undefined;
  close: () => void;
}

/** Opens the element, which has `popover="manual"`, for as long as it is there. */
export function popup({ anchor, align, owner, close }: Options): Attachment<HTMLElement> {
  return (element) => {
    element.showPopover();
    const rtl = getComputedStyle(element).direction === "rtl";
    const side = (align === "start") === rtl ? "right" : "left";
    const window_ = { width: innerWidth, height: innerHeight };
    const placed = place(anchor(), element.getBoundingClientRect(), window_, side);
    element.style.left = `${placed.left}px`;
    element.style.top = `${placed.top}px`;
    element.style.maxHeight = `${placed.maxHeight}px`;

    const pressed = ({ target }: PointerEvent) => {
      if (!(target instanceof Node)) return;
      if (!element.contains(target) && !owner?.()?.contains(target)) close();
    };
    const scrolled = ({ target }: Event) => {
      if (target !== element) close();
    };
    window.addEventListener("pointerdown", pressed, true);
    window.addEventListener("scroll", scrolled, true);
    window.addEventListener("resize", close);
    window.addEventListener("blur", close);
    return () => {
      window.removeEventListener("pointerdown", pressed, true);
      window.removeEventListener("scroll", scrolled, true);
      window.removeEventListener("resize", close);
      window.removeEventListener("blur", close);
    };
  };
}

/** The next entry that begins with what is typed quickly, from the one after `from` on. */
export class Typeahead {
  #typed = "";
  #last = 0;

  find(key: string, names: string[], from: number): number | undefined {
    const now = performance.now();
    const again = now - this.#last < 700;
    this.#last = now;
    this.#typed = (again ? this.#typed : "") + key.toLowerCase();
    // A longer beginning may still mean the same entry; a single letter means the next one.
    const start = this.#typed.length > 1 ? from : from + 1;
    for (let step = 0; step < names.length; step += 1) {
      const index = (Math.max(start, 0) + step) % names.length;
      if (names[index]?.toLowerCase().startsWith(this.#typed)) return index;
    }
    return undefined;
  }
}
