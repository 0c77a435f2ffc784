import { beforeEach, describe, expect, it, vi } from "vitest";
import { Refused, type ListQuery, type Task, type TaskPage } from "../backend";
import { done, sample } from "./sample";
import type { RowListener } from "./rows";

const engine = vi.hoisted(() => ({
  tasks: [] as Task[],
  asked: [] as ListQuery[],
  hold: undefined as Promise<void> | undefined,
  refuse: false,
  listeners: [] as RowListener[],
}));

vi.mock("./rows", () => ({
  rows: {
    listen: (listener: RowListener) => {
      engine.listeners.push(listener);
      return () => undefined;
    },
  },
}));
vi.mock("../backend/current", () => ({
  backend: {
    list: async (query: ListQuery): Promise<TaskPage> => {
      engine.asked.push(query);
      const by = {
        newest_first: (a: Task, b: Task) => b.id - a.id,
        oldest_first: (a: Task, b: Task) => a.id - b.id,
        ended_last: (a: Task, b: Task) => ended(b) - ended(a) || b.id - a.id,
        next_first: (a: Task, b: Task) => place(a) - place(b) || a.id - b.id,
        longest: (a: Task, b: Task) => ran(b) - ran(a) || b.id - a.id,
        most_expensive: (a: Task, b: Task) => cost(b) - cost(a) || b.id - a.id,
        by_name: (a: Task, b: Task) => (a.name < b.name ? -1 : a.name > b.name ? 1 : b.id - a.id),
      }[query.order!];
      // As the engine's: everything the order goes by is in it.
      const cursor = query.cursor ? (JSON.parse(query.cursor) as Task) : undefined;
      const after = engine.tasks
        .filter((task) => !query.status?.length || query.status.includes(task.status))
        .filter((task) => query.order !== "ended_last" || "ended_at" in task)
        .filter((task) => !cursor || by(task, cursor) > 0)
        .sort(by);
      const tasks = after.slice(0, query.limit);
      await engine.hold;
      if (engine.refuse) throw new Refused({ code: "unavailable", message: "away" });
      const next = after.length > tasks.length ? JSON.stringify(tasks.at(-1)) : undefined;
      return { tasks, next, counts: {} as TaskPage["counts"] };
    },
  },
}));

const place = (task: Task) => task.queue_place ?? NaN;
const cost = (task: Task) => task.usage?.cost_usd ?? -1;
const ran = (task: Task) =>
  "ended_at" in task && task.started_at ? ended(task) - Date.parse(task.started_at) : -1;
const ended = (task: Task) => Date.parse("ended_at" in task ? task.ended_at : "");

const { TaskList } = await import("./tasks.svelte");
const settle = () => new Promise((resolve) => setTimeout(resolve));
const idOf = (cursor: string) => (JSON.parse(cursor) as Task).id;
const ids = (
  list: InstanceType<typeof TaskList>,
  part: "running" | "next" | "finished" | "sorted",
) => list.segment(part)?.tasks.map(({ id }) => id);
const tell = () => engine.listeners.at(-1)!;

