// Which rows a list has and where they stand, computed rather than measured: every kind of row has
// a height of its own, so that 100,000 of them cost no more than a screenful. Pure.
import type { Task, TaskId } from "../backend";
import type { Segment } from "../state/segment";

export const HEADER = 38;
export const ROW = 54;
export const LINK = 36;
/** Room under the last row. */
const END = 16;

/** A stretch of a segment under a heading of its own. */
export interface Section {
  key: string;
  title: string;
  /** What stands at the right of the heading. */
  note: string;
  segment: Segment;
  /** The stretch, by index into the segment's tasks; `to` is not part of it. */
  from: number;
  to: number;
  /** What leads to the rest of it, where not all is shown. */
  link?: string;
}

export type Row =
  | { kind: "header"; key: string; top: number; section: Section }
  | { kind: "task"; key: string; top: number; section: Section; task: Task; index: number }
  | { kind: "link"; key: string; top: number; section: Section };

interface Placed {
  section: Section;
  top: number;
  /** How many task rows stand before this section. */
  before: number;
}

export class Layout {
  readonly height: number;
  /** How many task rows there are. */
  readonly count: number;
  #placed: Placed[] = [];

  constructor(sections: Section[]) {
    let top = 0;
    let before = 0;
    for (const section of sections) {
      const tasks = section.to - section.from;
      if (!tasks && !section.link) continue;
      this.#placed.push({ section, top, before });
      top += HEADER + tasks * ROW + (section.link ? LINK : 0);
      before += tasks;
    }
    this.height = top ? top + END : 0;
    this.count = before;
  }

  get sections(): readonly Section[] {
    return this.#placed.map(({ section }) => section);
  }

  /** The rows that touch the stretch from `top` to `bottom`, in pixels. */
  rows(top: number, bottom: number): Row[] {
    const rows: Row[] = [];
    for (const { section, top: start, before } of this.#placed) {
      const tasks = section.to - section.from;
      const first = start + HEADER;
      const end = first + tasks * ROW + (section.link ? LINK : 0);
      if (end < top) continue;
      if (start > bottom) break;
      if (first >= top) rows.push({ kind: "header", key: section.key, top: start, section });
      const from = clamp(Math.floor((top - first) / ROW), 0, tasks);
      const to = clamp(Math.ceil((bottom - first) / ROW), 0, tasks);
      for (let step = from; step < to; step++) {
        const task = section.segment.tasks[section.from + step]!;
        const index = before + step;
        rows.push({
          kind: "task",
          key: `${task.id}`,
          top: first + step * ROW,
          section,
          task,
          index,
        });
      }
      const link = first + tasks * ROW;
      if (section.link && link <= bottom) {
        rows.push({ kind: "link", key: `${section.key}-link`, top: link, section });
      }
    }
    return rows;
  }

  /** The task in row `index`, counting tasks only. */
  task(index: number): Task | undefined {
    const placed = this.#placed.findLast(({ before }) => before <= index);
    if (!placed || index < 0 || index >= this.count) return undefined;
    return placed.section.segment.tasks[placed.section.from + index - placed.before];
  }

  /** Where a task stands, if it is in the list. */
  find(id: TaskId): { index: number; top: number; section: string } | undefined {
    for (const { section, top, before } of this.#placed) {
      const task = section.segment.get(id);
      if (!task) continue;
      const step = section.segment.indexOf(task) - section.from;
      if (step < 0 || step >= section.to - section.from) continue;
      return { index: before + step, top: top + HEADER + step * ROW, section: section.key };
    }
    return undefined;
  }
}

/** What was on the screen, so that it can stay where it was. */
export interface VisibleRow {
  id: TaskId;
  section: string;
  top: number;
}

/**
 * Where to scroll so that what was on the screen stays where it was although rows came or went
 * above it. At the very top the list stays at the top: what is new shows.
 */
export function keepInView(layout: Layout, seen: readonly VisibleRow[], scrollTop: number): number {
  if (scrollTop <= 0) return scrollTop;
  for (const { id, section, top } of seen) {
    const found = layout.find(id);
    // A task that went to another section does not take the view along.
    if (found?.section === section) return Math.max(0, scrollTop + found.top - top);
  }
  return scrollTop;
}

const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(value, high));
