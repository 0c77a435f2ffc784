// The common behaviour of menus and option lists: they open above everything, beside an anchor, and
// close when the user clicks elsewhere or the window is resized.
import type { Attachment } from "svelte/attachments";
import { position, type Box } from "./position";

interface Options {
  anchor: () => Box;
  align: "start" | "end";
  /** Clicks on this element do not close it; the element decides itself. */
  owner?: () => Element | null | undefined;
  /** Whether it moves with its anchor when that is scrolled; otherwise it closes. */
  follows?: boolean;
  close: () => void;
}

/** Opens the element, which has `popover="manual"`, while it is mounted. */
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
      const { height } = element.getBoundingClientRect();
      const placed = (width: number) => position(anchor(), { width, height }, room, side);
      element.style.maxHeight = `${placed(0).maxHeight}px`;
      // What does not fit gets a scrollbar, which makes it wider.
      const { left, top } = placed(element.getBoundingClientRect().width);
      element.style.left = `${left}px`;
      element.style.top = `${top}px`;
      element.scrollTop = scrollTop;
    };
    put();

    const pressed = ({ target }: PointerEvent) => {
      if (!(target instanceof Node)) return;
      if (!element.contains(target) && !owner?.()?.contains(target)) close();
    };
    const scrolled = ({ target }: Event) => {
      // A growing log scrolls by itself, and moves only its own lines.
      if (target === element || !(target instanceof Node) || !target.contains(origin)) return;
      if (follows) put();
      else close();
    };
    // Its content may change while it is open.
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

/** The next entry that begins with the typed letters, starting after `from`. */
export class Typeahead {
  #typed = "";
  #last = 0;

  find(key: string, names: string[], from: number): number | undefined {
    const now = performance.now();
    const again = now - this.#last < 700;
    this.#last = now;
    this.#typed = (again ? this.#typed : "") + key.toLowerCase();
    // Several letters may still match the current entry; a single letter moves to the next one.
    const start = this.#typed.length > 1 ? from : from + 1;
    for (let step = 0; step < names.length; step += 1) {
      const index = (Math.max(start, 0) + step) % names.length;
      if (names[index]?.toLowerCase().startsWith(this.#typed)) return index;
    }
    return undefined;
  }
}
