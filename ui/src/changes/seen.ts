// Which changes a person has marked as seen, kept in this window or browser.
import type { ChangedFile, TaskId } from "../backend";

/** Of more tasks than this, the ones that were looked at longest ago are forgotten. */
const TASKS = 200;
const KEPT = "claude-worker.seen-changes";

/** The revision of each file that was marked, by its path. */
type Marks = Record<string, string>;
/** The tasks, the one that was changed last at the end. */
type Stored = [TaskId, Marks][];

function stored(): Stored {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(value) ? (value as Stored).filter(Array.isArray) : [];
  } catch {
    return [];
  }
}

/** The marks of a task. */
export function marksOf(task: TaskId): Marks {
  return stored().find(([id]) => id === task)?.[1] ?? {};
}

/** Whether a file was marked, and has not changed since. */
export const isSeen = (marks: Marks, file: ChangedFile): boolean =>
  marks[file.path] === file.revision;

/** Marks a file, or takes its mark away; returns the marks of the task. */
export function mark(task: TaskId, file: ChangedFile, seen: boolean): Marks {
  const { [file.path]: _, ...others } = marksOf(task);
  const marks = seen ? { ...others, [file.path]: file.revision } : others;
  const all: Stored = stored().filter(([id]) => id !== task);
  if (Object.keys(marks).length > 0) all.push([task, marks]);
  localStorage.setItem(KEPT, JSON.stringify(all.slice(-TASKS)));
  return marks;
}
