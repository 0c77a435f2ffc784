/** The one-time code and the page to show, in a link of `claude-worker open` or a code by itself; undefined
 * in anything else. */
export function codeIn(text: string): { code: string; page?: string } | undefined {
  const fragment = text.trim().split("#").at(-1) ?? "";
  const [, code, page] = /^([0-9a-zA-Z_-]{8,})(?:&(\/.*))?$/.exec(fragment) ?? [];
  return code === undefined ? undefined : { code, page };
}
