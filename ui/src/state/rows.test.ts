import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Event, EventListener, ListQuery, Task, TaskPage } from "../backend";
import { sample } from "./sample";

const engine = vi.hoisted(() => ({
  listener: undefined as EventListener | undefined,
  list: undefined as unknown as (query: ListQuery) => Promise<TaskPage>,
}));
vi.mock("../backend/current", () => ({
  backend: {
    list: (query: ListQuery) => engine.list(query),
    follow: (listener: EventListener) => {
      engine.listener = listener;
      return () => undefined;
    },
  },
}));

const { rows, patchOf } = await import("./rows");
const { stream } = await import("./stream.svelte");

const AT = "2026-01-02T00:00:00.000Z";
let seq = 0;
const event = (kind: object, task?: number) => ({ seq: ++seq, at: AT, task, ...kind }) as Event;
const page = (tasks: Task[]): TaskPage => ({ tasks, counts: {} as TaskPage["counts"] });

describe("an event", () => {
  it("changes the state without leaving anything of the old one", () => {
    const change = patchOf(event({ kind: "state_changed", status: "completed", ended_at: AT }, 1))!;
    const task = change(sample(1, { status: "running", running_since: AT, stopping: true }));
    expect(task).toMatchObject({ id: 1, name: "Task 1", status: "completed", ended_at: AT });
    for (const key of ["running_since", "stopping", "kind", "seq", "at", "task"]) {
      expect(task).not.toHaveProperty(key);
    }
  });

  it("leaves a task its place in the queue as long as it is there", () => {
    const waiting = sample(1, { status: "waiting", reason: "until" } as never, { queue_place: 7 });
    const due = patchOf(event({ kind: "state_changed", status: "pending" }, 1))!(waiting);
    expect(due).toMatchObject({ status: "pending", queue_place: 7 });
    const begun = patchOf(event({ kind: "state_changed", status: "running" }, 1))!(due);
    expect(begun).not.toHaveProperty("queue_place");
  });

  it("says what a running task does, and only that of a running one", () => {
    const change = patchOf(event({ kind: "progress", last_action: "Edit x" }, 1))!;
    expect(change(sample(1, { status: "running" })).last_action).toBe("Edit x");
    expect(change(sample(1)).last_action).toBeUndefined();
  });
});

describe("rows", () => {
  const heard: string[] = [];
  const listener = {
    rows: (tasks: Task[]) => heard.push(`rows ${tasks.map(({ id }) => id).join()}`),
    gone: (ids: number[]) => heard.push(`gone ${ids.join()}`),
    patch: (id: number) => heard.push(`patch ${id}`),
    allSeen: () => heard.push("all seen"),
    reload: () => heard.push("reload"),
  };

  beforeEach(() => {
    vi.useFakeTimers();
    heard.length = 0;
    rows.listen(listener);
    stream.start();
  });

  it("are read once for many events, and those that are gone are said to be", async () => {
    const asked: ListQuery[] = [];
    engine.list = (query) => {
      asked.push(query);
      return Promise.resolve(page([sample(1), sample(3)]));
    };
    engine.listener!.events([
      event({ kind: "submitted" }, 1),
      event({ kind: "submitted" }, 2),
      event({ kind: "submitted" }, 3),
      event({ kind: "seen" }),
      event({ kind: "removed" }, 4),
    ]);
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.map(({ ids }) => ids)).toEqual([[1, 2, 3]]);
    expect(heard).toEqual(["all seen", "gone 4", "rows 1,3", "gone 2"]);
    await vi.advanceTimersByTimeAsync(300);
  });

  it("that change while they are read are read again", async () => {
    let answer: (page: TaskPage) => void = () => undefined;
    engine.list = () => new Promise((resolve) => (answer = resolve));
    engine.listener!.events([event({ kind: "submitted" }, 1), event({ kind: "submitted" }, 2)]);
    await vi.advanceTimersByTimeAsync(0);
    const first = answer;
    engine.listener!.events([event({ kind: "state_changed", status: "pending" }, 2)]);
    first(page([sample(1), sample(2)]));
    await vi.advanceTimersByTimeAsync(0);
    expect(heard).toEqual(["patch 2", "rows 1"]);
    answer(page([sample(2)]));
    await vi.advanceTimersByTimeAsync(600);
    expect(heard).toEqual(["patch 2", "rows 1", "rows 2"]);
  });

  it("that are removed while they are read stay away", async () => {
    let answer: (page: TaskPage) => void = () => undefined;
    engine.list = () => new Promise((resolve) => (answer = resolve));
    engine.listener!.events([event({ kind: "submitted" }, 1), event({ kind: "submitted" }, 2)]);
    await vi.advanceTimersByTimeAsync(0);
    engine.listener!.events([event({ kind: "removed" }, 1)]);
    answer(page([sample(1), sample(2)]));
    await vi.advanceTimersByTimeAsync(600);
    expect(heard).toEqual(["gone 1", "rows 2"]);
  });

  it("that could not be read are read with the next ones", async () => {
    let fails = true;
    engine.list = () =>
      fails ? Promise.reject(new Error("away")) : Promise.resolve(page([sample(1)]));
    engine.listener!.events([event({ kind: "submitted" }, 1)]);
    await vi.advanceTimersByTimeAsync(300);
    expect(heard).toEqual([]);
    fails = false;
    engine.listener!.events([event({ kind: "submitted" }, 1)]);
    await vi.advanceTimersByTimeAsync(300);
    expect(heard).toEqual(["rows 1"]);
  });

  it("are told by an answer, but not by one that events have overtaken", async () => {
    engine.list = () => Promise.resolve(page([sample(1)]));
    await rows.act(1, () => Promise.resolve(sample(1)));
    expect(heard).toEqual(["rows 1"]);

    heard.length = 0;
    let answer: (task: Task) => void = () => undefined;
    const acted = rows.act(1, () => new Promise((resolve) => (answer = resolve)));
    const other = rows.ask(() => new Promise((resolve) => setTimeout(resolve, 1)));
    engine.listener!.events([event({ kind: "state_changed", status: "cancelled" }, 1)]);
    answer(sample(1, { status: "running", running_since: AT, stopping: true }));
    await vi.advanceTimersByTimeAsync(300);
    await acted;
    expect(heard).toEqual(["patch 1", "rows 1"]);
    expect((await other).overtaken).toEqual(new Set([1]));
  });

  it("are not brought back by an answer from before their removal", async () => {
    let answer: (task: Task) => void = () => undefined;
    const acted = rows.act(1, () => new Promise((resolve) => (answer = resolve)));
    engine.listener!.events([event({ kind: "removed" }, 1)]);
    answer(sample(1));
    await acted;
    expect(heard).toEqual(["gone 1"]);
  });

  it("are read when they are doubted, and when the engine says that they are quiet", async () => {
    const asked: ListQuery[] = [];
    engine.list = (query) => {
      asked.push(query);
      return Promise.resolve(page([sample(1), sample(2)]));
    };
    rows.reread([1, 2]);
    await vi.advanceTimersByTimeAsync(300);
    engine.listener!.events([event({ kind: "quiet", silent_ms: 300_000 }, 1)]);
    await vi.advanceTimersByTimeAsync(300);
    expect(asked.map(({ ids }) => ids)).toEqual([[1, 2], [1]]);
    rows.reread([]);
    await vi.advanceTimersByTimeAsync(300);
    expect(asked).toHaveLength(2);
  });

  it("are reloaded after a gap", () => {
    engine.listener!.gap();
    expect(heard).toEqual(["reload"]);
  });
});
