// The sections of a filter's list, in the order of a task's life. Pure.
import type { QueueFilter } from "../navigation/routes";
import type { Queue } from "../backend";
import { startOfDay } from "../state/days";
import type { Part } from "../state/filters";
import type { Segment } from "../state/segment";
import { dollars, grouped } from "../words/numbers";
import type { Section } from "./layout";

/** The list of all tasks shows this many queued tasks. */
export const NEXT_SHOWN = 6;

export interface Facts {
  filter: QueueFilter;
  searching: boolean;
  segment: (part: Part) => Segment | undefined;
  /** Tasks in whose texts a search has found its words. */
  texts?: Segment | undefined;
  queue: Queue | undefined;
  /** How many tasks run, whatever the list shows. */
  runs?: number | undefined;
  spentToday: number | undefined;
  now: Date;
}

/** The key of the section of tasks that were found by their texts. */
export const TEXTS = "texts";
/** The key of the section of tasks that ended yesterday. */
export const YESTERDAY = "yesterday";

export function sections({
  filter,
  searching,
  segment,
  texts,
  queue,
  runs = queue?.counts.running,
  spentToday,
  now,
}: Facts): Section[] {
  const all: Section[] = [];
  const running = segment("running");
  if (running) {
    const workers = queue ? `${runs} of ${queue.workers} workers` : "";
    all.push({
      key: "running",
      title: filter === "attention" ? "Silent" : "Running",
      note: filter === "attention" ? "" : searching ? "" : workers,
      segment: running,
      from: 0,
      to: running.tasks.length,
    });
  }
  const sorted = segment("sorted");
  if (sorted) {
    all.push({
      key: "sorted",
      // The order stands above the list already.
      title: "Tasks",
      note: "",
      segment: sorted,
      from: 0,
      to: sorted.tasks.length,
    });
  }
  const next = segment("next");
  if (next) all.push(upNext(next, filter, searching, queue));
  const finished = segment("finished");
  if (finished)
    all.push(...byDay(finished, now, filter === "all" && !searching ? spentToday : undefined));
  if (texts) {
    const title = "In prompts, results and logs";
    all.push({ key: TEXTS, title, note: "", segment: texts, from: 0, to: texts.tasks.length });
  }
  return all;
}

function upNext(
  next: Segment,
  filter: QueueFilter,
  searching: boolean,
  queue: Queue | undefined,
): Section {
  const here = next.tasks.length;
  const known = queue && !searching ? queue.counts.pending + queue.counts.waiting : here;
  const total = Math.max(here, known);
  const folded = filter === "all" && total > NEXT_SHOWN + 1;
  return {
    key: "next",
    title: "Up next",
    note: [queue?.paused ? "paused" : "", String(total)].filter(Boolean).join(" · "),
    segment: next,
    from: 0,
    to: folded ? Math.min(here, NEXT_SHOWN) : here,
    link: folded ? `Show all ${grouped(total)}` : undefined,
  };
}

function byDay(segment: Segment, now: Date, spentToday: number | undefined): Section[] {
  const since = (day: string) =>
    segment.count((task) => ("ended_at" in task ? task.ended_at : task.created_at) >= day);
  const today = since(startOfDay(now));
  const yesterday = since(startOfDay(now, -1));
  const spent = spentToday ? dollars(spentToday) : "";
  return [
    { key: "today", title: "Today", note: spent, segment, from: 0, to: today },
    { key: YESTERDAY, title: "Yesterday", note: "", segment, from: today, to: yesterday },
    {
      key: "earlier",
      title: "Earlier",
      note: "",
      segment,
      from: yesterday,
      to: segment.tasks.length,
    },
  ];
}