describe("the tasks of a place", () => {
  beforeEach(() => {
    engine.tasks = [];
    engine.asked = [];
    engine.listeners = [];
    engine.hold = undefined;
    engine.refuse = false;
  });

  it("come in the order of a task's life", async () => {
    engine.tasks = [sample(1), done(2, 5), done(3, 4), sample(4, { status: "running" }), sample(5)];
    const list = new TaskList("all").open();
    expect(list.loading).toBe(true);
    await list.first;
    expect(list.loading).toBe(false);
    expect(ids(list, "running")).toEqual([4]);
    expect(ids(list, "next")).toEqual([1, 5]);
    expect(ids(list, "finished")).toEqual([2, 3]);
  });

  it("come page by page, each once", async () => {
    engine.tasks = Array.from({ length: 1300 }, (_, index) => done(index + 1, index));
    const list = new TaskList("finished").open();
    await list.first;
    expect(list.size).toBe(100);
    while (list.hasMore("finished")) await list.more("finished");
    expect(list.size).toBe(1300);
    expect(engine.asked.map(({ cursor }) => cursor && idOf(cursor))).toEqual([
      undefined,
      1201,
      701,
      201,
    ]);
    expect(ids(list, "finished")?.[0]).toBe(1300);
  });

  it("that ran long and ended last are on the first page", async () => {
    const quick = Array.from({ length: 300 }, (_, index) => done(index + 2, index));
    engine.tasks = [done(1, 1000), ...quick];
    const list = new TaskList("finished").open();
    await list.first;
    expect(ids(list, "finished")?.slice(0, 2)).toEqual([1, 301]);
    await list.more("finished");
    expect(list.size).toBe(301);
    expect(ids(list, "finished")?.at(-1)).toBe(2);
  });

  it("come in the order that a person chose, whatever their state", async () => {
    const costs = (cost_usd: number) => ({ usage: { cost_usd } });
    engine.tasks = [
      done(1, 5, costs(0.5)),
      sample(2, { status: "running" }, costs(2)),
      sample(3),
      done(4, 4, costs(0.5)),
      ...Array.from({ length: 150 }, (_, index) => done(index + 5, index, costs(0.01))),
    ];
    const list = new TaskList("all", "", { sort: "cost" }).open();
    await list.first;
    expect(engine.asked).toHaveLength(1);
    expect(engine.asked[0]).toMatchObject({ order: "most_expensive" });
    expect(engine.asked[0]!.status).toBeUndefined();
    expect(ids(list, "sorted")?.slice(0, 4)).toEqual([2, 4, 1, 154]);
    expect(ids(list, "finished")).toBeUndefined();
    // Dearer than before, it moves up; one beyond the loaded pages stays there.
    tell().rows([done(1, 5, costs(3)), sample(3, { status: "running" })]);
    expect(ids(list, "sorted")?.slice(0, 3)).toEqual([1, 2, 4]);
    expect(list.get(3)).toBeUndefined();
    await list.more("sorted");
    expect(ids(list, "sorted")?.at(-1)).toBe(3);
    expect(list.size).toBe(154);
  });

  it("of chosen statuses, agents and models are asked for and kept", async () => {
    const narrow = { status: ["failed", "cancelled"], model: ["opus"] };
    const failed = (id: number, model: string) =>
      done(id, id, { status: "failed", failure: { kind: "turns" }, model });
    const list = new TaskList("all", "", narrow).open();
    await list.first;
    // Nothing that runs or waits has one of these statuses.
    expect(engine.asked).toEqual([
      expect.objectContaining({
        status: ["failed", "cancelled"],
        model: ["opus"],
        order: "newest_first",
      }),
    ]);
    tell().rows([failed(1, "opus"), failed(2, "sonnet"), done(3, 3, { model: "opus" })]);
    expect(ids(list, "finished")).toEqual([1]);
  });

  it("are none where no task of the place has the chosen status", async () => {
    engine.tasks = [done(1, 1)];
    const list = new TaskList("running", "", { status: ["failed"] }).open();
    await list.first;
    expect(engine.asked).toEqual([]);
    expect(list.loading).toBe(false);
    expect(list.size).toBe(0);
  });

  it("move when they change, and leave when they no longer belong", async () => {
    engine.tasks = [sample(1), sample(2)];
    const list = new TaskList("all").open();
    await list.first;
    const before = list.version;
    tell().patch(1, (task) => ({ ...task, status: "running" }));
    expect(list.version).toBeGreaterThan(before);
    expect([ids(list, "running"), ids(list, "next")]).toEqual([[1], [2]]);
    tell().rows([done(1, 9)]);
    expect([ids(list, "running"), ids(list, "finished")]).toEqual([[], [1]]);
    tell().gone([1]);
    expect(list.size).toBe(1);
  });

  it("that are new show in front, but not beyond the pages that are here", async () => {
    engine.tasks = Array.from({ length: 300 }, (_, index) => sample(index + 1));
    const list = new TaskList("waiting").open();
    await list.first;
    tell().rows([sample(301)]);
    expect(list.size).toBe(100);
    engine.tasks = [...engine.tasks, sample(301)];
    await list.more("next");
    tell().rows([sample(302)]);
    expect(list.size).toBe(302);
    expect(ids(list, "next")?.at(-1)).toBe(302);
  });

  it("that run again come last in the queue, whatever their number", async () => {
    const again = sample(1, { status: "pending" }, { runs: 1, queue_place: 301 });
    engine.tasks = [again, ...Array.from({ length: 299 }, (_, index) => sample(index + 2))];
    const list = new TaskList("waiting").open();
    await list.first;
    expect([ids(list, "next")?.[0], ids(list, "next")?.at(-1)]).toEqual([2, 101]);
    // It ended and came back before its place was read: nowhere here.
    tell().rows([sample(1, { status: "pending" }, { queue_place: undefined })]);
    expect(list.size).toBe(100);
    await list.more("next");
    expect(ids(list, "next")?.slice(-2)).toEqual([300, 1]);
    tell().rows([sample(2, { status: "pending" }, { queue_place: 302 })]);
    expect(ids(list, "next")?.slice(-2)).toEqual([1, 2]);
  });

  it("that are searched for stand in the queue's order, too", async () => {
    engine.tasks = [sample(1, { status: "pending" }, { queue_place: 9 }), sample(2)];
    const list = new TaskList("waiting", "task").open();
    await list.first;
    expect(engine.asked.map(({ order }) => order)).toEqual(["next_first"]);
    expect(ids(list, "next")).toEqual([2, 1]);
  });

  it("that came while the page they belong to was on its way are there", async () => {
    engine.tasks = Array.from({ length: 120 }, (_, index) => sample(index + 1));
    const list = new TaskList("waiting").open();
    await list.first;
    let go!: () => void;
    engine.hold = new Promise((resolve) => (go = resolve));
    const more = list.more("next");
    tell().rows([sample(121)]);
    expect(list.size).toBe(100);
    go();
    await more;
    expect(list.size).toBe(121);

    engine.hold = new Promise((resolve) => (go = resolve));
    const again = list.reload();
    tell().rows([sample(122)]);
    go();
    await again;
    expect(ids(list, "next")?.at(-1)).toBe(122);
  });

  it("that changed while a page was on its way are not set back by it", async () => {
    engine.tasks = [sample(1), sample(2)];
    let go = () => undefined as void;
    const list = new TaskList("all").open();
    await list.first;
    engine.hold = new Promise((resolve) => (go = resolve));
    const reloading = list.reload();
    tell().gone([1]);
    tell().rows([sample(2, { status: "running" })]);
    go();
    await reloading;
    expect([ids(list, "running"), ids(list, "next")]).toEqual([[2], []]);
  });

  it("stay on screen while they are read anew, and when that fails", async () => {
    engine.tasks = [sample(1)];
    const list = new TaskList("all").open();
    await list.first;
    engine.refuse = true;
    await list.reload();
    expect(list.size).toBe(1);
    expect(list.error?.code).toBe("unavailable");
    engine.refuse = false;
    await list.reload();
    expect(list.error).toBeUndefined();
  });

  it("that are found by a search follow it when their names change", async () => {
    engine.tasks = [sample(1, { status: "pending" }, { name: "login" })];
    const list = new TaskList("all", "login").open();
    await list.first;
    expect(engine.asked[0]?.search).toBe("login");
    tell().rows([sample(2, { status: "pending" }, { name: "logout" })]);
    expect(list.size).toBe(1);
    tell().rows([sample(1, { status: "pending" }, { name: "logout" })]);
    expect(list.size).toBe(0);
  });

  it("are not asked for again after a failure, until they are read anew", async () => {
    engine.tasks = Array.from({ length: 300 }, (_, index) => done(index + 1, index));
    const list = new TaskList("finished").open();
    await list.first;
    const before = list.version;
    engine.refuse = true;
    await list.more("finished");
    expect(list.error?.code).toBe("unavailable");
    // A new version would make the list on screen ask at once.
    expect(list.version).toBe(before);
    const asked = engine.asked.length;
    await list.more("finished");
    expect(engine.asked).toHaveLength(asked);
    engine.refuse = false;
    await list.reload();
    await list.more("finished");
    expect(list.size).toBe(300);
  });

  it("are all still there when they were read anew", async () => {
    engine.tasks = Array.from({ length: 3000 }, (_, index) => done(index + 1, index));
    const list = new TaskList("finished").open();
    await list.first;
    while (list.size < 1600) await list.more("finished");
    expect(list.size).toBe(1600);
    engine.asked = [];
    engine.tasks.push(done(3001, 3001));
    await list.reload();
    expect(list.size).toBe(1600);
    expect(ids(list, "finished")?.[0]).toBe(3001);
    expect(engine.asked.map(({ limit }) => limit)).toEqual([1000, 600]);
    await list.more("finished");
    expect(list.size).toBe(2100);
  });

  it("that run are all there, however many", async () => {
    engine.tasks = Array.from({ length: 1200 }, (_, index) =>
      sample(index + 1, { status: "running" }),
    );
    const list = new TaskList("running").open();
    await list.first;
    expect(list.size).toBe(1200);
    expect(list.hasMore("running")).toBe(false);
  });

  it("that are up next do not run out while the engine has more of them", async () => {
    engine.tasks = Array.from({ length: 200 }, (_, index) => sample(index + 1));
    const list = new TaskList("all").open();
    await list.first;
    expect(ids(list, "next")).toHaveLength(50);
    for (let id = 1; id <= 31; id++) {
      const task = sample(id, { status: "running" });
      engine.tasks[id - 1] = task;
      tell().rows([task]);
    }
    await settle();
    expect(ids(list, "next")).toHaveLength(69);
    expect(ids(list, "next")?.[0]).toBe(32);
  });

  it("ask the engine no more after they were closed", async () => {
    engine.tasks = Array.from({ length: 300 }, (_, index) => done(index + 1, index));
    const list = new TaskList("finished").open();
    list.close();
    await settle();
    expect(list.size).toBe(0);
  });
});
