// The home directory in paths. The engine takes absolute paths only, people type and read `~`. Pure.

/** Whether a directory is the home directory or one above it. */
export function containsHome(path: string, home = "/"): boolean {
  const directory = path.replace(/[/\\]+$/, "");
  return home === directory || ["/", "\\"].some((slash) => home.startsWith(directory + slash));
}

/** The path with the home directory in place of a leading `~`; unchanged if `home` is not known. */
export function expandHome(path: string, home: string | undefined): string {
  return home !== undefined && /^~(?=[/\\]|$)/.test(path) ? home + path.slice(1) : path;
}

/** The path with the home directory written as `~`. */
export function abbreviateHome(path: string, home: string | undefined): string {
  if (home === undefined || !path.startsWith(home)) return path;
  const rest = path.slice(home.length);
  return rest === "" || rest.startsWith("/") || rest.startsWith("\\") ? `~${rest}` : path;
}
