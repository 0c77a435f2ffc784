// The sizes of text that can be chosen, in percent. Pure.

export const TEXT_SIZES = [80, 90, 100, 110, 125, 150, 175, 200] as const;
export const USUAL_TEXT_SIZE = 100;

/** The next larger (`by` is 1) or smaller (-1) size; the last one stays. */
export function stepped(size: number, by: 1 | -1): number {
  const next =
    by > 0
      ? TEXT_SIZES.find((one) => one > size)
      : TEXT_SIZES.toReversed().find((one) => one < size);
  return next ?? size;
}
