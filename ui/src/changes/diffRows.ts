// The rows of a diff: changed lines, the unchanged ones around them, and folds. Pure.
import type { ChangedLines, FileDiff } from "../backend";

/** A line of a diff. Numbers count from 1. */
export interface LineRow {
  kind: "line";
  sign: "+" | "-" | " ";
  old: number | undefined;
  new: number | undefined;
  text: string;
  /** The line in whose place it stands, or that stands in its place. */
  other?: string;
}

/** Unchanged lines that are not shown. */
export interface FoldRow {
  kind: "fold";
  /** The first one, in the text after, counted from 0; also its name among the folds of the diff. */
  start: number;
  count: number;
  /** The function that the next line is in. */
  within: string;
}

export type DiffRow = LineRow | FoldRow;

/** Two lines beside each other. */
export interface PairRow {
  kind: "pair";
  left: LineRow | undefined;
  right: LineRow | undefined;
}

/** How many unchanged lines are shown around a change. */
const CONTEXT = 3;
/** Fewer unchanged lines than this are not folded. */
const LEAST_FOLD = 4;
/** The longest name of a function, in characters. */
const LONGEST_NAME = 80;

/** The lines of a text, without line ends. */
export function splitLines(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

/** The rows of a diff. `open` holds the folds that are shown. */
export function diffRows(diff: FileDiff, open: ReadonlySet<number>): DiffRow[] {
  const before = splitLines(diff.before ?? "");
  const after = splitLines(diff.after ?? "");
  const rows: DiffRow[] = [];
  let old = 0;
  let at = 0;
  const unchanged = (until: number, first: boolean, last: boolean) => {
    const count = until - at;
    const lead = first ? 0 : CONTEXT;
    const trail = last ? 0 : CONTEXT;
    const folded = count - lead - trail;
    const hides = folded >= LEAST_FOLD && !open.has(at + lead);
    for (let line = 0; line < count; line++) {
      if (hides && line === lead) {
        const start = at + lead;
        const within = last ? "" : functionAt(after, start + folded);
        rows.push({ kind: "fold", start, count: folded, within });
        line += folded - 1;
        continue;
      }
      const text = after[at + line] ?? "";
      rows.push({ kind: "line", sign: " ", old: old + line + 1, new: at + line + 1, text });
    }
    old += count;
    at = until;
  };
  diff.changes.forEach((changed, index) => {
    unchanged(changed.new_start, index === 0, false);
    pushChanged(rows, changed, before, after);
    old = changed.old_start + changed.old_lines;
    at = changed.new_start + changed.new_lines;
  });
  unchanged(after.length, diff.changes.length === 0, true);
  return rows;
}

function pushChanged(rows: DiffRow[], changed: ChangedLines, before: string[], after: string[]) {
  const { old_start, old_lines, new_start, new_lines } = changed;
  // The first removed line was replaced by the first added one, and so on.
  const pairs = Math.min(old_lines, new_lines);
  for (let line = 0; line < old_lines; line++) {
    const text = before[old_start + line] ?? "";
    const row: LineRow = {
      kind: "line",
      sign: "-",
      old: old_start + line + 1,
      new: undefined,
      text,
    };
    if (line < pairs) row.other = after[new_start + line] ?? "";
    rows.push(row);
  }
  for (let line = 0; line < new_lines; line++) {
    const text = after[new_start + line] ?? "";
    const row: LineRow = {
      kind: "line",
      sign: "+",
      old: undefined,
      new: new_start + line + 1,
      text,
    };
    if (line < pairs) row.other = before[old_start + line] ?? "";
    rows.push(row);
  }
}

/** The rows of a diff with the text before on the left, and the text after on the right. */
export function pairRows(rows: readonly DiffRow[]): (PairRow | FoldRow)[] {
  const pairs: (PairRow | FoldRow)[] = [];
  let removed: LineRow[] = [];
  const flush = () => {
    for (const left of removed) pairs.push({ kind: "pair", left, right: undefined });
    removed = [];
  };
  for (const row of rows) {
    if (row.kind === "line" && row.sign === "-") {
      removed.push(row);
    } else if (row.kind === "line" && row.sign === "+") {
      pairs.push({ kind: "pair", left: removed.shift(), right: row });
    } else {
      flush();
      pairs.push(row.kind === "fold" ? row : { kind: "pair", left: row, right: row });
    }
  }
  flush();
  return pairs;
}

/** The nearest line above that begins at the margin with a name, as `git diff` shows it. */
function functionAt(lines: readonly string[], below: number): string {
  for (let line = Math.min(below, lines.length) - 1; line >= 0; line--) {
    const text = lines[line] ?? "";
    if (/^[\p{L}_$]/u.test(text))
      return text
        .trim()
        .replace(/\s*[{:]\s*$/, "")
        .slice(0, LONGEST_NAME);
  }
  return "";
}

/** The row that a key leads to; undefined for keys with another use. `screen`: how many rows are on screen. */
export function afterKey(
  key: string,
  current: number | undefined,
  count: number,
  screen: number,
): number | undefined {
  const from = current ?? -1;
  const to: Record<string, number> = {
    ArrowDown: from + 1,
    ArrowUp: from < 0 ? 0 : from - 1,
    PageDown: from + screen,
    PageUp: from - screen,
    Home: 0,
    End: count - 1,
  };
  const next = Object.hasOwn(to, key) ? to[key] : undefined;
  return next === undefined || count === 0 ? undefined : Math.max(0, Math.min(next, count - 1));
}
