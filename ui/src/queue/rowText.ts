// What a row says beside the name: one line that tells the story, and one figure. Pure.
import type { Task } from "../backend";
import { basename } from "../words/paths";
import { ago, clock, millis, since, timeOfDay } from "../words/time";
import { isSilent, story, toneOf, type Tone } from "../words/verdict";

/**
 * Markdown in one line: its marks for code and stress are noise there, and what comes after the
 * first paragraph is another story.
 */
function plain(text: string): string {
  const first = text.replace(/^#{1,6} /, "").split(/ (?=#{1,6} |```|\| |1\. )/, 1)[0] ?? "";
  return first.replace(/[`*]{1,3}(\S[^`*]*)[`*]{1,3}/g, "$1");
}

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
      if (ended === undefined) return "";
      const today = new Date(ended).toDateString() === new Date(now).toDateString();
      return today ? ago(Math.max(0, now - ended)) : timeOfDay(task.ended_at, now);
    }
  }
}
