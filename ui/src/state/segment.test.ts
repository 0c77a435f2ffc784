import { describe, expect, it } from "vitest";
import type { Task } from "../backend";
import { done, sample } from "./sample";
import {
  byName,
  cheapestLast,
  endedLast,
  nextFirst,
  oldestFirst,
  Segment,
  shortestLast,
} from "./segment";

const ids = (segment: Segment) => segment.tasks.map(({ id }) => id);

describe("a segment", () => {
  it("keeps its order whatever the order in which tasks come", () => {
    const segment = new Segment(oldestFirst);
    for (const id of [5, 1, 4, 2, 3]) segment.put(sample(id));
    expect(ids(segment)).toEqual([1, 2, 3, 4, 5]);
  });

  it("replaces what it knows, and moves it when its place changed", () => {
    const segment = new Segment(endedLast);
    for (const id of [1, 2, 3]) segment.put(done(id, id));
    segment.put(done(2, 2, { name: "renamed" }));
    expect(segment.get(2)?.name).toBe("renamed");
    expect(ids(segment)).toEqual([3, 2, 1]);
    segment.put(done(1, 10));
    expect(ids(segment)).toEqual([1, 3, 2]);
  });

  it("orders tasks that ended at the same instant", () => {
    const segment = new Segment(endedLast);
    for (const id of [2, 1, 3]) segment.put(done(id, 7));
    expect(ids(segment)).toEqual([3, 2, 1]);
  });

  it("orders what is in the queue by its places, and what has none yet comes last", () => {
    const segment = new Segment(nextFirst);
    const places = [[1, 9], [2, 2], [5], [3, 3], [4]] as const;
    for (const [id, queue_place] of places) {
      segment.put(sample(id, { status: "pending" }, { queue_place }));
    }
    expect(ids(segment)).toEqual([2, 3, 1, 4, 5]);
    segment.put(sample(4, { status: "pending" }, { queue_place: 1 }));
    expect(ids(segment)).toEqual([4, 2, 3, 1, 5]);
  });

  it("removes, and says whether there was something to remove", () => {
    const segment = new Segment(oldestFirst);
    segment.put(sample(1));
    expect(segment.remove(1)).toBe(true);
    expect(segment.remove(1)).toBe(false);
    expect(segment.tasks).toEqual([]);
  });

  it("agrees with sorting after any sequence of changes", () => {
    const segment = new Segment(endedLast);
    const known = new Map<number, number>();
    let random = 7;
    const next = (below: number) => (random = (random * 48271) % 2147483647) % below;
    for (let step = 0; step < 3000; step++) {
      const id = 1 + next(80);
      if (next(4) === 0) {
        expect(segment.remove(id)).toBe(known.delete(id));
      } else {
        const seconds = next(50);
        known.set(id, seconds);
        segment.put(done(id, seconds));
      }
    }
    const sorted = [...known].map(([id, seconds]) => done(id, seconds)).sort(endedLast);
    expect(ids(segment)).toEqual(sorted.map(({ id }) => id));
  });
});

describe("orders that a person chooses", () => {
  const ids = (compare: typeof byName, ...tasks: Task[]) => tasks.sort(compare).map(({ id }) => id);

  it("compare names as the engine does", () => {
    const named = (id: number, name: string) => sample(id, undefined, { name });
    const tasks = ["beta", "Alpha", "alpha", "Zoo", "Ärger", "_x"].map((name, at) =>
      named(at + 1, name),
    );
    expect(ids(byName, ...tasks)).toEqual([6, 3, 2, 1, 4, 5]);
  });

  it("put what is not known last, and the newest of equal ones first", () => {
    const costing = (id: number, cost_usd?: number) =>
      sample(id, undefined, { usage: cost_usd === undefined ? {} : { cost_usd } });
    expect(
      ids(cheapestLast, costing(1, 0.1 + 0.2), costing(2, 0.3), costing(3), costing(4, 0)),
    ).toEqual([2, 1, 4, 3]);
    const ran = (id: number, seconds: number) =>
      done(id, 60, {
        started_at: new Date(Date.UTC(2026, 0, 2, 0, 1) - seconds * 1000).toISOString(),
      });
    expect(ids(shortestLast, ran(1, 5), sample(2), ran(3, 50), done(4, 9))).toEqual([3, 1, 4, 2]);
  });
});
