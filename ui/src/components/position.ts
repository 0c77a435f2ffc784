// Where a popup opens beside its anchor: below it, or above where there is more room,
// and always inside the window. Pure; all in CSS pixels.

export type Box = { left: number; top: number; width: number; height: number };
export type Size = { width: number; height: number };
export type Placed = { left: number; top: number; maxHeight: number };

/** The room that stays free at the edges of the window. */
const MARGIN = 8;
/** Between the anchor and what opens. */
const GAP = 4;

/** `align`: which edges are in line with each other, those on the left or those on the right. */
export function position(anchor: Box, size: Size, window: Size, align: "left" | "right"): Placed {
  const below = window.height - MARGIN - (anchor.top + anchor.height + GAP);
  const above = anchor.top - GAP - MARGIN;
  const up = size.height > below && above > below;
  const maxHeight = Math.max(0, up ? above : below);
  const height = Math.min(size.height, maxHeight);
  const top = up ? anchor.top - GAP - height : anchor.top + anchor.height + GAP;
  const wanted = align === "left" ? anchor.left : anchor.left + anchor.width - size.width;
  const most = Math.max(MARGIN, window.width - MARGIN - size.width);
  return { left: Math.min(Math.max(wanted, MARGIN), most), top, maxHeight };
}
