// What a row says beside the name: one line that tells the story, and one figure. Pure.
import type { Task } from "../backend";
import { ago, clock, millis, since, timeOfDay } from "../words/time";
import { isSilent, story, toneOf, type Tone } from "../words/verdict";

/** The last part of a path. */
export const basename = (path: string): string =>
  path
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .pop() || path;

/** Markdown's marks for code and stress are noise in one line. */
const plain = (text: string): string => text.replace(/[`*]{1,3}(\S[^`*]*)[`*]{1,3}/g, "$1");

/** The story in one line: what it does now, waits for, or how it ended. */
export function line(task: Task, now: number): string {
  if (task.status !== "pending") return plain(story(task, now));
  return [basename(task.working_directory), task.model ?? task.agent].join(" · ");
}

/** The colour of the story, where it asks for a person or tells of trouble. */
export function lineTone(task: Task, now: number): Tone | undefined {
  if (isSilent(task, now)) return "warn";
  const tone = toneOf(task);
  return tone === "bad" || tone === "warn" ? tone : undefined;
}

/** The figure at the right end. */
export function figure(task: Task, now: number, isNext: boolean, paused: boolean): string {
  switch (task.status) {
    case "running":
      return task.running_since ? clock(since(task.running_since, now)) : "";
    case "waiting":
      return `until ${timeOfDay(task.reason.until, now)}`;
    case "pending":
      return isNext ? (paused ? "paused" : "next") : "";
    default: {
      const ended = millis(task.ended_at);
      return ended === undefined ? "" : ago(Math.max(0, now - ended));
    }
  }
}
