// The search in a log: what was found, which match is the current one, and how it comes into view.
import { findIn, mark, matchAt, nearest, nextPlace, placeOf, rangesOf, type Match } from "./find";
import type { Block } from "./model";

/** The list that is searched. */
export interface Searched {
  blocks: () => readonly Block[];
  /** The text of a block, as it is shown. */
  textOf: (block: Block) => string;
  /** The index of the first block in view. */
  firstInView: () => number;
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
  readonly #texts = new WeakMap<Block, string>();
  readonly found = $derived.by(() => {
    const blocks = this.open && this.words !== "" ? this.#list.blocks() : [];
    return findIn(
      blocks.map((block) => this.#textOf(block)),
      this.words,
    );
  });
  /** The number of the current match; 0 if there is none. */
  readonly place = $derived.by(() => {
    const { current } = this;
    const index = this.#list.blocks().findIndex(({ key }) => key === current?.key);
    return placeOf(this.found, current && index >= 0 ? { index, nth: current.nth } : undefined);
  });
  /** Which way parts are being loaded to be searched; 0 for none. */
  searching = $state<1 | -1 | 0>(0);
  /** The words that the current match has. */
  #wordsOfCurrent = "";
  /** The current match is in view, or was. */
  #isSeen = false;
  /** The current match is still to be scrolled to. */
  #toReveal = false;
  #frame = 0;

  constructor(list: Searched) {
    this.#list = list;
  }

  #textOf(block: Block): string {
    let text = this.#texts.get(block);
    if (text === undefined) {
      text = this.#list.textOf(block);
      this.#texts.set(block, text);
    }
    return text;
  }

  close() {
    this.open = false;
    this.current = undefined;
    mark([]);
  }

  /**
   * Goes to the next or previous match; at first to the nearest one, if it is not in view. Where there is
   * none in the loaded part, the rest of the log is loaded part by part and searched, before it begins again at the
   * other end.
   */
  async step(by: 1 | -1): Promise<void> {
    if (this.words === "" || this.searching) return;
    this.#choose();
    const { found, place } = this;
    const isLast = place === (by === 1 ? found.total : 1);
    if (found.total === 0) await this.#searchOn(-1);
    else if (!this.#isSeen) this.#goTo(matchAt(found, place));
    else if (isLast) await this.#searchOn(by);
    else this.#goTo(matchAt(found, nextPlace(found, place, by)));
  }

  /** Goes to the newest match. */
  async newest(): Promise<void> {
    if (this.found.total === 0) await this.#searchOn(-1);
    else this.#goTo(matchAt(this.found, this.found.total));
  }

  /** Makes the nearest match the current one where there is none: the first in view, if there is one. */
  #choose(ranges = this.#ranges()) {
    if (this.place > 0 && this.#wordsOfCurrent === this.words) return;
    this.current = undefined;
    const seen = this.#inView(ranges);
    const match = seen ?? nearest(this.found, this.#list.firstInView());
    const block = match && this.#list.blocks()[match.index];
    if (!block) return;
    this.#setCurrent(block, match);
    this.#isSeen = seen !== undefined;
  }

  #setCurrent(block: Block, { nth }: Match) {
    this.current = { key: block.key, nth };
    this.#wordsOfCurrent = this.words;
  }

  #ranges(): Range[] {
    const scroller = this.#list.scroller();
    return scroller && this.open ? rangesOf(scroller, this.words) : [];
  }

  /** The first match that is in view. */
  #inView(ranges: readonly Range[]): Match | undefined {
    const view = this.#list.scroller()?.getBoundingClientRect();
    const range = ranges.find((range) => {
      const { top, bottom } = range.getBoundingClientRect();
      return view && top >= view.top && bottom <= view.bottom && bottom > top;
    });
    const row = range && rowOf(range);
    if (!row) return undefined;
    const index = this.#list.blocks().findIndex(({ key }) => key === row.dataset["key"]);
    if (!this.found.blocks.some((block) => block.index === index)) return undefined;
    return { index, nth: ranges.filter((other) => rowOf(other) === row).indexOf(range) };
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
    this.#setCurrent(block, match);
    this.#isSeen = true;
    this.#toReveal = true;
    this.#list.show(block, match.index);
    this.markSoon();
  }

  /** Highlights what is on screen, before the next paint. */
  markSoon() {
    if (!this.open) return;
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      const ranges = this.#ranges();
      if (this.open) this.#choose(ranges);
      const { current } = this;
      const ofRow = ranges.filter((range) => rowOf(range)?.dataset["key"] === current?.key);
      const range = ofRow[Math.min(current?.nth ?? 0, ofRow.length - 1)];
      mark(ranges, range);
      if (range && this.#toReveal) this.#reveal(range);
    });
  }

  /** Scrolls to a match that is not in view, in a block that is higher than the view. */
  #reveal(range: Range) {
    const scroller = this.#list.scroller();
    if (!scroller) return;
    this.#toReveal = false;
    const view = scroller.getBoundingClientRect();
    const { top, bottom } = range.getBoundingClientRect();
    if (top >= view.top + COVERED.above && bottom <= view.bottom - COVERED.below) return;
    scroller.scrollTop += (top + bottom) / 2 - (view.top + view.bottom) / 2;
  }
}

/** The row of the log that a match is in. */
function rowOf(range: Range): HTMLElement | undefined {
  return range.startContainer.parentElement?.closest<HTMLElement>("[data-key]") ?? undefined;
}
