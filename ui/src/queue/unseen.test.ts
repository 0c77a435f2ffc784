import { beforeEach, expect, it, vi } from "vitest";
import type { ListQuery, Task, TaskPage } from "../backend";
import { done } from "../state/sample";

const engine = vi.hoisted(() => ({ tasks: [] as Task[], pages: 0 }));
vi.mock("../backend/current", () => ({
  backend: {
    clean: ({ dry_run }: { dry_run?: boolean }) => {
      if (!dry_run) throw new Error("removes tasks");
      return Promise.resolve({ kept_unseen: engine.tasks.filter(({ unseen }) => unseen).length });
    },
    list: ({ limit = 0, cursor = "0" }: ListQuery): Promise<TaskPage> => {
      engine.pages += 1;
      const to = Number(cursor) + limit;
      const next = to < engine.tasks.length ? String(to) : undefined;
      return Promise.resolve({ tasks: engine.tasks.slice(Number(cursor), to), next } as never);
    },
  },
}));
const { newestUnseen } = await import("./unseen");

beforeEach(() => {
  engine.tasks = Array.from({ length: 20_000 }, (_, index) => done(index + 1, 0));
  engine.pages = 0;
});
const unsee = (index: number) => (engine.tasks[index] = { ...engine.tasks[index]!, unseen: true });

it("reads no task where all outcomes were seen", async () => {
  expect(await newestUnseen(undefined)).toBeUndefined();
  expect(engine.pages).toBe(0);
});

it("finds the newest, but not the open one", async () => {
  unsee(3);
  unsee(1500);
  expect(await newestUnseen(undefined)).toMatchObject({ id: 4 });
  expect(await newestUnseen(4)).toMatchObject({ id: 1501 });
});

it("reads no further than the open one, if that is the only one", async () => {
  unsee(3);
  expect(await newestUnseen(4)).toBeUndefined();
  expect(engine.pages).toBe(1);
});

it("does not read all tasks for an outcome of long ago, and says that there is one", async () => {
  unsee(19_000);
  expect(await newestUnseen(undefined)).toBe("older");
  expect(engine.pages).toBeLessThanOrEqual(5);
});
