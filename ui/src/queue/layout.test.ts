import { describe, expect, it } from "vitest";
import type { Task } from "../backend";
import { done, sample } from "../state/sample";
import { endedLast, oldestFirst, Segment, type Compare } from "../state/segment";
import { HEADER, keepInView, Layout, LINK, PEEK, ROW, type Section } from "./layout";

function section(
  key: string,
  tasks: Task[],
  compare: Compare = oldestFirst,
  link?: string,
): Section {
  const segment = new Segment(compare);
  for (const task of tasks) segment.put(task);
  return { key, title: key, note: "", segment, from: 0, to: tasks.length, link };
}
const many = (count: number, from = 1) => Array.from({ length: count }, (_, i) => sample(from + i));

describe("the layout of a list", () => {
  it("leaves out sections without rows", () => {
    const layout = new Layout([section("a", []), section("b", many(1))]);
    expect(layout.rows(0, 1000).map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      "header b",
      "task 1",
    ]);
    expect(new Layout([section("a", [])]).height).toBe(0);
  });

  it("gives the same rows while they stay on screen", () => {
    const layout = new Layout([section("a", many(100))]);
    const before = layout.rows(0, 1000);
    const after = new Set(layout.rows(300, 1300));
    const kept = before.filter((row) => after.has(row));
    expect(kept).toHaveLength(before.filter(({ top }) => top + ROW > 300).length);
    expect(kept.length).toBeGreaterThan(5);
  });

  it("makes only the rows that are seen, even of 100,000", () => {
    const layout = new Layout([section("a", many(3)), section("b", many(100_000, 10))]);
    const top = 2_000_000;
    const rows = layout.rows(top, top + 800);
    expect(rows.length).toBeLessThan(20);
    expect(rows[0]!.top).toBeLessThanOrEqual(top);
    expect(rows.at(-1)!.top + ROW).toBeGreaterThanOrEqual(top + 800);
    expect(layout.rows(0, layout.height).length).toBe(100_005);
  });

  it("puts rows one under the other without gaps", () => {
    const layout = new Layout([
      section("a", many(2), oldestFirst, "more"),
      section("b", many(1, 9)),
    ]);
    const tops = layout.rows(0, 1000).map(({ top }) => top);
    const second = HEADER + 2 * ROW + LINK;
    expect(tops).toEqual([0, HEADER, HEADER + ROW, HEADER + 2 * ROW, second, second + HEADER]);
  });

  it("says what room is above a row, so that rows can follow each other", () => {
    for (const peeked of [undefined, 1, 2, 3, 9]) {
      const sections = [section("a", many(3), oldestFirst, "more"), section("b", many(1, 9))];
      const layout = new Layout(sections, peeked);
      let bottom = 0;
      for (const { kind, top, gap, section } of layout.rows(0, layout.height)) {
        if (kind === "header" && section.key === "b") bottom = top;
        expect(top).toBe(bottom + gap);
        bottom = top + { header: HEADER, task: ROW, link: LINK }[kind];
      }
      const gaps = layout.rows(0, layout.height).map(({ gap }) => gap);
      expect(gaps.filter((gap) => gap === PEEK)).toHaveLength(peeked && peeked < 9 ? 1 : 0);
    }
  });

  it("finds tasks by position and positions by task", () => {
    const layout = new Layout([section("a", many(3)), section("b", many(4, 10))]);
    for (let index = 0; index < layout.count; index++) {
      expect(layout.find(layout.task(index)!.id)?.index).toBe(index);
    }
    expect(layout.task(-1)).toBeUndefined();
    expect(layout.task(7)).toBeUndefined();
    expect(layout.find(99)).toBeUndefined();
  });

  it("knows which stretch of a segment a section shows", () => {
    const whole = section("today", [done(1, 1), done(2, 2), done(3, 3)], endedLast);
    const layout = new Layout([
      { ...whole, to: 1 },
      { ...whole, key: "earlier", from: 1 },
    ]);
    expect(layout.find(3)?.section).toBe("today");
    expect(layout.find(2)).toMatchObject({ section: "earlier", index: 1 });
    expect(layout.task(2)?.id).toBe(1);
  });
});

describe("what is on the screen", () => {
  const before = new Layout([section("a", many(100, 10))]);
  const sight = { id: 50, section: "a", top: before.find(50)!.top };

  it("stays where it is when rows come above it", () => {
    const after = new Layout([section("a", [...many(5), ...many(100, 10)])]);
    expect(keepInView(after, [sight], 1500)).toBe(1500 + 5 * ROW);
  });

  it("is not held at the very top: what is new shows", () => {
    const after = new Layout([section("a", [...many(5), ...many(100, 10)])]);
    expect(keepInView(after, [sight], 0)).toBe(0);
  });

  it("does not follow a task that went to another section", () => {
    const rest = many(100, 10).filter(({ id }) => id !== 50);
    const after = new Layout([section("a", rest), section("b", [sample(50)])]);
    const next = { id: 51, section: "a", top: before.find(51)!.top };
    expect(keepInView(after, [sight, next], 1500)).toBe(1500 - ROW);
  });

  it("stays as it is when nothing of it is left", () => {
    expect(keepInView(new Layout([section("a", many(3))]), [sight], 1500)).toBe(1500);
  });
});
