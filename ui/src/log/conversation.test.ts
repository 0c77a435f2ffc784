import { describe, expect, it } from "vitest";
import type { LogEntry, LogPage, LogQuery, Run } from "../backend";
import { Conversation, costBefore, indexAt, placeOf, usageOf } from "./conversation";

const { signal } = new AbortController();
const run = (number: number, more: Partial<Run> = {}): Run => ({
  id: `run-${number}`,
  number,
  usage: {},
  output_bytes: 0,
  session_id: "one",
  ...more,
});

/** Runs with so many lines of ten bytes each; the last one goes on. */
function conversationOf(lines: number[], runs = lines.map((_, index) => run(index + 1))) {
  const asked: LogQuery[] = [];
  const read = (query: LogQuery): Promise<LogPage> => {
    asked.push(query);
    const index = runs.findIndex(({ id }) => id === query.run);
    const total = lines[index] ?? 0;
    const { tail, before, after = 0, limit = 500 } = query;
    let [from, to] = [after / 10, Math.min(total, after / 10 + limit)];
    if (tail || before !== undefined) {
      to = before === undefined ? total : before / 10;
      from = Math.max(0, to - limit);
    }
    const entries = Array.from({ length: to - from }, (_, line): LogEntry => {
      const text = `${query.run} ${from + line}`;
      return { type: "text", offset: (from + line) * 10, text };
    });
    const end = index < lines.length - 1 && to === total;
    return Promise.resolve({ run: query.run!, entries, start: from * 10, next: to * 10, end });
  };
  return { conversation: new Conversation(read, runs), asked };
}

const words = (page: { entries: readonly object[] }) =>
  page.entries.map((entry) => ("text" in entry ? entry.text : "—"));

describe("a conversation over runs", () => {
  it("opens at the end of the newest run, and goes back over all", async () => {
    const { conversation } = conversationOf([2, 0, 3]);
    let page = await conversation.read({ tail: true, limit: 2 }, signal);
    expect(words(page)).toEqual(["run-3 1", "run-3 2"]);
    const seen: unknown[] = [];
    while (page.start > 0) {
      page = await conversation.read({ before: page.start, limit: 2 }, signal);
      seen.unshift(...words(page));
    }
    expect(seen).toEqual(["—", "run-1 0", "run-1 1", "—", "—", "run-3 0"]);
  });

  it("goes forwards over the ends of runs, each entry once", async () => {
    const { conversation } = conversationOf([3, 1, 2]);
    const seen: unknown[] = [];
    let after = 0;
    for (let round = 0; round < 8; round += 1) {
      const page = await conversation.read({ after, limit: 2 }, signal);
      expect(page.start).toBe(after);
      seen.push(...words(page));
      after = page.next;
      expect(page.end).toBe(false);
    }
    expect(seen).toEqual([
      "—",
      "run-1 0",
      "run-1 1",
      "run-1 2",
      "—",
      "run-2 0",
      "—",
      "run-3 0",
      "run-3 1",
    ]);
  });

  it("does not wait for more when it has found something", async () => {
    const { conversation, asked } = conversationOf([1, 1]);
    await conversation.read({ after: placeOf(0), limit: 9, wait_ms: 5000 }, signal);
    expect(asked.map(({ wait_ms }) => wait_ms)).toEqual([5000, 0]);
  });

  it("says of deleted output that it was deleted", async () => {
    const runs = [run(1, { output_deleted: true }), run(2)];
    const { conversation, asked } = conversationOf([1, 1], runs);
    const page = await conversation.read({ before: placeOf(1), limit: 9 }, signal);
    expect(words(page)[1]).toContain("was deleted");
    expect(asked).toEqual([]);
  });

  it("knows the run of a place", () => {
    expect(indexAt(placeOf(2))).toBe(2);
    expect(indexAt(placeOf(3) - 1)).toBe(2);
  });
});

it("counts what a run cost by itself, although its session reports the sum", () => {
  const cost = (usd: number) => ({ usage: { cost_usd: usd, turns: 2 } });
  const runs = [run(1, cost(1)), run(2, cost(1.5)), run(3, { session_id: "two", ...cost(0.25) })];
  expect(runs.map((_, index) => costBefore(runs, index))).toEqual([0, 1, 0]);
  expect(runs.map((_, index) => usageOf(runs, index).cost_usd)).toEqual([1, 0.5, 0.25]);
});
