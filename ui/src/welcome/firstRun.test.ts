import { expect, it, vi } from "vitest";
import type { CheckLevel, Counts } from "../backend";

vi.mock("../backend/current", () => ({ backend: {} }));
const { wanted } = await import("./firstRun");

const none: Counts = {
  waiting: 0,
  pending: 0,
  running: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  skipped: 0,
};
const found = (level: CheckLevel) => ({
  checks: [{ name: "Claude Code", level, found: "", advice: "" }],
});

it.each([
  ["nothing was ever done", none, "ok", true],
  ["tasks cannot run", { ...none, failed: 3 }, "bad", true],
  ["there is only a warning", { ...none, completed: 3 }, "warn", false],
  ["all is well", { ...none, running: 1 }, "ok", false],
] as const)("when %s", (_, counts, level, shown) => {
  expect(wanted(counts, found(level))).toBe(shown);
});
