// The search in a log: what was found, which match is the current one, and how it comes into view.
import { findIn, mark, matchAt, nextPlace, placeOf, type Match } from "./find";
import type { Block } from "./model";

/** The list that is searched. */
export interface Searched {
  blocks: () => readonly Block[];
  /** The element that scrolls. Rows have the key of their block as `data-key`. */
  scroller: () => HTMLElement | undefined;
  /** Expands a block and brings it into view. */
  show: (block: Block, index: number) => void;
  /** Loads the next older (-1) or newer part of the log; false where there is none, or it cannot be read. */
  readOn: (by: 1 | -1) => Promise<boolean>;
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
  /** Which way parts are being loaded to be searched; 0 for none. */
  searching = $state<1 | -1 | 0>(0);
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

  /**
   * Goes to the next or previous match, at first to the newest: the reader is usually at the end. Where there is
   * none in the loaded part, the rest of the log is loaded part by part and searched, before it begins again at the
   * other end.
   */
  async step(by: 1 | -1): Promise<void> {
    if (this.words === "" || this.searching) return;
    const { found, place } = this;
    const isLast = place === (by === 1 ? found.total : 1);
    if (found.total === 0) await this.#searchOn(-1);
    else if (isLast) await this.#searchOn(by);
    else this.#goTo(matchAt(found, nextPlace(found, place, by)));
  }

  async #searchOn(by: 1 | -1) {
    const { words } = this;
    const from = this.current?.key;
    this.searching = by;
    try {
      while ((await this.#list.readOn(by)) && this.open && this.words === words) {
        // The block that the search began at may have left the loaded part: then all of that is beyond it.
        const at = this.#list.blocks().findIndex(({ key }) => key === from);
        const beyond =
          by === 1
            ? this.found.blocks.find(({ index }) => index > at)
            : this.found.blocks.findLast(({ index }) => at < 0 || index < at);
        if (!beyond) continue;
        return this.#goTo({ index: beyond.index, nth: by === 1 ? 0 : beyond.count - 1 });
      }
    } finally {
      this.searching = 0;
    }
    if (!this.open || this.words !== words || this.found.total === 0) return;
    this.#goTo(matchAt(this.found, nextPlace(this.found, this.place, by)));
  }

  #goTo(match: Match | undefined) {
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
