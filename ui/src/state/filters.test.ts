import { describe, expect, it } from "vitest";
import { FILTERS } from "../navigation/routes";
import type { State, Status } from "../backend";
import { belongs, countOf, found, queriesOf } from "./filters";
import { sample } from "./sample";

const AT = "2026-01-02T00:00:00.000Z";
const STATES: Record<Status, State> = {
  waiting: { status: "waiting", reason: { for: "usage_limit", until: AT } },
  pending: { status: "pending" },
  running: { status: "running" },
  completed: { status: "completed", ended_at: AT },
  failed: { status: "failed", ended_at: AT, failure: { kind: "turns" } },
  cancelled: { status: "cancelled", ended_at: AT },
  skipped: { status: "skipped", ended_at: AT, reason: "" },
};

describe("places", () => {
  it("hold every status in one filter besides all tasks, as the counts say", () => {
    for (const [status, state] of Object.entries(STATES) as [Status, State][]) {
      const homes = FILTERS.filter(
        (filter) => filter !== "attention" && belongs(filter, sample(1, state), false),
      );
      expect(homes, status).toHaveLength(2);
      const counts = {
        waiting: 0,
        pending: 0,
        running: 0,
        completed: 0,
        failed: 0,
        cancelled: 0,
        skipped: 0,
      };
      counts[status] = 1;
      const counted = FILTERS.filter((filter) => countOf(filter, counts, 0) === 1);
      expect(counted, status).toEqual(homes);
    }
  });

  it("need a person for unseen trouble only", () => {
    const attention = (state: State, unseen: boolean, shown = false) =>
      belongs("attention", sample(1, state, { unseen }), shown);
    const denied: State = {
      status: "completed",
      ended_at: AT,
      denied_tools: [{ tool: "Bash", input: "" }],
    };
    expect(attention(STATES.failed, true)).toBe(true);
    expect(attention(denied, true)).toBe(true);
    expect(attention(STATES.completed, true)).toBe(false);
    expect(attention(STATES.failed, false)).toBe(false);
  });

  it("keep what is being looked at until it moves on", () => {
    expect(belongs("attention", sample(1, STATES.failed, { unseen: false }), true)).toBe(true);
    expect(belongs("attention", sample(1, STATES.pending), true)).toBe(false);
  });
});

describe("what the engine is asked for", () => {
  it("has the statuses that place and filter share", () => {
    expect(queriesOf("all", { status: ["failed", "running"] })).toEqual({
      running: { status: ["running"] },
      finished: { status: ["failed"] },
    });
    expect(queriesOf("finished", { status: ["failed"] })).toEqual({});
    expect(queriesOf("attention", { status: ["failed"] })).toEqual({
      finished: { attention: true, status: ["failed"] },
    });
  });

  it("is one list in an order that a person chose", () => {
    expect(queriesOf("all", { sort: "name" })).toEqual({ sorted: {} });
    expect(queriesOf("waiting", { sort: "name" })).toEqual({
      sorted: { status: ["pending", "waiting"] },
    });
    expect(queriesOf("attention", { sort: "name" })).toEqual({ sorted: { attention: true } });
    expect(queriesOf("running", { sort: "name", status: ["failed"] })).toEqual({});
  });
});

describe("a search", () => {
  const task = sample(12, STATES.pending, {
    name: "Fix the Login",
    working_directory: "/srv/Shop",
  });
  it.each([
    ["login", true],
    [" LOGIN ", true],
    ["shop", true],
    ["12", true],
    ["#12", true],
    ["1", false],
    ["logout", false],
    ["", true],
  ])("for %j", (search, expected) => {
    expect(found(task, search)).toBe(expected);
  });
});
