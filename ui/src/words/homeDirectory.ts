// The engine takes absolute paths only, and people type `~`. The pages are never told the home
// directory, but the paths they see give it away.

/** By default the data directory stands in it, whatever it is called. */
const DEFAULT_DATA = /^(.+)[/\\]\.claude-worker[/\\]/;

const HOME = /^(\/home\/[^/]+|\/Users\/[^/]+|\/root|[A-Za-z]:\\Users\\[^\\]+)(?=[/\\]|$)/;

/** The home directory that the first of these paths that is in one tells; undefined if none does. */
export function homeOf(paths: Iterable<string>): string | undefined {
  for (const path of paths) {
    const found = DEFAULT_DATA.exec(path) ?? HOME.exec(path);
    if (found) return found[1];
  }
  return undefined;
}

/**
 * Whether a directory is a home directory or one above, as far as the path itself tells: much of what
 * is below those need not be the person's own work.
 */
export function holdsHome(path: string): boolean {
  return /^(\/|\/home|\/Users|[A-Za-z]:\\(Users)?)$/.test(path) || HOME.exec(path)?.[0] === path;
}

/** The path with a leading `~` written out, as far as the home directory is known. */
export function expandHome(path: string, home: string | undefined): string {
  return home !== undefined && /^~(?=[/\\]|$)/.test(path) ? home + path.slice(1) : path;
}

/** The path with the home directory written as `~`. */
export function foldHome(path: string, home: string | undefined): string {
  if (home === undefined || !path.startsWith(home)) return path;
  const rest = path.slice(home.length);
  return rest === "" || rest.startsWith("/") || rest.startsWith("\\") ? `~${rest}` : path;
}
