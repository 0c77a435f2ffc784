// Where a tooltip stands: below its element, or above it where that is free. Pure.

interface Size {
  width: number;
  height: number;
}

/** A rectangle of the window, in CSS pixels. */
export interface Place {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The distance from the element and from the edges of the window, in CSS pixels. */
const GAP = 6;

/**
 * The place of a tooltip of this size beside an element. It covers none of the texts in `avoid` and stays in the
 * window where that is possible; the window comes first.
 */
export function tooltipPlace(at: Place, size: Size, page: Size, avoid: readonly Place[]) {
  const middle = (at.left + at.right - size.width) / 2;
  const left = Math.max(GAP, Math.min(middle, page.width - size.width - GAP));
  const covers = (top: number) =>
    avoid.some(
      (text) =>
        text.right > text.left &&
        text.left < left + size.width &&
        text.right > left &&
        text.top < top + size.height &&
        text.bottom > top,
    );
  const fits = (top: number) => top >= 0 && top + size.height <= page.height;
  const tops = [at.bottom + GAP, at.top - size.height - GAP];
  const top = tops.find((top) => fits(top) && !covers(top)) ?? tops.find(fits) ?? tops[0]!;
  return { left, top };
}
