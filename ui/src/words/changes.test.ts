import { expect, it } from "vitest";
import type { ChangedFile, ChangedFiles, ChangeSource } from "../backend";
import { emptyWords, noLines, origin, parts, sharedNote, sourceNote, summary } from "./changes";

const file = (more: Partial<ChangedFile>) => ({ path: "a/b.rs", ...more }) as ChangedFile;
const list = (source: ChangeSource, more: Partial<ChangedFiles> = {}) =>
  ({ files: [], more: 0, running: false, source, ...more }) as ChangedFiles;
const git: ChangeSource = { kind: "git", repository: "/r" };

it("says where a file was", () => {
  expect(origin(file({}))).toBe("");
  expect(origin(file({ from: "middleware/b.rs" }))).toBe("middleware/");
  expect(origin(file({ from: "b.rs" }))).toBe("./");
  expect(origin(file({ from: "a/old.rs" }))).toBe("a/old.rs");
  expect(parts("b.rs")).toEqual({ folder: "", name: "b.rs" });
});

it("says why nothing is listed", () => {
  expect(emptyWords(list(git)).title).toBe("This task changed no files.");
  expect(emptyWords(list(git, { running: true })).title).toBe("No changes so far");
  expect(emptyWords(list({ kind: "no_repository" })).title).toBe(
    "No repository here, so changes are not kept.",
  );
  expect(emptyWords(list({ kind: "git_failed", reason: "dubious" })).text).toBe("Git: dubious");
});

it("says what a list may lack", () => {
  expect(sourceNote(list(git))).toBeUndefined();
  const listed = { files: [file({})] };
  expect(sourceNote(list({ kind: "no_repository" }, listed))?.text).toContain("Claude's tools");
  expect(sourceNote(list({ kind: "git_failed", reason: "x" }, listed))?.isTrouble).toBe(true);
  expect(sharedNote([7])).toContain("Task #7 ran");
  expect(sharedNote([7, 8])).toContain("Tasks #7, #8 ran");
  expect(summary(list(git, { ...listed, more: 2 }))).toBe("3 files");
});

it("says why the lines of a file are not shown", () => {
  expect(noLines(file({ no_lines: "binary" }))).toContain("Binary");
  expect(noLines(file({ no_lines: "too_large" }))).toContain("1.0 MB");
  expect(noLines(file({ no_lines: "not_kept" }))).toContain("not kept");
});
