// What menus and lists of choices have in common: they open above everything, beside an anchor, and
// close when something else is pressed or the window changes.
import type { Attachment } from "svelte/attachments";
import { position, type Box } from "./position";

interface Options {
  anchor: () => Box;
  align: "start" | "end";
  /** Pressing this does not close it: it has its own say. */
  owner?: () => Element | null | undefined;
  /** Whether it goes along with its anchor where that can be scrolled; otherwise it closes. */
  follows?: boolean;
  close: () => void;
}

/** Opens the element, which has `popover="manual"`, for as long as it is there. */
export function popup(options: Options): Attachment<HTMLElement> {
  const { anchor, align, owner, follows = false, close } = options;
  return (element) => {
    const { left, top } = anchor();
    const origin = owner?.() ?? document.elementFromPoint(left + 1, top + 1);
    element.showPopover();

    const put = () => {
      const rtl = getComputedStyle(element).direction === "rtl";
      const side = (align === "start") === rtl ? "right" : "left";
      const { scrollTop } = element;
      element.style.maxHeight = "";
      const room = { width: innerWidth, height: innerHeight };
      const placed = position(anchor(), element.getBoundingClientRect(), room, side);
      element.style.left = `${placed.left}px`;
      element.style.top = `${placed.top}px`;
      element.style.maxHeight = `${placed.maxHeight}px`;
      element.scrollTop = scrollTop;
    };
    put();

    const pressed = ({ target }: PointerEvent) => {
      if (!(target instanceof Node)) return;
      if (!element.contains(target) && !owner?.()?.contains(target)) close();
    };
    const scrolled = ({ target }: Event) => {
      // A log that grows scrolls by itself, and moves nothing but its own lines.
      if (target === element || !(target instanceof Node) || !target.contains(origin)) return;
      if (follows) put();
      else close();
    };
    // What it offers may change while it is open.
    const resized = new ResizeObserver(put);
    if (follows) resized.observe(element);
    window.addEventListener("pointerdown", pressed, true);
    window.addEventListener("scroll", scrolled, true);
    window.addEventListener("resize", close);
    window.addEventListener("blur", close);
    return () => {
      resized.disconnect();
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
