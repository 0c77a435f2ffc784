// The words of the changes that a task made. Pure.
import type { ChangedFile, ChangedFiles, TaskId } from "../backend";
import { bytes, plural } from "./numbers";

/** What happened to a file: its letter, and its name. */
export const CHANGES: Partial<Record<string, { letter: string; name: string }>> = {
  added: { letter: "A", name: "Added" },
  modified: { letter: "M", name: "Modified" },
  deleted: { letter: "D", name: "Deleted" },
  renamed: { letter: "R", name: "Renamed" },
};

/** A path as its directory and its name. */
export function parts(path: string): { folder: string; name: string } {
  const at = path.lastIndexOf("/") + 1;
  return { folder: path.slice(0, at), name: path.slice(at) };
}

/** Where a renamed file was: its directory, if that is all that changed. */
export function origin(file: ChangedFile): string {
  if (file.from === undefined) return "";
  const [was, is] = [parts(file.from), parts(file.path)];
  return was.name === is.name ? was.folder || "./" : file.from;
}

/** Why the lines of a file are not shown. */
export function noLines(file: ChangedFile): string {
  switch (file.no_lines) {
    case "binary":
      return "Binary file. Its content is not shown.";
    case "too_large":
      return `This file is larger than ${bytes(1024 * 1024)}. Its content is not kept.`;
    default:
      return "The content of this file was not kept.";
  }
}

/** What to know of the list: where it comes from, and what it may lack. */
export function sourceNote(list: ChangedFiles): { text: string; isTrouble: boolean } | undefined {
  switch (list.source.kind) {
    case "no_repository":
      return list.files.length === 0
        ? undefined
        : {
            text: "No repository here: only files that Claude's tools changed are listed.",
            isTrouble: false,
          };
    case "git_failed":
      return {
        text: `Only files that Claude's tools changed are listed. Git: ${list.source.reason}`,
        isTrouble: true,
      };
    default:
      return undefined;
  }
}

/** Why no file is listed. */
export function emptyWords(list: ChangedFiles): { title: string; text: string } {
  if (list.running)
    return { title: "No changes so far", text: "Files appear here as they change." };
  if (list.source.kind === "no_repository") {
    return { title: "No repository here, so changes are not kept.", text: "" };
  }
  if (list.source.kind === "git_failed") {
    return { title: "Changes could not be read", text: `Git: ${list.source.reason}` };
  }
  return { title: "This task changed no files.", text: "" };
}

/** That other tasks ran in the same directory. */
export function sharedNote(tasks: readonly TaskId[]): string {
  const numbers = tasks.map((task) => `#${task}`).join(", ");
  return tasks.length === 1
    ? `Task ${numbers} ran in this repository at the same time: its changes are in this list, too.`
    : `Tasks ${numbers} ran in this repository at the same time: their changes are in this list, too.`;
}

/** The summary above the list. */
export function summary(list: ChangedFiles): string {
  return plural(list.files.length + (list.more ?? 0), "file");
}
