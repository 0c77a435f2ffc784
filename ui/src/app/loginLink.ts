/** The one-time code in a link of `claude-worker open`, or a code by itself; undefined in anything else. */
export function codeIn(text: string): string | undefined {
  const fragment = text.trim().split("#").at(-1) ?? "";
  return /^[0-9a-zA-Z_-]{8,}(&\/.*)?$/.test(fragment) ? fragment : undefined;
}
