import { describe, expect, it } from "vitest";
import type { Queue, Task } from "../backend";
import type { Part } from "../state/filters";
import { sample } from "../state/sample";
import { endedLast, oldestFirst, Segment } from "../state/segment";
import { NEXT_SHOWN, sections, type Facts } from "./sections";

const NOW = new Date(2026, 5, 15, 14, 30);
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000).toISOString();
const ended = (id: number, hours: number) =>
  sample(id, { status: "completed", ended_at: hoursAgo(hours) });

function facts(parts: Partial<Record<Part, Task[]>>, more: Partial<Facts> = {}): Facts {
  const segments = new Map<Part, Segment>();
  for (const [part, tasks] of Object.entries(parts) as [Part, Task[]][]) {
    const segment = new Segment(part === "finished" ? endedLast : oldestFirst);
    for (const task of tasks) segment.put(task);
    segments.set(part, segment);
  }
  return {
    filter: "all",
    searching: false,
    segment: (part) => segments.get(part),
    queue: undefined,
    spentToday: undefined,
    now: NOW,
    ...more,
  };
}

const queue = (pending: number, paused = false): Queue => ({
  paused,
  workers: 4,
  unseen: { failed: 0, denied: 0 },
  counts: { waiting: 0, pending, running: 3, completed: 0, failed: 0, cancelled: 0, skipped: 0 },
});

describe("the sections of a list", () => {
  it("part what has ended by the calendar's days, not by 24 hours", () => {
    const finished = [ended(1, 1), ended(2, 14), ended(3, 15), ended(4, 38), ended(5, 39)];
    const shown = sections(facts({ finished }));
    expect(shown.map(({ key, from, to }) => [key, from, to])).toEqual([
      ["today", 0, 2],
      ["yesterday", 2, 4],
      ["earlier", 4, 5],
    ]);
  });

  it("show the beginning of a long queue and lead to the rest", () => {
    const next = Array.from({ length: 50 }, (_, index) => sample(index + 1));
    const [section] = sections(facts({ next }, { queue: queue(99_992) }));
    expect(section).toMatchObject({
      from: 0,
      to: NEXT_SHOWN,
      note: "99992",
      link: "Show all 99,992",
    });
  });

  it("show a queue that is only one longer whole: a link would take as much room", () => {
    const next = Array.from({ length: NEXT_SHOWN + 1 }, (_, index) => sample(index + 1));
    const [section] = sections(facts({ next }));
    expect(section).toMatchObject({ to: NEXT_SHOWN + 1, link: undefined });
  });

  it("say that the queue is paused", () => {
    const [section] = sections(facts({ next: [sample(1)] }, { queue: queue(1, true) }));
    expect(section?.note).toBe("paused · 1");
  });

  it("say how many workers are busy, and what today has cost", () => {
    const shown = sections(
      facts({ running: [], finished: [ended(1, 1)] }, { queue: queue(0), spentToday: 6.42 }),
    );
    expect(shown.map(({ note }) => note).slice(0, 2)).toEqual(["3 of 4 workers", "$6.42"]);
  });

  it("count what runs as the places do", () => {
    const [section] = sections(facts({ running: [] }, { queue: queue(0), runs: 1 }));
    expect(section?.note).toBe("1 of 4 workers");
  });

  it("do not claim totals for what a search found", () => {
    const shown = sections(
      facts(
        { running: [], next: [sample(1)], finished: [] },
        { queue: queue(9), searching: true, spentToday: 3 },
      ),
    );
    expect(shown.map(({ note }) => note)).toEqual(["", "1", "", "", ""]);
  });
});
