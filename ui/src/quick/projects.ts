// The directories that the quick entry offers. Pure.
import { abbreviateHome, expandHome } from "../words/homeDirectory";
import { basename } from "../words/paths";

/** How many are offered. */
export const MOST = 4;

/**
 * The directories that fit what was typed, the best first: those whose name begins with it, then those
 * whose name contains it, then those whose path does. Each group keeps its order, the most recent first.
 * Without a fit, a typed path is offered as it is.
 */
export function projects(recent: string[], typed: string, home: string | undefined): string[] {
  const text = typed.trim().toLowerCase();
  if (text === "") return recent.slice(0, MOST);
  const rank = (directory: string): number => {
    const name = basename(directory).toLowerCase();
    if (name.startsWith(text)) return 0;
    if (name.includes(text)) return 1;
    const paths = [directory, abbreviateHome(directory, home)];
    return paths.some((path) => path.toLowerCase().includes(text)) ? 2 : 3;
  };
  const fits = [0, 1, 2].flatMap((wanted) => recent.filter((one) => rank(one) === wanted));
  if (fits.length > 0) return fits.slice(0, MOST);
  const path = expandHome(typed.trim(), home);
  return path.startsWith("/") || /^[A-Za-z]:[/\\]/.test(path) ? [path] : [];
}
