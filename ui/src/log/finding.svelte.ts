// The search in a log: what was found, which match is the current one, and how it comes into view.
import { findIn, mark, matchAt, nextPlace, placeOf } from "./find";
import type { Block } from "./model";

/** The list that is searched. */
export interface Searched {
  blocks: () => readonly Block[];
  /** The element that scrolls. Rows have the key of their block as `data-key`. */
  scroller: () => HTMLElement | undefined;
  /** Expands a block and brings it into view. */
  show: (block: Block, index: number) => void;
}

/** The height that the bar covers at the beginning of the view, and a margin at its end, in pixels. */
const COVERED = { above: 56, below: 8 };

export class Finding {
  open = $state(false);
  words = $state("");
  /** The current match: the key of its block, and which one in it. */
  current = $state<{ key: string; nth: number }>();
  readonly #list: Searched;
  readonly found = $derived.by(() => findIn(this.open ? this.#list.blocks() : [], this.words));
  /** The number of the current match; 0 if there is none. */
  readonly place = $derived.by(() => {
    const { current } = this;
    const index = this.#list.blocks().findIndex(({ key }) => key === current?.key);
    return placeOf(this.found, current && index >= 0 ? { index, nth: current.nth } : undefined);
  });
  /** The current match is still to be scrolled to. */
  #toReveal = false;
  #frame = 0;

  constructor(list: Searched) {
    this.#list = list;
  }

  close() {
    this.open = false;
    this.current = undefined;
    const scroller = this.#list.scroller();
    if (scroller) mark(scroller, "");
  }

  /** Goes to the next or previous match, at first to the newest: the reader is usually at the end. */
  step(by: 1 | -1) {
    if (this.found.total === 0) return;
    const match = matchAt(this.found, nextPlace(this.found, this.place, by));
    const block = match && this.#list.blocks()[match.index];
    if (!block) return;
    this.current = { key: block.key, nth: match.nth };
    this.#toReveal = true;
    this.#list.show(block, match.index);
    this.markSoon();
  }

  /** Highlights what is on screen, before the next paint. */
  markSoon() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      const scroller = this.#list.scroller();
      if (!scroller) return;
      const { current } = this;
      const row = current && scroller.querySelector(`[data-key="${CSS.escape(current.key)}"]`);
      const at = current && { row: row ?? null, nth: current.nth };
      const range = mark(scroller, this.open ? this.words : "", at);
      if (range && this.#toReveal) this.#reveal(range, scroller);
    });
  }

  /** Scrolls to a match that is not in view, in a block that is higher than the view. */
  #reveal(range: Range, scroller: HTMLElement) {
    this.#toReveal = false;
    const view = scroller.getBoundingClientRect();
    const { top, bottom } = range.getBoundingClientRect();
    if (top >= view.top + COVERED.above && bottom <= view.bottom - COVERED.below) return;
    scroller.scrollTop += (top + bottom) / 2 - (view.top + view.bottom) / 2;
  }
}
