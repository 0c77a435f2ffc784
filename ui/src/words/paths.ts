// Shortened paths. Pure.

/** The last part of a path. */
export const basename = (path: string): string =>
  path
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .pop() || path;

/** A path shortened from the left to at most `most` characters, if its last part is not longer. */
export function ending(path: string, most: number): string {
  if (path.length <= most) return path;
  const parts = path.split(/(?=[/\\])/);
  let kept = parts.pop() ?? "";
  while (parts.length && kept.length + (parts.at(-1)?.length ?? 0) < most) {
    kept = (parts.pop() ?? "") + kept;
  }
  return `…${kept}`;
}
