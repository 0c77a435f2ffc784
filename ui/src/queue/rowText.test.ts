import { expect, it } from "vitest";
import { done, sample } from "../state/sample";
import { rowFigure, rowText } from "./rowText";

const now = new Date(2026, 10, 24, 12, 0).getTime();

it("an answer is shown as the engine shortened it, which leaves out the marks of Markdown", () => {
  const told = done(1, 0, { final_summary: "Call __init__ with **kwargs: 2 * 3 * 4" });
  expect(rowText(told, now)).toBe("Call __init__ with **kwargs: 2 * 3 * 4");
});

it("what ended today says how long ago, what ended before says when", () => {
  const at = (ended: number) => {
    const ended_at = new Date(ended).toISOString();
    return rowFigure(sample(1, { status: "completed", ended_at }), now, false, false);
  };
  expect(at(now - 2 * 60_000)).toBe("2 min ago");
  expect(at(now - 20 * 3600_000)).toBe("Mon 16:00");
  const ended_at = new Date(now - 20 * 3600_000).toISOString();
  const yesterday = sample(1, { status: "completed", ended_at });
  expect(rowFigure(yesterday, now, false, false, undefined, true)).toBe("16:00");
  expect(at(now - 10 * 24 * 3600_000)).toBe("14 Nov, 12:00");
});

it("what waits in the queue says where and with what", () => {
  expect(rowText(sample(1), now)).toBe("code · claude");
  expect(rowText(sample(1, { status: "pending" }, { model: "opus" }), now)).toBe("code · opus");
});
