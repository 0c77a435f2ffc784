// The text of a queue row beside its name: one line about the task, and a duration. Pure.
import type { Task } from "../backend";
import type { Sort } from "../navigation/narrow";
import { runTime } from "../state/segment";
import { dollars } from "../words/numbers";
import { basename } from "../words/paths";
import { ago, clock, millis, since, timeOfDay, took } from "../words/time";
import { isSilent, summaryLine, toneOf, type Tone } from "../words/verdict";
import { uiText } from "../language/uiText";

/** One line about a task: what it does now, what it waits for, or how it ended. */
export function rowText(task: Task, now: number, isPlaced = false): string {
  if (task.status !== "pending") return summaryLine(task, now);
  const agent = task.model ?? task.agent;
  // The project stands before it, or above the list, and says as much as the directory.
  return isPlaced ? agent : [basename(task.working_directory), agent].join(" · ");
}

/** The colour of the line, if it reports a problem or needs the user. */
export function rowTone(task: Task, now: number): Tone | undefined {
  if (isSilent(task, now)) return "warn";
  const tone = toneOf(task);
  return tone === "bad" || tone === "warn" ? tone : undefined;
}

/** The duration or position at the right end; in a sorted list, what it is sorted by. */
export function rowFigure(
  task: Task,
  now: number,
  isNext: boolean,
  paused: boolean,
  sort?: Sort,
  ofYesterday = false,
): string {
  if (sort === "cost" && task.usage?.cost_usd !== undefined) return dollars(task.usage.cost_usd);
  if (sort === "longest") {
    const ran = runTime(task);
    if (ran !== undefined) return took(ran);
  }
  switch (task.status) {
    case "running":
      return task.running_since ? clock(since(task.running_since, now)) : "";
    case "waiting":
      return `until ${timeOfDay(task.reason.until, now)}`;
    case "pending":
      return isNext ? (paused ? uiText("paused") : uiText("next")) : "";
    default: {
      const ended = millis(task.ended_at);
      if (ended === undefined) return "";
      const today = new Date(ended).toDateString() === new Date(now).toDateString();
      if (today) return ago(Math.max(0, now - ended));
      // Under the heading of yesterday the time is enough.
      return timeOfDay(task.ended_at, ofYesterday ? ended : now);
    }
  }
}
