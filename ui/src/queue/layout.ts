// The rows of a list and their positions. Every kind of row has a fixed height, so positions are
// computed instead of measured, and 100,000 rows cost no more than a screenful. Pure.
import type { Task, TaskId } from "../backend";
import type { Segment } from "../state/segment";

/** A thumb needs larger rows than a pointer; tokens.css has the same condition for the type in them. */
const touched = globalThis.matchMedia?.("(pointer: coarse) and (width < 900px)").matches ?? false;

export const HEADER = touched ? 42 : 38;
export const ROW = touched ? 64 : 54;
export const LINK = touched ? 48 : 36;
/** The height of the last words of a task under its row. */
export const PEEK = 176;
/** Room under the last row. */
const END = 16;

/** A part of a segment with its own heading. */
export interface Section {
  key: string;
  title: string;
  /** The text at the right of the heading. */
  note: string;
  segment: Segment;
  /** Indexes into the segment's tasks; `to` is exclusive. */
  from: number;
  to: number;
  /** The link to the rest, if not all is shown. */
  link?: string;
}

interface Place {
  key: string;
  section: Section;
  top: number;
  /** The room above it for the last words of the task above. */
  gap: number;
}

export type Row =
  | ({ kind: "header" } & Place)
  | ({ kind: "task"; task: Task; index: number } & Place)
  | ({ kind: "link" } & Place);

interface Placed {
  section: Section;
  top: number;
  /** The number of task rows before this section. */
  before: number;
  /** The row, counted in the section, under which there is room for its task's last words. */
  peek: number | undefined;
}

/** The y of a row in its section, without the section's heading. */
const offset = (step: number, { peek }: Placed) =>
  step * ROW + (peek !== undefined && step > peek ? PEEK : 0);

/** The room above a row in its section. */
const gap = (step: number, { peek }: Placed) => (peek === step - 1 ? PEEK : 0);

/** A place between two rows. */
export interface Gap {
  top: number;
  /** The tasks on both sides. */
  above: Task | undefined;
  below: Task | undefined;
}

export class Layout {
  readonly height: number;
  /** The number of task rows. */
  readonly count: number;
  #placed: Placed[] = [];
  /** The rows that were asked for, by section and key: one that stays on screen stays the same object. */
  #rows = new Map<string, Row>();

  /** `peeked`: the task under whose row there is room for its last words. */
  constructor(sections: Section[], peeked?: TaskId) {
    let top = 0;
    let before = 0;
    for (const section of sections) {
      const tasks = section.to - section.from;
      if (!tasks && !section.link) continue;
      const placed = { section, top, before, peek: stepOf(section, peeked) };
      this.#placed.push(placed);
      top += HEADER + offset(tasks, placed) + (section.link ? LINK : 0);
      before += tasks;
    }
    this.height = top ? top + END : 0;
    this.count = before;
  }

  get sections(): readonly Section[] {
    return this.#placed.map(({ section }) => section);
  }

  /** The rows between `top` and `bottom`, in pixels. */
  rows(top: number, bottom: number): Row[] {
    const rows: Row[] = [];
    for (const placed of this.#placed) {
      const { section, top: start, before, peek } = placed;
      const tasks = section.to - section.from;
      const first = start + HEADER;
      const end = first + offset(tasks, placed) + (section.link ? LINK : 0);
      if (end < top) continue;
      if (start > bottom) break;
      if (first >= top) {
        const { key } = section;
        rows.push(
          this.#row(section, key, () => ({ kind: "header", key, top: start, gap: 0, section })),
        );
      }
      const room = peek === undefined ? 0 : PEEK;
      const from = clamp(Math.floor((top - room - first) / ROW), 0, tasks);
      const to = clamp(Math.ceil((bottom - first) / ROW), 0, tasks);
      for (let step = from; step < to; step++) {
        const task = section.segment.tasks[section.from + step]!;
        const key = `${task.id}`;
        rows.push(
          this.#row(section, key, () => ({
            kind: "task",
            key,
            top: first + offset(step, placed),
            gap: gap(step, placed),
            section,
            task,
            index: before + step,
          })),
        );
      }
      const link = first + offset(tasks, placed);
      if (section.link && link <= bottom) {
        const key = `${section.key}-link`;
        const at = { key, top: link, gap: gap(tasks, placed), section };
        rows.push(this.#row(section, key, () => ({ kind: "link", ...at })));
      }
    }
    return rows;
  }

  #row(section: Section, key: string, make: () => Row): Row {
    const place = `${section.key} ${key}`;
    const known = this.#rows.get(place);
    if (known) return known;
    const row = make();
    this.#rows.set(place, row);
    return row;
  }

  /** The task in row `index`, counting tasks only. */
  task(index: number): Task | undefined {
    const placed = this.#placed.findLast(({ before }) => before <= index);
    if (!placed || index < 0 || index >= this.count) return undefined;
    return placed.section.segment.tasks[placed.section.from + index - placed.before];
  }

  /** The position of a task, if it is in the list. */
  find(id: TaskId): { index: number; top: number; section: string } | undefined {
    for (const placed of this.#placed) {
      const { section, top, before } = placed;
      const step = stepOf(section, id);
      if (step === undefined) continue;
      return {
        index: before + step,
        top: top + HEADER + offset(step, placed),
        section: section.key,
      };
    }
    return undefined;
  }

  /** The gap between rows of a section that is nearest to `y`. */
  gap(key: string, y: number): Gap | undefined {
    const placed = this.#placed.find(({ section }) => section.key === key);
    if (!placed) return undefined;
    const { section, top } = placed;
    const { tasks } = section.segment;
    const first = top + HEADER;
    const step = clamp(Math.round((y - first) / ROW), 0, section.to - section.from);
    const at = section.from + step;
    return {
      top: first + offset(step, placed),
      above: step > 0 ? tasks[at - 1] : undefined,
      below: tasks[at],
    };
  }
}

/** Which row of a section a task has. */
function stepOf({ segment, from, to }: Section, id: TaskId | undefined): number | undefined {
  const task = id === undefined ? undefined : segment.get(id);
  if (!task) return undefined;
  const step = segment.indexOf(task) - from;
  return step >= 0 && step < to - from ? step : undefined;
}

/** A visible row, so that it can keep its position. */
export interface VisibleRow {
  id: TaskId;
  section: string;
  top: number;
}

/**
 * The scroll position at which the visible rows keep their position although rows were added or
 * removed above. At the very top the list stays at the top, so that new rows are visible.
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
