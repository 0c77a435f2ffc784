import { expect, it, vi } from "vitest";
import { done, sample } from "../state/sample";

vi.mock("../backend/current", () => ({ backend: { follow: () => () => undefined } }));
const { canFollowUp, menuOf } = await import("./actions");

const names = (task: Parameters<typeof menuOf>[0]) =>
  menuOf(task, () => undefined).flatMap((item) => (typeof item === "string" ? [] : [item.name]));

it("a follow-up is offered for a finished task with a session", () => {
  const task = done(1, 0, { runs: 1, has_session: true });
  expect(canFollowUp(task)).toBe(true);
  expect(names(task)).toContain("Follow up");
});

it("no follow-up is offered when no run has begun a session", () => {
  const task = done(1, 0, { runs: 1 });
  expect(canFollowUp(task)).toBe(false);
  expect(names(task)).not.toContain("Follow up");
});

it("no follow-up is offered while a task runs or waits in the queue", () => {
  const running_since = "2026-01-02T00:00:00.000Z";
  const session = { runs: 1, has_session: true };
  expect(canFollowUp(sample(1, { status: "running", running_since }, session))).toBe(false);
  expect(canFollowUp(sample(1, { status: "pending" }, session))).toBe(false);
});

it("no follow-up is offered for an agent without sessions", () => {
  expect(canFollowUp(done(1, 0, { agent: "shell", runs: 1, has_session: true }))).toBe(false);
});
