import { expect, it } from "vitest";
import type { Task } from "../backend";
import { done, sample } from "../state/sample";
import { rowFigure, rowText } from "./rowText";

const now = new Date(2026, 10, 24, 12, 0).getTime();
const says = (final_summary: string): Task => done(1, 0, { final_summary });

it("an answer in Markdown becomes one line of plain text, up to the end of its first paragraph", () => {
  const told = (text: string) => rowText(says(text), now);
  expect(told("Fixed in `build.rs`. ## What I found 1. `build.rs` printed")).toBe(
    "Fixed in build.rs.",
  );
  expect(told("**Done**: see `a` | b | c |")).toBe("Done: see a");
  expect(told("# Summary All is well")).toBe("Summary All is well");
  expect(told("Steps: 1. one 2. two")).toBe("Steps:");
  expect(told("It takes 3.1 s, a * b - c")).toBe("It takes 3.1 s, a * b - c");
});

it("what ended today says how long ago, what ended before says when", () => {
  const at = (ended: number) => {
    const ended_at = new Date(ended).toISOString();
    return rowFigure(sample(1, { status: "completed", ended_at }), now, false, false);
  };
  expect(at(now - 2 * 60_000)).toBe("2 min ago");
  expect(at(now - 20 * 3600_000)).toBe("Mon 16:00");
  expect(at(now - 10 * 24 * 3600_000)).toBe("14 Nov, 12:00");
});

it("what waits in the queue says where and with what", () => {
  expect(rowText(sample(1), now)).toBe("code · claude");
  expect(rowText(sample(1, { status: "pending" }, { model: "opus" }), now)).toBe("code · opus");
});
